"""Room rule: which records leave now, in batches of which size. Decides no retry and hears nothing.

On a catch-up at full speed; else samples wait for the batch interval, and an event waits for
nothing and takes along what stood before it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice

from agent.ports import Batch, Codec, LinkFault, Platform, RawRecord, RecordNewer
from agent.uplink.link import Link, Trouble
from agent.uplink.outbox import BATCH_RECORDS_MAX, Outbox
from agent.uplink.rate import Rate
from agent.uplink.resend import Resending
from agent.uplink.telling import Telling

PERIODIC = "sample"  # every other kind is an event, and an event does not wait
# A platform that sends receipts and is silent for so long gets everything behind them again.
RECEIPT_PATIENCE_MS = 120_000


@dataclass(frozen=True, slots=True)
class Head:
    """The end of the journal's chain, as the newest page said."""

    number: int
    digest: str


class Sending:
    """`head` is None until a page was read; `catching_up` while something is owed."""

    def __init__(
        self,
        platform: Platform,
        codec: Codec,
        link: Link,
        telling: Telling,
        *,
        rate: Rate,
        batch_interval_ms: int,
    ) -> None:
        self._platform = platform
        self._codec = codec
        self._link = link
        self._telling = telling
        self._batch_interval_ms = batch_interval_ms
        self.rate = rate
        self.station = ""
        self.head: Head | None = None
        self.catching_up = True
        self._urgent = False
        self._oldest_ms = 0  # since when the oldest of the waiting records waits
        self._batch_records = BATCH_RECORDS_MAX  # adapts to the bytes they make

    def add(self, outbox: Outbox, records: Sequence[RawRecord], now_ms: int) -> None:
        """A page of the journal."""
        if not outbox.waiting:
            self._oldest_ms = now_ms
        self._urgent = self._urgent or any(record.kind != PERIODIC for record in records)
        outbox.add(records)

    def dues_ms(self) -> tuple[int, int]:
        """When it may have something to send that no socket announces."""
        return self.rate.free_at_ms, self._oldest_ms + self._batch_interval_ms

    def send(self, outbox: Outbox, again: Resending, now_ms: int) -> bool:
        """Batches while there is room for them. True when what followed the cursor goes again."""
        while (
            self._due(outbox, now_ms)
            and self.rate.allows(now_ms)
            and self._link.room(outbox.outstanding + again.under_way, now_ms)
            and (outbox.outstanding == 0 or not outbox.searching)
        ):
            self._send_batch(outbox, now_ms)
        self._send_again(outbox, again, now_ms)
        overdue = outbox.by_receipts and outbox.overdue(now_ms, RECEIPT_PATIENCE_MS)
        if overdue:
            outbox.again()
            patience_s = RECEIPT_PATIENCE_MS // 1000
            why = f"no receipt from the platform within {patience_s} s"
            self._link.hold(Trouble(LinkFault.NO_RECEIPT, why), now_ms)
        if not outbox.waiting:
            self._urgent = False
            at_head = self.head is not None and outbox.read >= self.head.number
            self.catching_up = self.catching_up and not (at_head and not outbox.unsettled)
        return overdue

    def _due(self, outbox: Outbox, now_ms: int) -> bool:
        if not outbox.waiting or outbox.refused is not None or self.head is None:
            return False
        behind = outbox.read < self.head.number or len(outbox.waiting) >= BATCH_RECORDS_MAX
        waited_ms = now_ms - self._oldest_ms
        late = waited_ms >= self._batch_interval_ms
        return self.catching_up or self._urgent or behind or late

    def _send_batch(self, outbox: Outbox, now_ms: int) -> None:
        assert self.head is not None, "a page was read"
        assert self._link.limits is not None, "there is room on the link"
        size = self.rate.batch_size(outbox.batch_size(self._batch_records))
        records = list(islice(outbox.waiting, size))
        head = self.head
        payload = self._encoded(outbox, records, head)
        bytes_max = self._link.limits.batch_bytes_max
        if payload is not None and len(payload) <= bytes_max:
            outbox.sent(len(records), self._platform.send_records(payload), now_ms)
            self._count(records, payload, now_ms)
            self._oldest_ms = now_ms
            if len(payload) * 2 < bytes_max and len(records) == self._batch_records:
                self._batch_records = min(self._batch_records * 2, BATCH_RECORDS_MAX)
        elif len(records) > 1:
            self._batch_records = max(1, len(records) // 2)
        elif payload is None:
            why = f"record {records[0].number}, {records[0].kind}"
            self._link.hold(Trouble(LinkFault.NEWER, why), now_ms)
        else:
            heavy = f"record {records[0].number} has {len(payload)} bytes"
            why = f"{heavy}, the platform takes {bytes_max}: allow larger packets at the broker"
            self._link.hold(Trouble(LinkFault.LIMITS, why), now_ms)

    def _send_again(self, outbox: Outbox, again: Resending, now_ms: int) -> None:
        """A batch of what was asked for again; its place in the window is like any other's."""
        head = self.head
        records = again.batch(self.rate.batch_size(BATCH_RECORDS_MAX))
        room = self._link.room(outbox.outstanding + again.under_way, now_ms)
        if head is None or not records or not room or not self.rate.allows(now_ms):
            return
        payload = self._encoded(outbox, records, head)
        assert self._link.limits is not None, "there is room on the link"
        if payload is None or len(payload) > self._link.limits.batch_bytes_max:
            again.too_large(len(records))
        else:
            again.sent(len(records), self._platform.send_records(payload))
            self._count(records, payload, now_ms)

    def _encoded(self, outbox: Outbox, records: Sequence[RawRecord], head: Head) -> bytes | None:
        """None when this version does not know one of them."""
        batch = Batch(self.station, outbox.epoch, records, head.number, head.digest)
        try:
            return self._codec.encode_records(batch)
        except RecordNewer:
            return None

    def _count(self, records: Sequence[RawRecord], payload: bytes, now_ms: int) -> None:
        self.rate.spend(len(records), now_ms)
        self._telling.sent(len(payload))
