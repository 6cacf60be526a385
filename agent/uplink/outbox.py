"""Room rule: which records are on their way, and how far the cursor may move. Pure.

The outbox keeps the numbers of what is in flight, not the records: whatever must be sent again is
read again from the desk, so memory does not grow with the window. Going back always goes back all
the way: what followed an unanswered batch is sent again after it. A receiver that takes only the
next number it expects therefore gets every record, in order (repeat, never miss).
"""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field

from agent.ports import RawRecord

BATCH_RECORDS_MAX = 500
READ_AHEAD_MAX = 500  # ask for the next page while fewer than this wait


@dataclass(slots=True)
class _Sent:
    """One batch under way."""

    first: int
    last: int
    token: int
    sent_ms: int
    accepted: bool = False
    taken_ms: int | None = None  # by the broker, while only the platform's receipt is believed


@dataclass(slots=True)
class Outbox:
    """One epoch. `cursor`: all up to here is receipted or parked. `read`: taken from the desk.

    `by_receipts`: a batch that the broker took is not done until the platform says so.
    """

    epoch: str
    cursor: int
    by_receipts: bool = False
    read: int = field(init=False)
    waiting: deque[RawRecord] = field(default_factory=deque)
    refused: int | None = None  # a single record the platform rejects; parked before we go on
    _in_flight: deque[_Sent] = field(default_factory=deque)
    _forgotten: set[int] = field(default_factory=set)  # sent, unanswered, and no longer believed
    _suspect_until: int | None = None  # a rejected record stands in (cursor, here]

    def __post_init__(self) -> None:
        self.read = self.cursor

    def successor(self, epoch: str, cursor: int) -> "Outbox":
        """Begin again at the desk's word; what is in flight still fills the window."""
        self._go_back(self.cursor)
        begun = Outbox(epoch, cursor, self.by_receipts)
        begun._forgotten = self._forgotten
        return begun

    @property
    def outstanding(self) -> int:
        """Batches without a receipt, believed or not: what fills the link's window."""
        return sum(not sent.accepted for sent in self._in_flight) + len(self._forgotten)

    @property
    def unsettled(self) -> bool:
        """The broker may still refuse something of what is on its way."""
        untaken = any(not one.accepted and one.taken_ms is None for one in self._in_flight)
        return untaken or bool(self._forgotten)

    @property
    def searching(self) -> bool:
        """Bisecting a rejected batch: one at a time, so that the answer is about one range."""
        return self._suspect_until is not None

    def add(self, records: Sequence[RawRecord]) -> None:
        for record in records:
            assert record.number > self.read, "the desk gives records once and in order"
            self.read = record.number
            self.waiting.append(record)

    def batch_size(self, records_max: int) -> int:
        if self._suspect_until is None:
            return records_max
        return max(1, min(records_max, (self._suspect_until - self.cursor) // 2))

    def sent(self, records: int, token: int, now_ms: int) -> None:
        """The first `records` of those waiting went out together."""
        taken = [self.waiting.popleft() for _ in range(records)]
        self._in_flight.append(_Sent(taken[0].number, taken[-1].number, token, now_ms))

    def accepted(self, token: int, now_ms: int) -> int | None:
        """Milliseconds from sending to receipt; None when the batch is no longer believed."""
        sent = self._answered(token)
        if sent is None:
            return None
        if self.by_receipts:
            sent.taken_ms = now_ms
            return now_ms - sent.sent_ms
        sent.accepted = True
        while self._in_flight and self._in_flight[0].accepted:
            self.cursor = self._in_flight.popleft().last
        self._settle()
        return now_ms - sent.sent_ms

    def receipted(self, number: int) -> None:
        """The platform has stored everything up to `number`, which was read from the desk."""
        assert number <= self.read, "a receipt for what was never read is not for this outbox"
        self.cursor = max(self.cursor, number)
        while self._in_flight and self._in_flight[0].last <= self.cursor:
            self._in_flight.popleft()
        while self.waiting and self.waiting[0].number <= self.cursor:
            self.waiting.popleft()
        self._settle()

    def overdue(self, now_ms: int, patience_ms: int) -> bool:
        """The broker took a batch long ago, and the platform has not said that it has it."""
        taken_ms = self._in_flight[0].taken_ms if self._in_flight else None
        return taken_ms is not None and now_ms - taken_ms >= patience_ms

    def again(self) -> None:
        """Everything behind the cursor goes once more."""
        self._go_back(self.cursor)

    def _settle(self) -> None:
        if self._suspect_until is not None and self.cursor >= self._suspect_until:
            self._suspect_until = None

    def kept(self, token: int) -> bool:
        """It goes again, with all that followed. False when it is no longer believed."""
        sent = self._answered(token)
        if sent is None:
            return False
        self._go_back(sent.first - 1)
        self._forgotten.discard(token)  # answered
        return True

    def rejected(self, token: int) -> bool:
        """Halve the batch until the single record is found; that one is `refused`."""
        sent = self._answered(token)
        if sent is None:
            return False
        self._suspect_until = sent.last
        if sent.first == sent.last and self.cursor == sent.last - 1:
            self.refused = sent.last
        self._go_back(sent.first - 1)
        self._forgotten.discard(token)  # answered
        return True

    def parked(self) -> None:
        """The desk has the refused record on its list: go on behind it."""
        assert self.refused is not None, "parked follows refused"
        self.cursor = self.read = self.refused
        self.refused = self._suspect_until = None
        self.waiting.clear()

    def link_lost(self) -> None:
        """No receipt will come for anything in flight."""
        self._go_back(self.cursor)
        self._forgotten.clear()

    def _answered(self, token: int) -> _Sent | None:
        self._forgotten.discard(token)
        return next((sent for sent in self._in_flight if sent.token == token), None)

    def _go_back(self, number: int) -> None:
        number = max(number, self.cursor)  # a receipt may end in the middle of a batch
        answered = {
            sent.token for sent in self._in_flight if sent.accepted or sent.taken_ms is not None
        }
        while self._in_flight and self._in_flight[-1].last > number:
            self._forgotten.add(self._in_flight.pop().token)
        self._forgotten -= answered
        self.waiting.clear()
        self.read = number
