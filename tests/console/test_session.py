"""A technician's session from end to end, on a terminal in memory and the real core behind it."""

import json
from collections.abc import Mapping
from typing import Any, Literal

import pytest

from agent import words
from agent.console.commands import COMMANDS
from agent.console.session import Session
from agent.console.talk import DeskAway
from agent.core.model import Rank, Refusal, Refused, Role, TurnedAway
from agent.status import Reported, UplinkPicture
from tests.console.stations import IDENTITY, PIN, Station, Visitor
from tests.console.transcripts import FOLDER, STORIES, transcript
from tests.core.story import Story

IDLE_MS = 300_000


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("name", STORIES)
def test_a_technician_is_shown_what_was_agreed(name: str, language: Literal["zh", "en"]) -> None:
    """If not, and it is meant: python -m tests.console.transcripts"""
    agreed = (FOLDER / f"{name}.{language}.txt").read_text("utf-8")
    assert transcript(name, language) == agreed


def test_every_command_has_its_story() -> None:
    typed = " / ".join(line for _, lines in STORIES.values() for line in lines)
    untold = [one.name for one in COMMANDS if one.name not in typed]
    assert untold == ["language"]  # it is what `test_the_language_changes_at_once` is about


def test_the_language_changes_at_once_and_before_anybody_has_signed_in() -> None:
    said = Visitor(language="zh").types("language en", "li", PIN, "language zh", "exit")
    assert "Account:" in said
    assert said.index("账号") < said.index("Account:")
    visitor = Visitor()
    visitor.station.language = "en"
    assert "现在使用中文" in visitor.types("li", PIN, "language zh")


def test_the_first_start_makes_the_first_supervisor_and_nothing_else() -> None:
    station = Station()
    station.unsupervised = True
    said = Visitor(station).types("chen", "12345", "12345", "chen", PIN, "different", PIN, PIN)
    assert "no supervisor yet" in said
    assert "too short or too easily guessed" in said
    assert "The two differ" in said
    assert "chen (supervisor) is signed in" in said
    assert station.accounts == {"chen": (PIN, Rank.SUPERVISOR)}
    assert PIN not in said


def test_a_wrong_pin_opens_nothing_and_no_pin_is_echoed() -> None:
    visitor = Visitor()
    said = visitor.types("li", "wrong-pin", "li", PIN, "exit")
    assert "The account or the PIN is wrong" in said
    assert "wrong-pin" not in said
    assert PIN not in said
    assert visitor.station.orders == []


def test_whoever_leaves_his_place_is_signed_out(monkeypatch: pytest.MonkeyPatch) -> None:
    visitor = Visitor()
    visitor.station.language = "en"
    visitor.line.come += [b"li\r", f"{PIN}\r".encode()]
    waited = 0

    def read(within_ms: int) -> bytes:
        nonlocal waited
        if visitor.line.come:
            return visitor.line.come.popleft()
        visitor.clock.ms += within_ms
        waited += within_ms
        if waited > 2 * IDLE_MS:
            visitor.line.hang_up()
        return b""

    monkeypatch.setattr(visitor.line, "read", read)
    Session(visitor.terminal, visitor.station, visitor.bench, visitor.settings).run()
    assert "Signed out: nobody typed for a while" in visitor.line.written.decode()
    assert visitor.station.seat is None


def test_a_seat_that_the_desk_has_emptied_is_left_and_nothing_was_ordered(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    station = Station()
    visitor = Visitor(station)

    def emptied(order: str, fields: dict[str, object]) -> None:
        station.seat = None
        station._sits()

    monkeypatch.setattr(station, "_command", emptied)
    said = visitor.signed_in("relay stop danger", "status")
    assert "Signed out" in said
    assert "Account:" in said


def test_a_desk_that_is_gone_is_said_and_the_session_goes_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    station = Station()
    visitor = Visitor(station)
    answers = iter([True, True, True])

    call = station.call

    def flaky(method: str, fields: dict[str, object], within_s: float) -> object:
        station.away = method == "status" and next(answers, None) is None
        return call(method, fields, within_s)

    monkeypatch.setattr(station, "call", flaky)
    said = visitor.signed_in("status", "status", "status", "status", "li", PIN)
    assert "nobody there" in said
    assert "Signed out" in said
    assert said.count("Account:") >= 1


def test_control_c_leaves_a_command_and_not_the_session() -> None:
    visitor = Visitor()
    visitor.station.language = "en"
    interrupts = iter([b"\x03about\r"])
    visitor.line._seen = lambda octets: next(interrupts, b"") if b"well ?" in octets else b""
    said = visitor.types("li", PIN, "allocation add 2026 5m3 doc")
    assert "Cancelled; nothing was changed." in said
    assert "Public key" in said
    assert visitor.station.orders == []


def test_control_d_signs_out() -> None:
    visitor = Visitor()
    visitor.line.come += [b"li\r", f"{PIN}\r".encode(), b"\x04"]
    visitor.line.ends = True
    Session(visitor.terminal, visitor.station, visitor.bench, visitor.settings).run()
    assert visitor.station.seat is None


def test_a_fault_of_ours_is_one_sentence_on_the_line_and_ends_the_process(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    station = Station()

    def broken() -> None:
        raise AssertionError("a secret detail")

    monkeypatch.setattr(station, "_accounts", broken)
    visitor = Visitor(station)
    with pytest.raises(AssertionError, match="a secret detail"):
        visitor.signed_in("account list")
    shown = visitor.line.written.decode()
    assert "The console has failed and is started again" in shown
    assert "secret detail" not in shown
    assert "Traceback" not in shown


def test_what_is_agreed_to_is_what_comes_of_it_in_any_year_and_kind() -> None:
    story = Story().at(1)
    assert (story.fit(before_l=0), story.fit(Role.POWER_METER)) == (None, None)
    station = Station(story.after(2))
    for line, before, after in (
        ("set 2027 62500m3 no-1", "0.000 m³", "62,500.000 m³"),
        ("add 2027 10m3 no-2", "62,500.000 m³", "62,510.000 m³"),
        ("reduce 2027 20m3 no-3", "62,510.000 m³", "62,490.000 m³"),
        ("provisional 2026 500m3 2026-10-31 no-4", "0.000 m³", "500.000 m³"),
        ("provisional 2026 600m3 2026-10-31 no-5", "500.000 m³", "600.000 m³"),
        ("energy provisional 2026 50kWh no-6 2026-10-31", "0.000 kWh", "50.000 kWh"),
        ("energy provisional 2026 60kWh no-7 2026-10-31", "50.000 kWh", "60.000 kWh"),
        ("energy plan 2027 50kWh no-8", "0.000 kWh", "50.000 kWh"),
        ("energy addition 2027 5kWh no-9", "50.000 kWh", "55.000 kWh"),
    ):
        asked, done = Visitor(station).signed_in(f"allocation {line}", "well").split("Took effect")
        assert f"{before} -> {after}" in asked
        assert after in done, "the year that it was about is shown as it is then"
    shown = Visitor(station).signed_in("allocation show")
    assert "62,490.000 m³" in shown
    assert "55.000 kWh" in shown


@pytest.mark.parametrize("language", ["zh", "en"])
def test_what_a_stranger_sent_stands_among_the_events(language: Literal["zh", "en"]) -> None:
    """It was turned away before there was an order: it has none to be called by."""
    station = Station()
    stranger = TurnedAway("division", "", Refusal(Refused.UNSIGNED, "no_token"), 3)
    station.story.turned_away = (stranger,)
    station.story.after(2)
    station.story.turned_away = ()
    said = Visitor(station, language=language).signed_in("events", "about", language=language)
    why = words.refusal(stranger.refusal, language)
    assert words.say("log.command_refused", language, actor="division", why=why)[:30] in said
    assert IDENTITY.public_key[:20] in said


def test_an_event_that_a_newer_version_wrote_breaks_nothing() -> None:
    station = Station()
    station.write()
    for refusal in (None, ["reason_of_tomorrow", "", ""]):
        row = ["c1", "console", "li", "OrderOfTomorrow", refusal, None, ""]
        station.records.append((len(station.records) + 1, 0, True, "verdict", row))
    said = Visitor(station).signed_in("events", "about")
    assert "li: OrderOfTomorrow" in said
    assert IDENTITY.public_key[:20] in said


def test_nobody_agrees_by_a_pasted_line() -> None:
    visitor = Visitor()
    said = visitor.signed_in("allocation add 2026 5m3 doc", "y", "yes", "")
    assert visitor.station.orders == []
    assert "Cancelled" in said


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("name", ["status_exhausted", "status_broken", "status_pumping"])
def test_status_is_shown_within_two_seconds_at_9600_baud(
    name: str, language: Literal["zh", "en"]
) -> None:
    """A character is ten bits on the wire: two seconds carry 1,920 octets."""
    made, _ = STORIES[name]
    visitor = Visitor(made(), language=language)
    visitor.station.language = language
    shown = visitor.signed_in("status", language=language)
    start = shown.rindex("well# status")
    assert len(shown[start:].replace("\n", "\r\n").encode()) <= 1_920


def test_a_viewer_sees_and_orders_nothing() -> None:
    visitor = Visitor()
    visitor.signed_in(*(one.name for one in COMMANDS if one.rank is not Rank.VIEWER), account="ma")
    assert visitor.station.orders == []


def test_every_order_of_the_stories_is_one_that_the_core_knows() -> None:
    """The stories' desk judges with the real core: an order it does not know is no order."""
    kinds = set()
    for made, lines in STORIES.values():
        visitor = Visitor(made())
        visitor.signed_in(*lines)
        kinds |= {kind for kind, _ in visitor.station.orders}
        assert json.dumps(visitor.station.orders)
    assert kinds >= {
        "AllocateOrder", "CorrectOrder", "FitMeterOrder", "RemoveMeterOrder", "RateOrder",
        "BeginRatingOrder", "EndRatingOrder", "LayUpOrder", "ResumeOrder", "SetClockOrder",
        "OpenYearOrder", "StopOrder", "ReleaseOrder", "AcknowledgeOrder", "OverrideOrder",
        "ReleaseOverrideOrder", "RankOrder", "RemoveAccountOrder", "VisitOpenOrder",
        "VisitCloseOrder", "RelayTestOrder", "SetThresholdOrder", "ResendOrder",
    }  # fmt: skip


def test_side_names_the_side() -> None:
    from agent.console.screens.status import side

    station = Station(Story().commission().after(2))
    station.seat = "li"
    state = station._status()["state"]
    assert side(state) == "owner"
    assert side({**state, "inputs": {"contactor": True}}) == "motor"
    assert side({**state, "inputs": {"mains": False}}) == "grid"
    assert side({**state, "conditions": [{"kind": "mains_failed"}]}) == "grid"
    assert side({**state, "conditions": [{"kind": "power_meter_silent"}]}) == "meter"
    assert side({**state, "session": {"x": 1}}) == "running"
    assert side({**state, "permitted": False}) == "cut"
    assert side({**state, "permitted": False, "session": {"x": 1}}) == "cut_running"
    one = {"session": {"x": 1}, "conditions": [{"kind": "flow_meter_silent"}]}
    blind = {**one, "conditions": [*one["conditions"], {"kind": "power_meter_silent"}]}
    assert side({**state, **one}) == "running"
    assert side({**state, **blind}) == "meter"
    assert side({**state, **blind, "permitted": False}) == "cut"
    assert side({**state, "relay": "silent"}) == "relay_silent"
    assert side({**state, "relay": "cut"}) == "relay_open"
    dead = [{"quantity": f"voltage_{n}_mv", "value": 0, "fault": None} for n in (1, 2, 3)]
    assert side({**state, "readings": dead}) == "grid"


@pytest.mark.parametrize(
    ("language", "alone", "with_another"),
    [
        (
            "zh",
            "本机故障：继电器进程无应答",
            "本机故障：继电器进程无应答；另有停泵原因：{other}",
        ),
        (
            "en",
            "This controller: the relay process does not answer",
            "This controller: the relay process does not answer; cut as well for: {other}",
        ),
    ],
)
def test_a_silent_relay_is_named_once_apart_from_the_other_reasons_and_explained(
    language: str, alone: str, with_another: str
) -> None:
    """Found with both meters and the relay dead: all of it stood in one run-on word."""
    from agent import words
    from agent.console.screens.status import answer, headline

    station = Station(Story().commission().after(2))
    station.seat = "li"
    state = {**station._status()["state"], "permitted": False, "relay": "silent"}
    assert answer({**state, "reasons": ["relay_silent"]}, language) == alone
    both = {**state, "reasons": ["both_meters_silent", "relay_silent"]}
    other = words.say("condition.both_meters_silent", language)
    assert answer(both, language) == with_another.format(other=other)
    assert "wellkeeper-relay" in "".join(headline(both, language))


def test_control_that_is_away_is_waited_for_and_does_not_fill_the_line() -> None:
    visitor = Visitor()
    visitor.station.away = True
    said = visitor.types("", "")
    assert said.count("nobody there") == 3


def test_a_link_that_tells_nonsense_breaks_nothing() -> None:
    visitor = Visitor()
    nonsense = Reported(fault="no such fault", error="\x1b[2J boo")
    visitor.station.uplinks = {"a": UplinkPicture(3, 1, nonsense)}
    said = visitor.signed_in("status", "uplink status", "uplink errors", "network test")
    assert "boo" in said
    assert "\x1b" not in said


@pytest.mark.parametrize(
    "line",
    [
        "meter fit flow F-1 lots doc",
        "meter fit power P-1 5m3 doc",
        "clock set 0001-01-01 00:00",
        "clock set 9999-12-31 23:59",
        "allocation provisional 2026 5m3 9999-12-31 doc",
        "readings 2026-05-31 2026-05-30",
        "uplink resend a 1 99999999999999999999",
        "bus read 1_0 0",
    ],
)
def test_what_is_out_of_all_bounds_is_refused_and_no_fault_of_ours(line: str) -> None:
    visitor = Visitor()
    said = visitor.signed_in(line, "about")
    assert "Public key" in said
    assert visitor.station.orders == []


def test_what_cannot_be_is_said_before_anything_is_asked() -> None:
    visitor = Visitor()
    visitor.station.uplinks = {}
    said = visitor.signed_in(
        "visit close", "uplink test", "uplink status", "uplink errors", "network test",
        "readings 2026-06-02 2026-06-01", "readings 2020-01-01",
    )  # fmt: skip
    assert "Findings" not in said
    assert said.count("No platform is declared") == 4
    assert "lies before the first" in said
    assert "Nothing was written in that time" in said
    assert visitor.station.orders == []


def test_an_event_says_in_words_why_an_order_was_refused() -> None:
    visitor = Visitor()
    said = visitor.signed_in("allocation transfer out 2026 9万m3 no-8", "well", "events")
    assert "transfer_too_large" not in said
    assert " ".join(said.split()).count("is more than what remains") == 2


def test_control_that_was_restarted_meanwhile_is_not_said_to_be_away(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The first call after it finds the old connection gone; the second has a new one."""
    visitor = Visitor()
    station, stale = visitor.station, [True]
    call = station.call

    def once_gone(method: str, fields: Mapping[str, Any], within_s: float) -> Any:
        if stale and stale.pop():
            raise DeskAway("Broken pipe")
        return call(method, fields, within_s)

    monkeypatch.setattr(station, "call", once_gone)
    said = visitor.signed_in()
    assert "Broken pipe" not in said
    assert "is signed in" in said
