"""Room rule: records on their way from the desk to one platform, and its cursor on the way back.

Joins what is read (`inquiry`), what is on its way (`outbox`), what leaves (`sending`) and what is
wanted again (`resend`). Waits for nothing and opens no connection; knows of no live state.
"""

from typing import Any, assert_never

from agent.ports import Answer, Codec, Heard, LinkFault, Place, RawRecord, Receipt, Word
from agent.uplink.inquiry import Greeting, Inquiry
from agent.uplink.link import Link, Trouble
from agent.uplink.live import LONG_POLL_MS, one_line
from agent.uplink.outbox import READ_AHEAD_MAX, Outbox
from agent.uplink.resend import Resending
from agent.uplink.sending import Head, Sending
from agent.uplink.telling import Telling

PAGE_RECORDS = 500  # twice as many drained no faster and kept 0.5 MiB more


class Delivery:
    """All that one platform is still to get. `outbox` None: the desk has not said where it is.

    `by_receipts`: only the platform's own receipts move the cursor.
    """

    def __init__(
        self,
        codec: Codec,
        desk: Inquiry,
        link: Link,
        telling: Telling,
        sending: Sending,
        *,
        by_receipts: bool,
    ) -> None:
        self._codec = codec
        self._desk = desk
        self._link = link
        self._telling = telling
        self._sending = sending
        self._by_receipts = by_receipts
        self.outbox: Outbox | None = None
        self._resending = Resending()
        self._told_cursor = 0
        self._early: list[Heard] = []  # of what no page has shown yet; one of each word
        self._refusal = ""

    def dues_ms(self) -> tuple[int, ...]:
        return self._sending.dues_ms()

    def greeted(self, greeting: Greeting) -> None:
        """The desk's cursor counts: a control that restarted may remember an older one."""
        self._sending.station = greeting.station
        self._begin(greeting.epoch, greeting.cursor)
        self._resending.forget()

    def link_up(self) -> None:
        self._sending.head = None  # as old as the outage; what came since is backlog too
        self._sending.catching_up = True

    def link_lost(self) -> None:
        self._early.clear()
        self._resending.link_lost()
        self._desk.drop("resend_page")
        if self.outbox is not None:
            self.outbox.link_lost()
        self._go_back()

    def send(self, outbox: Outbox, now_ms: int) -> None:
        if self._sending.send(outbox, self._resending, now_ms):
            self._go_back()

    def _begin(self, epoch: str, cursor: int) -> None:
        old = self.outbox or Outbox(epoch, cursor, self._by_receipts)
        self.outbox = old.successor(epoch, cursor)
        self._told_cursor = cursor
        self._sending.head = None
        self._desk.drop("park")
        self._go_back()

    def _go_back(self) -> None:
        """A page that was asked for is no longer the next one; what is owed is not made to wait."""
        self._desk.drop("records")
        self._sending.catching_up = True

    # --- what the desk answers -----------------------------------------------------------------

    def answered(self, method: str, result: Any, now_ms: int) -> None:
        assert self.outbox is not None, "asked by an outbox"
        match method:
            case "records":
                self._take_page(self.outbox, result, now_ms)
            case "move_cursor":
                self._told_cursor = result["number"]
            case "park":
                self.outbox.parked()
                self._telling.rejected += 1
                self._go_back()
            case "resend_wait":
                self._resending.take_order(result)
            case "resend_page":
                self._resending.take_page(result, self.outbox.epoch)
            case "resend_done":
                self._resending.told_done()
            case _:
                raise AssertionError(f"nobody asked {method}")

    def _take_page(self, outbox: Outbox, page: dict[str, Any], now_ms: int) -> None:
        if page["epoch"] != outbox.epoch:
            self._begin(page["epoch"], 0)
            return
        self._sending.head = Head(*page["head"])
        self._sending.add(outbox, [RawRecord(*row) for row in page["records"]], now_ms)
        early, self._early = self._early, []
        for heard in early:
            self._understand(outbox, heard, now_ms)

    # --- what the platform says of our records -------------------------------------------------

    def heard(self, heard: Heard, now_ms: int) -> None:
        if self.outbox is not None:
            self._understand(self.outbox, heard, now_ms)

    def _understand(self, outbox: Outbox, heard: Heard, now_ms: int) -> None:
        """What it means, once the journal's head is known."""
        receipt = heard.word is Word.RECEIPT
        read = self._codec.read_receipt if receipt else self._codec.read_head
        place = read(heard.payload)
        if place is None:
            self._telling.foreign += 1
            why = f"a {heard.word.value} from the platform cannot be read"
            self._link.complaint = Trouble(LinkFault.FOREIGN, why)
        elif self._sending.head is None or (receipt and place.number > self._sending.head.number):
            # Until a page of the journal shows that there is such a record.
            self._early = [one for one in self._early if one.word is not heard.word] + [heard]
        elif place.epoch != outbox.epoch:
            return  # of a journal before this one
        elif receipt:
            self._move_to(outbox, place)
        elif place.number > 0 and not self._desk.under_way("ahead"):
            # The desk knows whether that record is ours: a card put back has other ones.
            self._desk.ask("ahead", place._asdict(), now_ms, may_refuse=True)

    def _move_to(self, outbox: Outbox, place: Place) -> None:
        if place.number <= outbox.cursor:
            return
        self._telling.delivered += place.number - outbox.cursor
        if place.number <= outbox.read:
            outbox.receipted(place.number)
        else:  # it has more than this process has sent: its predecessor did
            told = self._told_cursor
            self._begin(place.epoch, place.number)
            self._told_cursor = told
        self._link.settled()

    def receipted(self, receipt: Receipt, now_ms: int) -> None:
        """The link's own receipt for a batch."""
        assert self.outbox is not None, "sent from an outbox"
        if self._resending.answered(receipt.token, receipt.answer):
            if receipt.answer is Answer.KEPT:
                self._link.hold(Trouble(receipt.fault, receipt.why), now_ms)
            return
        match receipt.answer:
            case Answer.ACCEPTED:
                before = self.outbox.cursor
                latency_ms = self.outbox.accepted(receipt.token, now_ms)
                self._telling.delivered += self.outbox.cursor - before
                if latency_ms is not None:
                    self._link.answered(latency_ms)
            case Answer.KEPT:
                if self.outbox.kept(receipt.token):
                    self._link.hold(Trouble(receipt.fault, receipt.why), now_ms)
                    self._go_back()
            case Answer.REJECTED:
                if self.outbox.rejected(receipt.token):
                    self._refusal = receipt.why
                    self._go_back()
            case _:
                assert_never(receipt.answer)

    # --- what the desk is asked and told -------------------------------------------------------

    def ask(self, outbox: Outbox, now_ms: int) -> None:
        """While the link is up: the next page, and what is wanted again."""
        self._ask_records(outbox, now_ms)
        self._resending.ask(self._desk, now_ms)

    def _ask_records(self, outbox: Outbox, now_ms: int) -> None:
        """Wait at the desk for new records only when nothing is owed.

        What is in flight may come back, and the question would then be about the wrong page; at
        the desk it would stay until its wait is over.
        """
        full = len(outbox.waiting) >= READ_AHEAD_MAX or outbox.refused is not None
        if full or self._desk.under_way("records"):
            return
        behind = self._sending.head is None or outbox.read < self._sending.head.number
        if behind or not self._sending.catching_up:
            wait_ms = 0 if behind else LONG_POLL_MS
            fields = {"after": outbox.read, "limit": PAGE_RECORDS, "wait_ms": wait_ms}
            self._desk.ask("records", fields, now_ms)

    def tell(self, outbox: Outbox, now_ms: int) -> None:
        """How far it has come, and what is set aside. Also when the link is down."""
        self.tell_cursor(outbox, now_ms)
        if outbox.refused is not None and not self._desk.under_way("park"):
            fields = {"number": outbox.refused, "reason": one_line(self._refusal)}
            self._desk.ask("park", fields, now_ms)

    def tell_cursor(self, outbox: Outbox, now_ms: int) -> None:
        if outbox.cursor > self._told_cursor and not self._desk.under_way("move_cursor"):
            fields = {"epoch": outbox.epoch, "number": outbox.cursor}
            self._desk.ask("move_cursor", fields, now_ms)
