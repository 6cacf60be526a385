"""What a line means: abbreviations, arguments, what may come next, and what is wrong."""

from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent import words
from agent.console.arguments import DAY, DURATION, SIGNED_VOLUME, VOLUME, Unreadable, scaled
from agent.console.carrying import does
from agent.console.commands import COMMANDS, GRAMMAR
from agent.console.grammar import (
    Ambiguous,
    Blank,
    Command,
    TooMuch,
    Understood,
    Unfinished,
    Unknown,
    Wrong,
)
from agent.core.model import Rank


def command(line: str) -> str:
    meaning = GRAMMAR.read(line)
    assert isinstance(meaning, Understood), meaning
    return meaning.command.name


def values(line: str) -> dict[str, Any]:
    meaning = GRAMMAR.read(line)
    assert isinstance(meaning, Understood), meaning
    return meaning.values


@pytest.mark.parametrize(
    ("line", "name"),
    [
        ("status", "status"),
        ("STATUS", "status"),
        ("  status  ", "status"),
        ("st", "status"),
        ("ｓｔａｔｕｓ", "status"),
        ("w", "watch"),
        ("alloc show", "allocation show"),
        ("allo sh", "allocation show"),
        ("me cal beg", "meter calibrate begin"),
        ("rel sto danger", "relay stop"),
        ("over fire 5m3 1h barn burns", "override"),
        ("over end all is well", "override end"),
        ("lay", "lay-up"),
        ("exit", "exit"),
    ],
)
def test_words_may_be_shortened_as_long_as_they_are_clear(line: str, name: str) -> None:
    assert command(line) == name


@pytest.mark.parametrize(
    ("line", "meaning"),
    [
        ("", Blank()),
        ("   ", Blank()),
        ("frob", Unknown),
        ("allocation frob", Unknown),
        ("a", Ambiguous),
        ("re", Ambiguous),
        ("relay", Unfinished),
        ("meter calibrate", Unfinished),
        ("status now", TooMuch),
        ("allocation set 2026 5m3 doc more", TooMuch),
        ("allocation set never 5m3 doc", Wrong),
        ('"status"', Unknown),
    ],
)
def test_what_is_wrong_is_told_apart(line: str, meaning: Any) -> None:
    found = GRAMMAR.read(line)
    assert found == meaning if isinstance(meaning, Blank) else isinstance(found, meaning)


def test_what_is_wrong_says_what_there_is() -> None:
    assert GRAMMAR.read("relay x") == Unknown("x", ("stop", "release", "test"))
    assert GRAMMAR.read("clo s") == Ambiguous("s", ("show", "set"))
    assert GRAMMAR.read("visit") == Unfinished(("visit",), ("show", "open", "close"))


def test_arguments_follow_in_their_order_and_what_is_missing_is_missing() -> None:
    assert values("allocation set 2026 62500m3 水资〔2026〕7号") == {
        "year": 2026,
        "volume": 62_500_000,
        "document": "水资〔2026〕7号",
    }
    assert values("allocation set") == {}
    assert values("allocation set ２０２６ 6.25 万m³") == {"year": 2026, "volume": 62_500_000}
    assert values('allocation set 2026 5m3 "no 7 of May"')["document"] == "no 7 of May"
    assert values("allocation set 2026 5m3 “no 7 of May”")["document"] == "no 7 of May"
    assert values("relay stop work on the well")["reason"] == "work on the well"
    assert values("clock set 2026-06-01 08:30")["time"].hour == 8


@pytest.mark.parametrize(
    ("text", "litres"),
    [
        ("62500m3", 62_500_000),
        ("62,500 m³", 62_500_000),
        ("６２５００ｍ３", 62_500_000),
        ("6.25万m³", 62_500_000),
        ("6.25万方", 62_500_000),
        ("100方", 100_000),
        ("12.5立方米", 12_500),
        ("600L", 600),
        ("600升", 600),
    ],
)
def test_a_volume_as_people_write_it(text: str, litres: int) -> None:
    assert VOLUME.value(text) == litres
    assert SIGNED_VOLUME.value(f"-{text}") == -litres


@pytest.mark.parametrize(
    "text", ["", "600", "m3", "-5m3", "1e3m3", "0.0001m3", "5 gallons", "五方"]
)
def test_what_is_no_volume_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(Unreadable) as refused:
        VOLUME.value(text)
    assert "62500m3" in refused.value.example


@pytest.mark.parametrize(
    "text",
    ["2026-10-31", "2026/10/31", "2026.10.31", "20261031", "2026年10月31日", "２０２６-10-31"],
)
def test_a_day_as_people_write_it(text: str) -> None:
    assert DAY.value(text) == date(2026, 10, 31)


@pytest.mark.parametrize("text", ["2026-13-01", "2026-02-30", "31.10.2026", "tomorrow", ""])
def test_what_is_no_day_is_refused(text: str) -> None:
    with pytest.raises(Unreadable):
        DAY.value(text)


@pytest.mark.parametrize(
    ("text", "milliseconds"),
    [
        ("30s", 30_000),
        ("15min", 900_000),
        ("1.5h", 5_400_000),
        ("2小时", 7_200_000),
        ("10 分", None),
    ],
)
def test_a_duration_has_its_unit(text: str, milliseconds: int | None) -> None:
    if milliseconds is None:
        with pytest.raises(Unreadable):
            DURATION.value(text)
    else:
        assert DURATION.value(text) == milliseconds


def test_a_coefficient_is_exact_to_its_last_place() -> None:
    kind = scaled("coefficient", 3, 100, 20_000, "3.81")
    assert kind.value("3.81") == 3_810
    assert kind.value("4") == 4_000
    for wrong in ("0.05", "3.8114", "25", "-1", "x", "1,5", "1，5", "1。5"):
        with pytest.raises(Unreadable):
            kind.value(wrong)


@pytest.mark.parametrize(
    ("line", "words_offered"),
    [
        ("", list(dict.fromkeys(command.words[0] for command in COMMANDS))),
        ("al", ["alarms", "allocation"]),
        (
            "allocation ",
            [
                "show",
                "set",
                "add",
                "reduce",
                "transfer",
                "provisional",
                "correct",
                "limit",
                "energy",
            ],
        ),
        ("allocation s", ["show", "set"]),
        ("allo tr ", ["in", "out"]),
        ("meter fit ", ["flow", "power"]),
        ("meter fit f", ["flow"]),
        ("meter fit flow ", [""]),
        ("status ", []),
        ("nonsense ", []),
        ("override ", ["end", "fire", "livestock", "drinking_water"]),
    ],
)
def test_what_may_come_is_offered(line: str, words_offered: list[str]) -> None:
    offers = GRAMMAR.offers(line, len(line))
    assert offers is not None
    assert [one.word for one in offers] == words_offered


def test_inside_a_text_a_question_mark_is_a_character() -> None:
    for line in ("relay stop who knows", "allocation set 2026 5m3 no", "visit open Wang"):
        assert GRAMMAR.offers(line, len(line)) is None


def test_every_command_has_its_help_its_arguments_theirs_and_its_function_exists() -> None:
    keys = words.catalogue()
    nouns = {one.words[:n] for one in COMMANDS for n in range(1, len(one.words))}
    alone = {one.words for one in COMMANDS}
    for one in COMMANDS:
        assert f"console_help.{one.key}" in keys
        assert callable(does(one))
        for argument in one.arguments:
            assert f"console_argument.{argument.name}" in keys
    for noun in nouns - alone:
        assert f"console_noun.{noun[-1].replace('-', '_')}" in keys
    helps = {key for key in keys if key.startswith("console_help.")}
    assert helps == {f"console_help.{one.key}" for one in COMMANDS}


def test_whoever_only_looks_may_order_nothing() -> None:
    orders = {"set", "add", "fit", "remove", "stop", "release", "open", "close", "paste"}
    for one in COMMANDS:
        if orders & set(one.words):
            assert one.rank is not Rank.VIEWER, one


@given(st.text(max_size=60), st.integers(0, 60))
def test_any_line_means_something_and_offers_something(line: str, cursor: int) -> None:
    GRAMMAR.read(line)
    for one in GRAMMAR.candidates(line, min(cursor, len(line))):
        assert one


@given(st.lists(st.sampled_from([word for one in COMMANDS for word in one.words]), max_size=4))
def test_any_row_of_words_is_understood_or_refused(row: list[str]) -> None:
    meaning = GRAMMAR.read(" ".join(row))
    assert not isinstance(meaning, Understood) or isinstance(meaning.command, Command)


@pytest.mark.parametrize("language", ["zh", "en"])
def test_each_line_of_help_stands_on_one_row_of_80_columns(language: str) -> None:
    told = [key for key in words.catalogue() if key.startswith(("console_help.", "console_noun."))]
    assert [key for key in told if words.width(words.say(key, language)) > 52] == []
