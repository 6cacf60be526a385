"""Room rule: records that somebody asks for again. The cursor has passed them and stays.

One range and one batch at a time, beside everything else: what is new does not wait for what is
old. A batch that is not taken is read and sent again; a record that is rejected is skipped, for it
was sent and judged once before.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from agent.ports import Answer, RawRecord
from agent.uplink.inquiry import Inquiry
from agent.uplink.live import LONG_POLL_MS
from agent.uplink.outbox import BATCH_RECORDS_MAX


@dataclass(slots=True)
class _Range:
    """`id` is the desk's. All before `next` is done with."""

    id: int
    next: int
    last: int


@dataclass(slots=True)
class Resending:
    """What is wanted again, what of it was read, and the batch that is under way."""

    waiting: Sequence[RawRecord] = ()
    _range: _Range | None = None
    _done: int | None = None  # the desk is to be told
    _size: int = BATCH_RECORDS_MAX
    _token: int | None = None
    _sent_to: int = 0

    @property
    def under_way(self) -> bool:
        return self._token is not None

    def ask(self, desk: Inquiry, now_ms: int) -> None:
        """Whether anything is wanted once more, and then those records."""
        if self._done is not None:
            if not desk.under_way("resend_done"):
                desk.ask("resend_done", {"id": self._done}, now_ms)
        elif self._range is None:
            if not desk.under_way("resend_wait"):
                desk.ask("resend_wait", {"wait_ms": LONG_POLL_MS}, now_ms)
        elif not (self.waiting or self.under_way or desk.under_way("resend_page")):
            limit = min(BATCH_RECORDS_MAX, self._range.last - self._range.next + 1)
            fields = {"after": self._range.next - 1, "limit": limit, "wait_ms": 0}
            desk.ask("records", fields, now_ms, answer_to="resend_page")

    def take_order(self, told: Mapping[str, Any]) -> None:
        order = told["resend"]
        if order is not None:
            self._range = _Range(order["id"], order["from"], order["to"])
            self._size = BATCH_RECORDS_MAX

    def take_page(self, page: Mapping[str, Any], epoch: str) -> None:
        """What it does not hold of the range is not there any more."""
        wanted = self._range
        if wanted is None:
            return
        here = [RawRecord(*row) for row in page["records"]] if page["epoch"] == epoch else []
        self.waiting = [one for one in here if wanted.next <= one.number <= wanted.last]
        if not self.waiting:
            self._finish(wanted)

    def told_done(self) -> None:
        self._done = None

    def batch(self, records_max: int) -> Sequence[RawRecord]:
        """What to send now; nothing while a batch is under way."""
        return () if self.under_way else self.waiting[: min(self._size, records_max)]

    def too_large(self, records: int) -> None:
        """Or one of them is of a newer version."""
        if records > 1:
            self._size = records // 2
        else:
            self._sent_to = self.waiting[0].number
            self._go_on()

    def sent(self, records: int, token: int) -> None:
        self._token, self._sent_to = token, self.waiting[records - 1].number

    def answered(self, token: int, answer: Answer) -> bool:
        """False when it is no batch of ours."""
        if token != self._token:
            return False
        self._token = None
        if answer is Answer.REJECTED and self._sent_to > self.waiting[0].number:
            self._size = 1  # to lose only the one
            self.waiting = ()
        elif answer is Answer.KEPT:
            self.waiting = ()
        else:
            self._go_on()
        return True

    def link_lost(self) -> None:
        self._token, self.waiting = None, ()

    def forget(self) -> None:
        """The desk is another one, and asks again for what it still wants."""
        self._range = self._done = self._token = None
        self.waiting = ()

    def _go_on(self) -> None:
        assert self._range is not None, "what was sent was asked for"
        self._range.next, self.waiting = self._sent_to + 1, ()
        if self._range.next > self._range.last:
            self._finish(self._range)

    def _finish(self, wanted: _Range) -> None:
        self._done, self._range = wanted.id, None
