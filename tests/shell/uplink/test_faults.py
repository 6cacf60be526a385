"""Two platforms; whatever is done to one, both end with every record, in order, once it is over.

Only a platform's own receipts move its cursor here, so that not even a broker that forgets what it
had acknowledged loses a record. `make soak` repeats every fault and prints what came of it.
"""

import random
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import partial

import pytest

from agent.core.model import RelayMoved
from tests.proxy import Mode
from tests.shell.uplink.conftest import House
from tests.shell.uplink.platforms import KEEPS, PlatformSide, files_of, until

RECORDS = 3_000
BEFORE_MAX = 1_500  # so many records have come when the fault does
QUEUE_MAX = 10
EVENT = RelayMoved(permitted=False, lapsed=True, reasons=(), withdrawn_l=None, remaining_l=None)

World = list[PlatformSide]


def stop_and_continue(world: World) -> None:
    """Nobody answers, and the sockets stay: noticed by the keepalive."""
    world[0].broker.freeze()
    until(world[1:], lambda: not world[0].house.desk.uplinks()["a"].reported.connected)
    world[0].broker.thaw()


def killed_with_its_store(world: World) -> None:
    world[0].broker.kill()
    _wait_for_loss(world)
    world[0].broker.start()


def killed_without_its_store(world: World) -> None:
    """Sessions, queue and retained messages are gone."""
    world[0].broker.kill()
    _wait_for_loss(world)
    for file in files_of(world[0].folder):
        file.unlink()
    world[0].broker.start()


def restarted(world: World) -> None:
    world[0].broker.stop()
    _wait_for_loss(world)
    world[0].broker.start()


def black_hole(world: World) -> None:
    """Bytes vanish on the way, and the sockets stay."""
    world[0].proxy.mode = Mode.HOLE
    until(world[1:], lambda: not world[0].house.desk.uplinks()["a"].reported.connected)
    world[0].proxy.mode = Mode.PASS


def slow_acknowledgements(world: World) -> None:
    world[0].proxy.mode = Mode.SLOW
    world[0].house.samples(500)
    until(world, lambda: world[0].complete)
    world[0].proxy.mode = Mode.PASS


def reset_on_the_way(world: World) -> None:
    for _ in range(3):
        world[0].proxy.cut()
        _wait_for_loss(world)
        until(world, lambda: world[0].house.desk.uplinks()["a"].reported.connected)


def garbage_after_the_greeting(world: World) -> None:
    world[0].proxy.mode = Mode.GARBAGE
    world[0].proxy.cut()
    _wait_for_loss(world)
    world[0].house.samples(200)
    world[0].proxy.mode = Mode.PASS


def uplink_killed(world: World) -> None:
    world[0].uplink.kill_and_restart()


def receiver_away(world: World) -> None:
    world[0].leave()
    world[0].house.samples(500)
    until(world[1:], lambda: world[1].complete)
    world[0].arrive()


def full_queue(world: World) -> None:
    """The broker acknowledges and throws away: it keeps ten messages for who is not there."""
    world[0].leave()
    for _ in range(QUEUE_MAX + 6):
        world[0].house.samples(50)
        world[0].house.write(EVENT)  # one message each
        until(world[1:], lambda: world[1].complete)
    world[0].arrive()


def retained_rubbish(world: World) -> None:
    for leaf in ("receipts", "state", "commands"):
        for rubbish in (b"", b"{", b"\xff" * 1000, b'{"epoch":"0","number":9}', b"[" * 60_000):
            world[0].say(leaf, rubbish)
    world[0].uplink.kill_and_restart()  # it finds the rubbish when it comes


def _wait_for_loss(world: World) -> None:
    """The platform's own side notices; the uplink does so in its own time."""
    receiver = world[0].receiver
    assert receiver is not None
    if (
        world[0].proxy.mode is Mode.PASS
        and not world[0].house.desk.uplinks()["a"].reported.connected
    ):
        return
    for _ in range(3):
        for platform in world:
            platform.step()


FAULTS: dict[str, Callable[[World], None]] = {
    fault.__name__: fault
    for fault in (
        stop_and_continue,
        killed_with_its_store,
        killed_without_its_store,
        restarted,
        black_hole,
        slow_acknowledgements,
        reset_on_the_way,
        garbage_after_the_greeting,
        uplink_killed,
        receiver_away,
        full_queue,
        retained_rubbish,
    )
}


# Here the broker itself throws away what it acknowledged; what fills the hole comes later.
MAKES_HOLES = {"full_queue"}


@pytest.fixture
def world(house: House, request: pytest.FixtureRequest) -> Iterator[World]:
    small = f"max_queued_messages {QUEUE_MAX}"
    spoiled = tuple(small if "max_queued" in line else line for line in KEEPS)
    full = "full_queue" in request.node.name
    with ExitStack() as undo:
        yield [
            PlatformSide(house, "a", undo, options=spoiled if full else KEEPS),
            PlatformSide(house, "b", undo, options=KEEPS),
        ]


@pytest.mark.parametrize("fault", FAULTS)
def test_after_the_fault_both_platforms_have_every_record_in_order(
    house: House,
    world: World,
    fault: str,
    soak: int,
    record_property: Callable[[str, object], None],
) -> None:
    draw = random.Random(fault)
    for _ in range(soak):
        begun = house.journal.head.number
        house.samples(RECORDS)
        reached = begun + draw.randrange(BEFORE_MAX)
        until(world, partial(world[0].ledger.holds, reached))
        FAULTS[fault](world)
        until(world, lambda: all(one.complete for one in world))
    for one in world:
        record_property(
            "soak: broker faults",
            {
                "fault": fault.replace("_", " "),
                "times": soak,
                "platform": one.name,
                "records": house.journal.head.number,
                "missing": one.missing,
                "out of order": house.journal.head.number - one.in_turn,
                "repeated": one.ledger.duplicates,
            },
        )
    assert [one.missing for one in world] == [0, 0]
    head = house.journal.head.number
    assert [one.in_turn for one in world] == [head, head], "a reader of the next one gets all"
    if fault not in MAKES_HOLES:
        assert [one.ledger.late for one in world] == [0, 0], "first copies come in order"
    assert [one.ledger.altered for one in world] == [0, 0], "repetitions are exact copies"
    assert world[1].ledger.duplicates == 0, "the other platform notices nothing"
