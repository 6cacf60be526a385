"""An order that the journal does not take is taken back, and whoever gave it is told."""

import pytest

from agent.core.model import Command, Origin, ReleaseOrder, StopOrder, Verdict
from agent.desk import consoles, wire
from agent.desk.client import Client, DeskRefused
from agent.desk.inbox import Inbox
from tests.shell.desk.test_consoles import WAIT_S, Control, control, first, order

__all__ = ["control"]


@pytest.mark.parametrize("client", ["admin", "console-front"])
def test_an_order_that_cannot_be_written_down_is_taken_back_and_told(
    control: Control, monkeypatch: pytest.MonkeyPatch, client: str
) -> None:
    """It was half a minute's silence, then "it may have taken effect" or "is control running"."""
    monkeypatch.setattr(consoles, "ORDER_WITHIN_S", 0.2)
    actor = {"actor": "root"} if client == "admin" else {}
    with Client(control.folder / "desk" / f"{client}.sock") as here:
        if not actor:
            first(lambda method, **fields: here.call(method, fields, WAIT_S))
        control.commits = False
        with pytest.raises(DeskRefused, match="taken back: nothing was done") as told:
            here.call("command", {**order("ReleaseOrder", reason="x"), **actor}, WAIT_S)
        assert told.value.code == wire.JOURNAL_FAILING
        control.commits = True
        stop = here.call("command", {**order("StopOrder", reason="x"), **actor}, WAIT_S)
        assert stop["verdict"]["refusal"] is None
    assert [one for one in control.taken if isinstance(one.order, ReleaseOrder)] == []


def test_what_is_being_judged_or_holds_or_is_anothers_too_takes_its_course() -> None:
    inbox, heard = Inbox(), []

    def listener(verdict: Verdict, *, written: bool) -> None:
        heard.append((verdict.command_id, written))

    def other(verdict: Verdict, *, written: bool) -> None:
        listener(verdict, written=written)

    taken, held, shared, alone = (
        Command(number, Origin.ADMIN, "li", StopOrder("x")) for number in "1234"
    )
    for one in (taken, held, shared, alone):
        inbox.accept(one, listener)
    inbox.accept(shared, other)
    assert inbox.take(1) == (taken,)
    inbox.hold([held])
    assert [inbox.take_back(one) for one in (taken, held, shared, alone)] == [False] * 3 + [True]
    assert not inbox.take_back(alone), "it never was"
    assert [one.id for one in inbox.take(8)] == ["2", "3"]
    inbox.accept(alone, listener)
    inbox.answer([Verdict("4", Origin.ADMIN, "li", "StopOrder", None, None)], lambda _: None)
    assert heard == [("4", True)], "it can be given again under its name"
