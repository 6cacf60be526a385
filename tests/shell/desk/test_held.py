"""Stops that hold before they can be written down: their place, and who is told what."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from agent.control import holding
from agent.core.model import Command, Order, Origin, ReleaseOrder, StopOrder, Verdict
from agent.desk.inbox import PENDING_MAX, STOPS_PENDING_MAX, Inbox
from agent.desk.wire import TOO_BUSY, Refused
from tests.shell.desk.conftest import WAIT_S, House

Heard = list[tuple[str, bool]]


def given(number: str, order: Order, origin: Origin = Origin.ADMIN) -> Command:
    return Command(number, origin, "li", order, 1_000)


def listener(heard: Heard) -> Callable[..., None]:
    return lambda verdict, *, written: heard.append((verdict.command_id, written))


def obeyed(command: Command) -> Verdict:
    return Verdict(command.id, command.origin, command.actor, "StopOrder", None, None)


def test_a_held_stop_keeps_its_place_so_that_an_older_release_does_not_undo_it() -> None:
    inbox, heard = Inbox(), Heard()
    release, stop = given("1", ReleaseOrder("x")), given("2", StopOrder("x"))
    inbox.accept(release, listener(heard))
    inbox.accept(stop, listener(heard))
    inbox.hold([stop])
    assert inbox.stops() == (replace(stop, held=True),)
    assert inbox.take(8) == (release, replace(stop, held=True))


def test_who_gave_a_stop_hears_that_it_holds_and_who_gives_it_again_as_well() -> None:
    inbox, heard, again = Inbox(), Heard(), Heard()
    stop = given("1", StopOrder("x"))
    inbox.accept(stop, listener(heard))
    inbox.hold([stop])
    inbox.tell_held([obeyed(stop)])
    inbox.accept(stop, listener(again))
    assert heard == again == [("1", False)]
    inbox.answer([obeyed(stop)], lambda _: None)
    assert heard == again == [("1", False), ("1", True)]


def test_a_restored_stop_is_the_oldest_and_is_known_when_it_is_sent_again() -> None:
    inbox, heard = Inbox(), Heard()
    stop = given("1", StopOrder("x"), Origin.PLATFORM)
    inbox.accept(given("2", ReleaseOrder("x")), listener(heard))
    inbox.restore([replace(stop, held=True)])
    inbox.accept(stop, listener(heard))
    assert [(one.id, one.held) for one in inbox.take(8)] == [("1", True), ("2", False)]
    inbox.answer([obeyed(stop)], lambda _: None)
    assert heard == [("1", True)]


def test_who_sends_a_stop_again_before_it_is_restored_joins_it() -> None:
    """The sockets are open while control still reads where it goes on from."""
    inbox, heard = Inbox(), Heard()
    stop = given("1", StopOrder("x"), Origin.PLATFORM)
    inbox.accept(stop, listener(heard))
    inbox.restore([replace(stop, held=True)])
    assert inbox.take(8) == (replace(stop, held=True),)
    inbox.answer([obeyed(stop)], lambda _: None)
    assert heard == [("1", True)]


def test_what_the_hosts_memory_did_not_take_is_tried_again_and_goes_with_the_stop(
    tmp_path: Path,
) -> None:
    stop = replace(given("1", StopOrder("x")), held=True)
    stops, file = [stop], tmp_path / "run" / "held"
    organs: Any = SimpleNamespace(held_file=file, desk=SimpleNamespace(stops=lambda: tuple(stops)))
    loop: Any = SimpleNamespace(held=())
    holding.keep(organs, loop)
    assert holding.kept(file) == ()
    file.parent.mkdir()
    holding.keep(organs, loop)
    assert holding.kept(file) == (stop,)
    stops.clear()
    holding.keep(organs, loop)
    assert not file.exists()


@pytest.mark.parametrize("spoilt", [b"", b"[[", b"\xff", b"7", b'[["1","chance"]]'])
def test_stops_that_nobody_can_read_are_not_forgotten(tmp_path: Path, spoilt: bytes) -> None:
    file = tmp_path / "held"
    file.write_bytes(spoilt)
    with pytest.raises(holding.HeldUnreadable) as told:
        holding.kept(file)
    assert str(file) in told.value.said("zh")
    assert "the pump stays cut" in str(told.value)


def test_what_waits_shuts_no_stop_out() -> None:
    inbox, heard = Inbox(), Heard()
    for n in range(PENDING_MAX):
        inbox.accept(given(f"release {n}", ReleaseOrder("x")), listener(heard))
    with pytest.raises(Refused):
        inbox.accept(given("one more", ReleaseOrder("x")), listener(heard))
    for n in range(STOPS_PENDING_MAX):
        inbox.accept(given(f"stop {n}", StopOrder("x")), listener(heard))
    with pytest.raises(Refused) as refused:
        inbox.accept(given("a stop more", StopOrder("x")), listener(heard))
    assert refused.value.code == TOO_BUSY


def test_the_shell_is_answered_as_soon_as_a_stop_holds(house: House, folder: Path) -> None:
    admin = house.client("admin")
    asked = {"actor": "li", "id": "s-1", "order": "StopOrder", "fields": {"reason": "x"}}
    number = admin.post("command", asked)
    admin.call("hello", {}, WAIT_S)  # the desk has read both
    (stop,) = house.desk.stops()
    house.desk.hold([stop])
    house.desk.tell_held([obeyed(stop)])
    told = admin.answer(number, "command", WAIT_S)
    assert (told["written"], told["verdict"]["command_id"]) == (False, "s-1")
    assert [one.held for one in house.desk.stops()] == [True], "it still waits to be written"
