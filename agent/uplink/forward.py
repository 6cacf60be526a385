"""Room rule: the loop that joins desk, outbox and platform. Decides nothing about water.

One thread waits on both sockets. The live state goes first on every connection and passes every
batch that has not left yet; the backlog flows beside it.
"""

import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol, assert_never

from agent.desk.client import Client
from agent.ports import (
    Answer,
    CertificatesSeen,
    Clock,
    Codec,
    Commanded,
    CommandsDropped,
    Heard,
    LinkDown,
    LinkEvent,
    LinkFault,
    LinkTrouble,
    LinkUp,
    Place,
    Platform,
    RawRecord,
    Receipt,
    Spent,
    Word,
)
from agent.uplink.commands import Commands
from agent.uplink.inquiry import Greeting, Inquiry
from agent.uplink.link import Link, Trouble
from agent.uplink.live import LONG_POLL_MS, LiveState, one_line
from agent.uplink.outbox import READ_AHEAD_MAX, Outbox
from agent.uplink.rate import Rate
from agent.uplink.resend import Resending
from agent.uplink.sending import Head, Sending
from agent.uplink.telling import Telling
from agent.uplink.waiting import Stop, until_ready

PAGE_RECORDS = 500  # twice as many drained no faster and kept 0.5 MiB more
# The longest wait: so late may be noticed what no socket announces, a broker that fell silent.
# Each turn costs 0.4 ms of a core; at two a second, two uplinks took a sixth of the CPU budget.
TURN_MS = 2_000


@dataclass(frozen=True, slots=True)
class UplinkPolicy:
    """`receipts`: only the platform's own receipts move the cursor."""

    batch_interval_ms: int
    state_interval_ms: int
    receipts: bool = False
    records_per_s: int | None = None


class Tell(Protocol):
    """Hears whether the link stands, and why not."""

    def __call__(self, *, connected: bool, why: str) -> None: ...


def run(
    *,
    platform: Platform,
    codec: Codec,
    desk: Callable[[], Client],
    clock: Clock,
    policy: UplinkPolicy,
    stop: Stop,
    draw: Callable[[], float] = random.random,
    tell: Tell | None = None,
) -> None:
    """Forward until `stop`. `desk` makes a connection; broker and desk may come and go.

    `tell` hears of each change.
    """
    uplink = Uplink(platform, codec, Inquiry(desk), policy, Link(draw), stop=stop, tell=tell)
    uplink.began(clock.monotonic_ms())
    while not stop.requested():
        uplink.turn(clock)
    uplink.close(clock.monotonic_ms())


class Uplink:
    """One platform's store and forward; `turn` is one pass of the loop."""

    def __init__(
        self,
        platform: Platform,
        codec: Codec,
        desk: Inquiry,
        policy: UplinkPolicy,
        link: Link,
        *,
        stop: Stop | None = None,
        tell: Tell | None = None,
    ) -> None:
        """`stop` ends a wait; who turns by hand needs none."""
        self._tell = tell
        self._told: tuple[bool, str] | None = None
        self._stop = stop
        self._platform = platform
        self._codec = codec
        self._desk = desk
        self._policy = policy
        self._link = link
        self._outbox: Outbox | None = None
        self._resending = Resending()
        self._told_cursor = 0
        self._early: list[Heard] = []  # of what no page has shown yet; one of each word
        self._refusal = ""
        self._state = LiveState(policy.state_interval_ms)
        self._telling = Telling()
        self._commands = Commands(platform, codec)
        self._sending = Sending(
            platform,
            codec,
            link,
            self._telling,
            rate=Rate(policy.records_per_s),
            batch_interval_ms=policy.batch_interval_ms,
        )

    def began(self, now_ms: int) -> None:
        """What tells this process from the one before it and the one after."""
        self._telling.began_ms = now_ms

    def turn(self, clock: Clock) -> None:
        now_ms = clock.monotonic_ms()
        self.begin(now_ms)
        link, desk = self._platform.fileno(), self._desk.fileno()
        wants_write = self._platform.wants_write()
        wait_ms = self.wait_ms(now_ms)
        readable, writable = until_ready(self._stop, desk, link, wait_ms, wants_write=wants_write)
        self.work(clock, readable=readable, writable=writable)

    def begin(self, now_ms: int) -> None:
        """What is due before a wait."""
        if not self._desk.connected and self._desk.retry_in_ms(now_ms) == 0:
            self._greet(self._desk.open(now_ms))
        if self._link.may_connect(now_ms):
            self._link.connecting = True
            self._platform.connect()

    def work(self, clock: Clock, *, readable: bool, writable: bool) -> None:
        """What the wait has brought, of the platform's socket."""
        now_ms = clock.monotonic_ms()
        self._hear_desk(now_ms)
        for event in self._platform.step(readable=readable, writable=writable, monotonic_ms=now_ms):
            self._hear_platform(event, now_ms)
        if self._outbox is not None:
            # On a new connection not before the state.
            if self._state.sent and self._sending.send(self._outbox, self._resending, now_ms):
                self._go_back()
            self._ask(self._outbox, clock, now_ms)

    def close(self, now_ms: int) -> None:
        """Say goodbye on both sides. A cursor not told in time only means a repetition."""
        if self._outbox is not None:
            self._tell_cursor(self._outbox, now_ms)
        self._platform.close()
        self._desk.close()

    def wait_ms(self, now_ms: int) -> int:
        """Until the next thing is due that no socket announces."""
        if self._link.connecting and self._platform.fileno() < 0:
            return 0  # it failed at once, and `step` says why
        dues = [
            self._link.hold_until_ms,
            *self._sending.dues_ms(),
            *self._commands.dues_ms(),
        ]
        if self._link.limits is None and not self._link.connecting:
            dues.append(max(now_ms, self._link.retry_at_ms))
        if not self._desk.connected:
            dues.append(now_ms + self._desk.retry_in_ms(now_ms))
        return min([TURN_MS, *(due - now_ms for due in dues if due >= now_ms)])

    # --- hearing -------------------------------------------------------------------------------

    def _greet(self, greeting: Greeting | None) -> None:
        """The desk's cursor counts: a control that restarted may remember an older one."""
        if greeting is not None:
            self._sending.station = greeting.station
            self._begin(greeting.epoch, greeting.cursor)
            self._resending.forget()
            self._telling.forget()

    def _begin(self, epoch: str, cursor: int) -> None:
        old = self._outbox or Outbox(epoch, cursor, self._policy.receipts)
        self._outbox = old.successor(epoch, cursor)
        self._told_cursor = cursor
        self._sending.head = None
        self._desk.drop("park")
        self._go_back()

    def _go_back(self) -> None:
        """A page that was asked for is no longer the next one; what is owed is not made to wait."""
        self._desk.drop("records")
        self._sending.catching_up = True

    def _hear_desk(self, now_ms: int) -> None:  # noqa: C901  # a line each
        for method, result in self._desk.take(now_ms):
            assert self._outbox is not None, "asked by an outbox"
            match method:
                case "records":
                    self._take_page(self._outbox, result, now_ms)
                case "status":
                    self._take_state(result, now_ms)
                case "move_cursor":
                    self._told_cursor = result["number"]
                case "park":
                    self._outbox.parked()
                    self._telling.rejected += 1
                    self._go_back()
                case "resend_wait":
                    self._resending.take_order(result)
                case "resend_page":
                    self._resending.take_page(result, self._outbox.epoch)
                case "resend_done":
                    self._resending.told_done()
                case "signed_command":
                    self._commands.answered(result)
                case "report" | "ahead" | "turned_away":
                    pass
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

    def _take_state(self, status: dict[str, Any], now_ms: int) -> None:
        if self._link.limits is None:
            return
        # A control that has just come up has no state yet.
        if self._state.owed(status["revision"], now_ms) and status["state"] is not None:
            self._platform.send_state(self._codec.encode_state(status["state"]))

    def _hear_platform(self, event: LinkEvent, now_ms: int) -> None:  # noqa: C901  # a case each
        match event:
            case LinkUp():
                self._link.came_up(event, now_ms)
                self._telling.connects += 1
                self._tell_change(connected=True, why="")
                self._desk.drop("status")  # a fresh state now, not when it next changes
                self._state.begin()
                self._sending.head = None  # as old as the outage; what came since is backlog too
                self._sending.catching_up = True
            case LinkDown(why, rival, fault):
                self._link.fell(Trouble(fault, why), now_ms, rival=rival)
                self._tell_change(connected=False, why=one_line(why))
                self._early.clear()
                self._commands.link_lost()
                self._desk.drop("signed_command")
                self._resending.link_lost()
                self._desk.drop("resend_page")
                if self._outbox is not None:
                    self._outbox.link_lost()
                self._go_back()
            case LinkTrouble(why, fault):
                self._link.complaint = Trouble(fault, why)
            case Spent(octets):
                self._telling.wire_bytes += octets
            case Receipt():
                assert self._outbox is not None, "sent from an outbox"
                self._take_receipt(self._outbox, event, now_ms)
            case CertificatesSeen(certificates):
                self._telling.depends_on(certificates)
            case Commanded():
                self._commands.take(event)
            case CommandsDropped():
                self._commands.drop(event)
            case Heard():
                if self._outbox is not None:
                    self._understand(self._outbox, event, now_ms)
            case _:
                assert_never(event)

    def _tell_change(self, *, connected: bool, why: str) -> None:
        """An attempt that fails as the one before is no news."""
        if self._tell is not None and self._told != (connected, why):
            self._told = (connected, why)
            self._tell(connected=connected, why=why)

    def _understand(self, outbox: Outbox, heard: Heard, now_ms: int) -> None:
        """What the platform says of our records, once the journal's head is known."""
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

    def _take_receipt(self, outbox: Outbox, receipt: Receipt, now_ms: int) -> None:
        if self._resending.answered(receipt.token, receipt.answer):
            if receipt.answer is Answer.KEPT:
                self._link.hold(Trouble(receipt.fault, receipt.why), now_ms)
            return
        match receipt.answer:
            case Answer.ACCEPTED:
                before = outbox.cursor
                latency_ms = outbox.accepted(receipt.token, now_ms)
                self._telling.delivered += outbox.cursor - before
                if latency_ms is not None:
                    self._link.answered(latency_ms)
            case Answer.KEPT:
                if outbox.kept(receipt.token):
                    self._link.hold(Trouble(receipt.fault, receipt.why), now_ms)
                    self._go_back()
            case Answer.REJECTED:
                if outbox.rejected(receipt.token):
                    self._refusal = receipt.why
                    self._go_back()
            case _:
                assert_never(receipt.answer)

    # --- sending and asking --------------------------------------------------------------------

    def _ask(self, outbox: Outbox, clock: Clock, now_ms: int) -> None:
        if self._link.limits is not None:
            self._ask_records(outbox, now_ms)
            self._resending.ask(self._desk, now_ms)
            self._commands.ask(self._desk, now_ms)
            if not self._desk.under_way("status"):
                self._desk.ask("status", self._state.question(now_ms), now_ms)
        self._tell_cursor(outbox, now_ms)
        if outbox.refused is not None and not self._desk.under_way("park"):
            fields = {"number": outbox.refused, "reason": one_line(self._refusal)}
            self._desk.ask("park", fields, now_ms)
        self._telling.tell(self._desk, self._link, clock, now_ms)

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

    def _tell_cursor(self, outbox: Outbox, now_ms: int) -> None:
        if outbox.cursor > self._told_cursor and not self._desk.under_way("move_cursor"):
            fields = {"epoch": outbox.epoch, "number": outbox.cursor}
            self._desk.ask("move_cursor", fields, now_ms)
