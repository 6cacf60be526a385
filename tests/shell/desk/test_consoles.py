"""Signing in at the desk: what a PIN opens, what it never reaches, and how long it lasts.

The scan is played by the test: it takes what the desk hands in, judges it with the real core, and
commits accounts to a real book, as control does.
"""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from agent import pins
from agent.book import Book
from agent.core.model import (
    AccountChange,
    AccountChanged,
    Command,
    Language,
    Rank,
    Sample,
    Started,
    Verdict,
)
from agent.core.scan import Outcome
from agent.desk import people as seats
from agent.desk import wire
from agent.desk.client import Client, DeskRefused
from agent.desk.server import Desk
from agent.journal import Journal, Stamped, Transaction
from tests.core.story import Story

WAIT_S = 20.0
PIN, OTHER = "834-kite", "lamp 5 oak"
LOOK_S = 0.01


class Control:
    """A scan's part of a desk's life."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.journal = Journal.open(folder / "journal.db")
        self.book = Book(None)
        self.desk = self._desk()
        self.story = Story()
        self.verdicts: list[Verdict] = []
        self.taken: list[Command] = []
        self.commits = True
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._scan)
        self._thread.start()

    def _desk(self) -> Desk:
        names = ("admin", "console-front", "console-back", "division")
        return Desk(
            {name: self.folder / "desk" / f"{name}.sock" for name in names},
            self.folder / "journal.db",
            station="w-1",
            version="0.1.0",
            cursors={},
            buses=["meters"],
            consoles=["console-front", "console-back"],
        )

    def close(self) -> None:
        self._ended.set()
        self._thread.join()
        self.desk.close()
        self.journal.close()

    def _scan(self) -> None:
        while not self._ended.wait(LOOK_S):
            if self.commits:
                self._turn()

    def _turn(self) -> None:
        commands = self.desk.take(8)
        self.taken += commands
        self.story._pass(1_000)
        outcome = self.story.look(*commands)
        self._keep(outcome)
        verdicts = [one for one in outcome.bodies if isinstance(one, Verdict)]
        self.verdicts += verdicts
        self.desk.answer(verdicts)
        self._show(outcome)

    def _show(self, outcome: Outcome) -> None:
        self.desk.publish({"name": "机井", "at_utc_ms": outcome.moment.utc_ms}, None)

    def _keep(self, outcome: Outcome) -> None:
        for body in outcome.bodies:
            if isinstance(body, AccountChanged):
                new = body.change in (AccountChange.OPENED, AccountChange.PIN_CHANGED)
                verifier = self.desk.verifier(body.pin_id) if new else None
                self.book.change_account(body, verifier)
        if self.book.pending() is not None:
            self.book.committed()
            self.desk.know(self.book.known())


@pytest.fixture
def control(folder: Path) -> Iterator[Control]:
    one = Control(folder)
    yield one
    one.close()


@contextmanager
def seat(control: Control, name: str = "console-front") -> Iterator[Callable[..., Any]]:
    with Client(control.folder / "desk" / f"{name}.sock") as client:
        yield lambda method, **fields: client.call(method, fields, WAIT_S)


def first(ask: Callable[..., Any]) -> Any:
    return ask("first_supervisor", account="li", pin=PIN, language="zh")


def order(kind: str, **fields: Any) -> dict[str, Any]:
    return {"order": kind, "fields": fields}


def refused(ask: Callable[..., Any], method: str, **fields: Any) -> int:
    with pytest.raises(DeskRefused) as refusal:
        ask(method, **fields)
    return refusal.value.code


def test_before_a_supervisor_there_is_nothing_but_to_make_one(control: Control) -> None:
    with seat(control) as ask:
        assert ask("hello")["unsupervised"] is True
        for method, fields in [
            ("status", {"revision": None}),
            ("records", {"after": 0}),
            ("accounts", {}),
            ("touch", {}),
            ("command", order("StopOrder", reason="x")),
        ]:
            assert isinstance(fields, dict)
            assert refused(ask, method, **fields) == wire.NOT_SIGNED_IN
        said = first(ask)
        assert (said["refusal"], said["rank"], said["language"]) == (None, "supervisor", "zh")
        assert ask("hello")["unsupervised"] is False
        assert ask("command", **order("StopOrder", reason="x"))["verdict"]["refusal"] is None
    with seat(control) as ask:
        assert first(ask)["refusal"]["reason"] == "supervisor_exists"
        assert refused(ask, "status", revision=None) == wire.NOT_SIGNED_IN


def test_a_session_belongs_to_its_connection_and_ends_with_sign_out(control: Control) -> None:
    with seat(control) as ask, seat(control) as other:
        first(ask)
        assert ask("status", revision=None)["state"]["name"] == "机井"
        assert refused(other, "status", revision=None) == wire.NOT_SIGNED_IN
        ask("sign_out")
        assert refused(ask, "touch") == wire.NOT_SIGNED_IN
        assert ask("sign_in", account="li", pin=PIN)["refusal"] is None
        ask("touch")


def test_an_unknown_account_and_a_wrong_pin_are_answered_alike_and_lock_the_port(
    control: Control,
) -> None:
    with seat(control) as ask:
        first(ask)
        answers = [ask("sign_in", account=name, pin=OTHER) for name in ("li", "nobody", "li")]
        assert len({json.dumps(one) for one in answers}) == 1
        for _ in range(2):
            last = ask("sign_in", account="nobody", pin=OTHER)
        assert last["refusal"]["reason"] == "sign_in_wrong"
        assert last["refusal"]["given"] == "30"
        assert ask("sign_in", account="li", pin=PIN)["refusal"]["reason"] == "sign_in_delayed"


def test_no_pin_and_no_stranger_s_name_reaches_a_command_or_a_record(control: Control) -> None:
    with seat(control) as ask:
        first(ask)
        ask("open_account", account="ma", pin=OTHER, rank="viewer", language="en")
        ask("sign_in", account=PIN, pin="li")
        ask("sign_in", account="li", pin=PIN)
        ask("change_pin", account="li", pin="kite-834", old_pin=PIN)
    told = repr(control.verdicts) + repr(control.story.records)
    for secret in (PIN, OTHER, "kite-834"):
        assert secret not in told
    assert "'?'" in told
    text = control.book._leaf.text
    assert text is not None
    for secret in (PIN, OTHER, "kite-834"):
        assert secret.encode() not in text


def test_ranks_are_the_accounts_own_and_follow_their_changes(control: Control) -> None:
    with seat(control) as li, seat(control, "console-back") as ma:
        first(li)
        li("open_account", account="ma", pin=OTHER, rank="viewer", language="en")
        assert ma("sign_in", account="ma", pin=OTHER)["rank"] == "viewer"
        stop = order("StopOrder", reason="x")
        assert ma("command", **stop)["verdict"]["refusal"]["reason"] == "not_allowed"
        assert refused(ma, "bus_ask", bus="meters", unit=1, address=0) == wire.NOT_ALLOWED
        li("command", **order("RankOrder", name="ma", rank="technician"))
        assert ma("command", **stop)["verdict"]["refusal"] is None
        li("command", **order("RemoveAccountOrder", name="ma"))
        assert refused(ma, "command", **stop) == wire.NOT_SIGNED_IN


def test_nobody_hands_in_an_order_that_a_pin_must_stand_behind(control: Control) -> None:
    with seat(control) as ask, seat(control, "admin") as root:
        first(ask)
        for kind in ("SignInOrder", "FirstSupervisorOrder", "AccountOrder", "ChangePinOrder"):
            assert refused(ask, "command", **order(kind)) == wire.BAD_FIELDS
            assert refused(root, "command", actor="root", **order(kind)) == wire.BAD_FIELDS


@pytest.mark.parametrize(
    "weak", ["12345", "123456", "zzzzzz", "li83749", "abcdef", "x" * 65, "password"]
)
def test_a_pin_that_is_easily_guessed_is_refused(control: Control, weak: str) -> None:
    with seat(control) as ask:
        told = ask("first_supervisor", account="li", pin=weak, language="zh")
        assert told["refusal"]["reason"] == "pin_weak"
        assert control.taken == []


def test_ones_own_pin_is_changed_by_the_old_one_and_a_supervisor_needs_none_for_others(
    control: Control,
) -> None:
    with seat(control) as ask, seat(control, "console-back") as ma:
        first(ask)
        ask("open_account", account="ma", pin=OTHER, rank="viewer", language="en")
        ma("sign_in", account="ma", pin=OTHER)
        assert ma("change_pin", account="ma", pin="new one 9")["refusal"]["reason"] == "pin_wrong"
        told = ma("change_pin", account="ma", pin="new one 9", old_pin="wrong!")
        assert told["refusal"]["reason"] == "pin_wrong"
        assert ma("change_pin", account="ma", pin="new one 9", old_pin=OTHER)["refusal"] is None
        ma("touch")
        assert ask("change_pin", account="ma", pin="newer 77")["refusal"] is None
        assert refused(ma, "touch") == wire.NOT_SIGNED_IN
        assert ma("sign_in", account="ma", pin="newer 77")["refusal"] is None


def test_root_at_the_shell_helps_who_lost_his_pin(control: Control) -> None:
    with seat(control) as ask, seat(control, "admin") as root:
        first(ask)
        assert root("change_pin", account="li", pin="newer 77", actor="root")["refusal"] is None
        assert [one["name"] for one in root("accounts", actor="root")["accounts"]] == ["li"]
        assert refused(ask, "touch") == wire.NOT_SIGNED_IN
        assert ask("sign_in", account="li", pin="newer 77")["refusal"] is None


def test_a_seat_that_nobody_uses_is_empty_after_a_while_and_looking_on_is_no_use(
    control: Control, monkeypatch: pytest.MonkeyPatch
) -> None:
    with seat(control) as ask:
        first(ask)
        ask("touch")
        monkeypatch.setattr(seats, "IDLE_S", -1.0)
        assert refused(ask, "status", revision=None) == wire.NOT_SIGNED_IN
        monkeypatch.undo()
        assert refused(ask, "touch") == wire.NOT_SIGNED_IN


def test_while_nothing_can_be_written_the_right_pin_may_look_and_stop_and_no_more(
    control: Control, monkeypatch: pytest.MonkeyPatch
) -> None:
    from agent.desk import consoles

    monkeypatch.setattr(consoles, "WRITTEN_WITHIN_S", 0.2)
    with seat(control) as ask:
        first(ask)
        control.commits = False
        wrong = ask("sign_in", account="li", pin=OTHER)
        assert wrong["refusal"]["reason"] == "sign_in_wrong"
        said = ask("sign_in", account="li", pin=PIN)
        assert (said["rank"], said["limited"]) == ("viewer", True)
        assert ask("status", revision=None)["state"]["name"] == "机井"
        assert refused(ask, "command", **order("ReleaseOrder", reason="x")) == wire.NOT_ALLOWED
        assert refused(ask, "accounts") == wire.NOT_ALLOWED
        assert said["may_stop"] is True
        control.commits = True
        assert ask("command", **order("StopOrder", reason="x"))["verdict"]["refusal"] is None


def test_a_console_is_no_uplink_and_no_uplink_signs_in(control: Control) -> None:
    with seat(control) as ask, seat(control, "division") as uplink:
        first(ask)
        for method in ("cursor", "park", "report", "resend_wait", "ahead"):
            assert refused(ask, method) == wire.NOT_ALLOWED
        for method in ("sign_in", "first_supervisor", "command", "accounts", "bus_ask"):
            assert refused(uplink, method) == wire.NOT_ALLOWED
        assert "console-front" not in control.desk.cursors()


def test_a_book_keeps_accounts_across_a_restart() -> None:
    book = Book(None)
    opened = AccountChanged(AccountChange.OPENED, "li", Rank.SUPERVISOR, Language.ZH, "p1", "li")
    book.change_account(opened, pins.Verifier("00", "11"))
    again = Book(book.pending())
    assert again.known()["li"][1] == pins.Verifier("00", "11")
    ranked = replace(opened, change=AccountChange.RANKED)
    again.change_account(ranked, None)
    assert again.known()["li"][1] == pins.Verifier("00", "11")
    again.change_account(replace(opened, change=AccountChange.REMOVED), None)
    assert again.known() == {}


def test_the_newest_of_a_kind_come_first_and_the_chain_is_followed_page_by_page(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wire, "PAGE_RECORDS_MAX", 20)
    control = Control(folder)
    try:
        bodies = [Stamped(n, trusted=True, body=body) for n, body in enumerate(_bodies(50), 1)]
        head = control.journal.append(Transaction(bodies, None, {}, ()))
        control.desk.committed(head)
        with seat(control) as ask:
            first(ask)
            told = ask("newest", kinds=["started", "no_such_kind"], limit=3)["records"]
            assert [row[4][0] for row in told] == ["v50", "v49", "v48"]
            at: dict[str, Any] = {"number": 0, "hash": ""}
            pages = []
            while (after := ask("verify", after=at["number"], hash=at["hash"]))["number"] > (
                at["number"]
            ):
                at = after
                pages.append(at["number"])
            assert (pages, at["hash"]) == ([20, 40, 50], head.hash.hex())
            damaged = ask("verify", after=20, hash="ab" * 32)["damaged"]
            assert "not what was written" in damaged
            assert refused(ask, "verify", after=20, hash="no hex") == wire.BAD_FIELDS
            assert refused(ask, "newest", kinds=[], limit=3) == wire.BAD_FIELDS
    finally:
        control.close()


def test_a_day_s_first_sample_is_found_among_the_others(folder: Path) -> None:
    control = Control(folder)
    try:
        sample = Sample(0, 0, 0, 0, None, permitted=True, allocated_l=None, withdrawn_l=0)
        bodies = [
            Stamped(n * 10, trusted=True, body=sample if n % 7 == 0 else other)
            for n, other in enumerate(_bodies(50), 1)
        ]
        control.desk.committed(control.journal.append(Transaction(bodies, None, {}, ())))
        with seat(control) as ask:
            first(ask)
            for since in range(501):
                told = ask("first_sample", since_utc_ms=since)["record"]
                n = max(1, -(-since // 10))
                expected = n + -n % 7
                assert (told and told[0]) == (expected if expected <= 50 else None), since
            assert refused(ask, "first_sample", since_utc_ms="now") == wire.BAD_FIELDS
    finally:
        control.close()


def _bodies(count: int) -> list[Started]:
    return [Started(f"v{number}", "boot", relay_permitted=False) for number in range(1, count + 1)]
