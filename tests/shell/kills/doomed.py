"""A control, or a relay process, that is killed from outside at a system call, again and again.

Run as `python doomed.py control|relay|hasty FOLDER`. Each line of its input is a call and which of
them is the last (`pwrite64 3`); `none 0` is one that nobody kills. A life is then forked from this
process, which has everything loaded already. It says `open` when it can be asked something; at
its end this process says `died PLACE`, or `lived`.

Everything of a life is the product's but the meters, which show what they are told to, and the
pace: a scan every 30 ms, so that a life of a second has met every call.
"""

import sys
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

from agent import control
from agent.book import Book
from agent.core.model import Moment, Quality, Quantity, Reading, Role
from agent.deadman import serve
from agent.desk.server import Desk
from agent.journal import Journal, Retention, Signer, Transaction, Upkeep, Writer
from agent.lease import Lease
from agent.notary import Notary, NotaryGone
from agent.ports import BusStanding, Counters, Finding, Inquiry
from agent.signing import KeyUnusable
from agent.status import Identity
from drivers.host import HostClock, StopRequest
from drivers.relay import SimulatedLine
from tests.core.story import SITE
from tests.shell.kills.outside import killed_at

PERIOD_MS = 30
SHOWN = (
    (Role.POWER_METER, Quantity.ENERGY_WH, 70_000),
    (Role.POWER_METER, Quantity.POWER_W, 0),
    (Role.FLOW_METER, Quantity.FORWARD_TOTAL_L, 500_000),
    (Role.FLOW_METER, Quantity.FLOW_L_PER_H, 0),
)


class StillMeters:
    """Two healthy meters at a pump that stands."""

    def read(self, _: Moment) -> tuple[Reading, ...]:
        return tuple(Reading(role, what, value, Quality.GOOD) for role, what, value in SHOWN)

    def counters(self) -> tuple[Counters, ...]:
        return ()

    def standings(self) -> tuple[BusStanding, ...]:
        return ()

    def inquire(self, _question: Inquiry, _within_ms: int) -> Finding:
        raise AssertionError("nobody asks")

    def close(self) -> None: ...


class SaysOpen:
    """The service manager's place: told once that the process is up."""

    def ready(self) -> None: ...

    def pet(self) -> None: ...


class SaysOpenOnce(SaysOpen):
    def __init__(self) -> None:
        self._said = False

    def ready(self) -> None:
        if not self._said:
            self._said = True
            print("open", flush=True)


def control_lives(folder: Path) -> None:
    file, clock = folder / "journal.db", HostClock("always")
    with StopRequest() as stop:
        journal = Journal.open(file)
        doors = {name: folder / f"{name}.sock" for name in ("admin", "a")}
        cursors = journal.cursors()
        desk = Desk(doors, file, station="W-1", version="1", cursors=cursors)
        print("open", flush=True)
        notary = Notary(folder)
        signer = Signer(lambda: notary.public, notary.begin_signing, (NotaryGone, KeyUnusable))
        organs = control.Organs(
            clock=clock,
            meters=StillMeters(),
            relay=Lease(folder / "relay.sock"),
            watchdog=SaysOpen(),
            journal=journal,
            desk=desk,
            book=Book(journal.book()),
            upkeep=Upkeep(journal, Retention(1, 1, 1 << 30), signer),
        )
        site = replace(SITE, period_ms=PERIOD_MS, record_interval_ms=PERIOD_MS, short_cycle_ms=0)
        control.run(organs, site, Identity("W-1", "", "1", ""), control.beginning_of(journal), stop)
        notary.close()
        desk.close()
        journal.close()


def relay_lives(folder: Path) -> None:
    with StopRequest() as stop:
        claim = partial(SimulatedLine, folder / "pin.sock")
        serve(claim, folder / "relay.sock", HostClock("always"), stop, SaysOpenOnce())


def hasty_lives(folder: Path) -> None:
    """Its disk is one transaction behind what it says; one that lives on has written all."""
    held: list[Transaction] = []
    close = Writer.close

    def commit(self: Writer, transaction: Transaction) -> bool:
        write_down(self)
        held.append(transaction)
        return True

    def write_down(self: Writer) -> None:
        while held:
            self.submit(held.pop())

    def closing(self: Writer) -> None:
        write_down(self)
        close(self)

    Writer.commit = commit  # type: ignore[method-assign]  # it promises too early
    Writer.close = closing  # type: ignore[method-assign]  # and writes late
    control_lives(folder)


LIVES: dict[str, Callable[[Path], None]] = {
    "control": control_lives,
    "relay": relay_lives,
    "hasty": hasty_lives,
}


def main() -> None:
    who, folder = LIVES[sys.argv[1]], Path(sys.argv[2])
    for line in sys.stdin:
        call, nth = line.split()
        # What is never called cannot kill.
        call, nth = ("fsync", "65000") if call == "none" else (call, nth)
        place = killed_at(call, int(nth), partial(who, folder), folder / "strace.log")
        print("lived" if place is None else f"died {place}", flush=True)


if __name__ == "__main__":
    main()
