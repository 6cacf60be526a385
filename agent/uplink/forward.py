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
    CertificatesSeen,
    Clock,
    Codec,
    Commanded,
    CommandsDropped,
    Heard,
    LinkDown,
    LinkEvent,
    LinkTrouble,
    LinkUp,
    Platform,
    Receipt,
    Spent,
)
from agent.uplink.commands import Commands
from agent.uplink.delivery import Delivery
from agent.uplink.inquiry import Greeting, Inquiry
from agent.uplink.link import Link, Trouble
from agent.uplink.live import LiveState, one_line
from agent.uplink.outbox import Outbox
from agent.uplink.rate import Rate
from agent.uplink.sending import Sending
from agent.uplink.telling import Telling
from agent.uplink.waiting import Stop, until_ready

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
        self._link = link
        self._state = LiveState(policy.state_interval_ms)
        self._telling = Telling()
        self._commands = Commands(platform, codec)
        sending = Sending(
            platform,
            codec,
            link,
            self._telling,
            rate=Rate(policy.records_per_s),
            batch_interval_ms=policy.batch_interval_ms,
        )
        self._delivery = Delivery(
            codec, desk, link, self._telling, sending, by_receipts=policy.receipts
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
            self._greeted(self._desk.open(now_ms))
        if self._link.may_connect(now_ms):
            self._link.connecting = True
            self._platform.connect()

    def work(self, clock: Clock, *, readable: bool, writable: bool) -> None:
        """What the wait has brought, of the platform's socket."""
        now_ms = clock.monotonic_ms()
        self._hear_desk(now_ms)
        for event in self._platform.step(readable=readable, writable=writable, monotonic_ms=now_ms):
            self._hear_platform(event, now_ms)
        if self._delivery.outbox is not None:
            if self._state.sent:  # on a new connection not before it
                self._delivery.send(self._delivery.outbox, now_ms)
            self._ask(self._delivery.outbox, clock, now_ms)

    def close(self, now_ms: int) -> None:
        """Say goodbye on both sides. A cursor not told in time only means a repetition."""
        if self._delivery.outbox is not None:
            self._delivery.tell_cursor(self._delivery.outbox, now_ms)
        self._platform.close()
        self._desk.close()

    def wait_ms(self, now_ms: int) -> int:
        """Until the next thing is due that no socket announces."""
        if self._link.connecting and self._platform.fileno() < 0:
            return 0  # it failed at once, and `step` says why
        dues = [
            self._link.hold_until_ms,
            *self._delivery.dues_ms(),
            *self._commands.dues_ms(),
        ]
        if self._link.limits is None and not self._link.connecting:
            dues.append(max(now_ms, self._link.retry_at_ms))
        if not self._desk.connected:
            dues.append(now_ms + self._desk.retry_in_ms(now_ms))
        return min([TURN_MS, *(due - now_ms for due in dues if due >= now_ms)])

    # --- hearing -------------------------------------------------------------------------------

    def _greeted(self, greeting: Greeting | None) -> None:
        if greeting is not None:
            self._delivery.greeted(greeting)
            self._telling.forget()

    def _hear_desk(self, now_ms: int) -> None:
        for method, result in self._desk.take(now_ms):
            match method:
                case "status":
                    self._take_state(result, now_ms)
                case "signed_command":
                    self._commands.answered(result)
                case "report" | "ahead" | "turned_away":
                    pass
                case _:
                    self._delivery.answered(method, result, now_ms)

    def _take_state(self, status: dict[str, Any], now_ms: int) -> None:
        if self._link.limits is None:
            return
        # A control that has just come up has no state yet.
        if self._state.owed(status["revision"], now_ms) and status["state"] is not None:
            self._platform.send_state(self._codec.encode_state(status["state"]))

    def _hear_platform(self, event: LinkEvent, now_ms: int) -> None:  # a case each
        match event:
            case LinkUp():
                self._link.came_up(event, now_ms)
                self._telling.connects += 1
                self._tell_change(connected=True, why="")
                self._desk.drop("status")  # a fresh state now, not when it next changes
                self._state.begin()
                self._delivery.link_up()
            case LinkDown(why, rival, fault):
                self._link.fell(Trouble(fault, why), now_ms, rival=rival)
                self._tell_change(connected=False, why=one_line(why))
                self._commands.link_lost()
                self._desk.drop("signed_command")
                self._delivery.link_lost()
            case LinkTrouble(why, fault):
                self._link.complaint = Trouble(fault, why)
            case Spent(octets):
                self._telling.wire_bytes += octets
            case Receipt():
                self._delivery.receipted(event, now_ms)
            case CertificatesSeen(certificates):
                self._telling.depends_on(certificates)
            case Commanded():
                self._commands.take(event)
            case CommandsDropped():
                self._commands.drop(event)
            case Heard():
                self._delivery.heard(event, now_ms)
            case _:
                assert_never(event)

    def _tell_change(self, *, connected: bool, why: str) -> None:
        """An attempt that fails as the one before is no news."""
        if self._tell is not None and self._told != (connected, why):
            self._told = (connected, why)
            self._tell(connected=connected, why=why)

    # --- asking --------------------------------------------------------------------------------

    def _ask(self, outbox: Outbox, clock: Clock, now_ms: int) -> None:
        if self._link.limits is not None:
            self._delivery.ask(outbox, now_ms)
            self._commands.ask(self._desk, now_ms)
            if not self._desk.under_way("status"):
                self._desk.ask("status", self._state.question(now_ms), now_ms)
        self._delivery.tell(outbox, now_ms)
        self._telling.tell(self._desk, self._link, clock, now_ms)
