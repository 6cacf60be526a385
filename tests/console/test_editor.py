"""One edited line against a model of it that is as plain as can be."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.console.editor import (
    HISTORY_CHARACTERS_MAX,
    HISTORY_MAX,
    LINE_MAX,
    Edit,
    History,
    Spoiled,
    completed,
    edited,
)
from agent.console.keys import Garbled, Press, Typed
from agent.console.widths import admitted

LETTERS = st.text("ab 水位é³", min_size=1, max_size=4)
MODELLED = (
    Press.LEFT, Press.RIGHT, Press.HOME, Press.END, Press.BACKSPACE, Press.DELETE,
    Press.END_OF_INPUT, Press.KILL_TO_END, Press.KILL_TO_START, Press.KILL_WORD,
    Press.KILL_WORD_RIGHT, Press.WORD_LEFT, Press.WORD_RIGHT, Press.YANK,
)  # fmt: skip
KEYS = st.one_of(LETTERS.map(Typed), st.sampled_from(MODELLED))


class Model:
    """What stands before the cursor, and what behind it."""

    def __init__(self) -> None:
        self.before, self.after, self.killed = "", "", ""

    def press(self, key: Press | Typed) -> None:  # noqa: C901, PLR0912 - one table
        match key:
            case Typed():
                self.before += key.text
            case Press.YANK:
                self.before += self.killed
            case Press.LEFT if self.before:
                self.before, self.after = self.before[:-1], self.before[-1] + self.after
            case Press.RIGHT if self.after:
                self.before, self.after = self.before + self.after[0], self.after[1:]
            case Press.HOME:
                self.before, self.after = "", self.before + self.after
            case Press.END:
                self.before, self.after = self.before + self.after, ""
            case Press.BACKSPACE:
                self.before = self.before[:-1]
            case Press.DELETE | Press.END_OF_INPUT:
                self.after = self.after[1:]
            case Press.KILL_TO_END:
                self.killed, self.after = self.after or self.killed, ""
            case Press.KILL_TO_START:
                self.killed, self.before = self.before or self.killed, ""
            case Press.WORD_LEFT | Press.KILL_WORD:
                kept = self.before.rstrip(" ")
                while kept and kept[-1] != " ":
                    kept = kept[:-1]
                word, self.before = self.before[len(kept) :], kept
                if key is Press.WORD_LEFT:
                    self.after = word + self.after
                else:
                    self.killed = word or self.killed
            case Press.WORD_RIGHT | Press.KILL_WORD_RIGHT:
                kept = self.after.lstrip(" ")
                while kept and kept[0] != " ":
                    kept = kept[1:]
                word = self.after[: len(self.after) - len(kept)]
                self.after = kept
                if key is Press.WORD_RIGHT:
                    self.before += word
                else:
                    self.killed = word or self.killed
            case _:
                pass


@given(st.lists(KEYS, max_size=40))
def test_every_key_does_what_the_model_does(keys: list[Press | Typed]) -> None:
    edit, model = Edit(), Model()
    for key in keys:
        edit = edited(edit, key)
        model.press(key)
        assert (edit.text[: edit.cursor], edit.text[edit.cursor :]) == (model.before, model.after)
    assert edit.spoiled is None


@given(st.lists(st.one_of(st.text().map(Typed), st.sampled_from(Press)), max_size=20))
def test_whatever_is_typed_stays_bounded_and_admitted(keys: list[Press | Typed]) -> None:
    edit = Edit()
    for key in keys:
        edit = edited(edit, key)
        assert len(edit.text) <= LINE_MAX
        assert admitted(edit.text) == edit.text


def test_a_mark_joins_the_character_before_it_or_spoils_the_line() -> None:
    assert edited(Edit("e", 1), Typed("\u0301")) == Edit("é", 1)
    assert edited(Edit("水", 1), Typed("\u0301")) == Edit("水", 1, spoiled=Spoiled.GARBLED)
    assert edited(Edit(), Typed("\u200b")).spoiled is Spoiled.GARBLED


def test_a_line_that_lost_something_stays_spoiled_until_it_is_empty() -> None:
    edit = edited(Edit(), Typed("x" * LINE_MAX))
    assert edit.spoiled is None
    edit = edited(edit, Typed("y"))
    assert (len(edit.text), edit.spoiled) == (LINE_MAX, Spoiled.TOO_LONG)
    assert edited(edit, Press.BACKSPACE).spoiled is Spoiled.TOO_LONG
    assert edited(edit, Press.KILL_TO_START).spoiled is None
    assert edited(Edit(), Garbled(1)).spoiled is Spoiled.GARBLED


@pytest.mark.parametrize(
    ("text", "candidates", "becomes"),
    [
        ("al", ["allocation", "alarms"], "al"),
        ("all", ["allocation"], "allocation "),
        ("", ["show", "set"], "s"),
        ("allocation s", ["show", "set", "status"], "allocation s"),
        ("ALL", ["allocation"], "allocation "),
        ("x", [], "x"),
        ("水", ["水位", "水位计"], "水位"),
        ("meter 流", ["流量计"], "meter 流量计 "),
        ("st", ["xx", "xy"], "st"),
    ],
)
def test_completion_goes_as_far_as_all_agree(
    text: str, candidates: list[str], becomes: str
) -> None:
    done = completed(Edit(text, len(text)), candidates)
    assert (done.text, done.cursor) == (becomes, len(becomes))


def test_a_word_is_completed_in_the_middle_of_a_line() -> None:
    assert completed(Edit("all show", 3), ["allocation"]) == Edit("allocation show", 10)


def test_history_goes_back_and_forth_and_keeps_the_draft() -> None:
    history = History()
    for line in ("one", "two", "two", " "):
        history.remember(line)
    edit = Edit("dra", 3)
    seen = []
    for key in (Press.UP, Press.UP, Press.UP, Press.DOWN, Press.DOWN, Press.DOWN):
        edit = history.step(edit, key)
        seen.append(edit.text)
    assert seen == ["two", "one", "one", "two", "dra", "dra"]


def test_history_is_bounded_in_lines_and_in_characters() -> None:
    history = History()
    for number in range(3 * HISTORY_MAX):
        history.remember(f"line {number}")
    edits = [Edit()]
    while (older := history.step(edits[-1], Press.UP)) != edits[-1]:
        edits.append(older)
    assert len(edits) == HISTORY_MAX + 1
    for number in range(HISTORY_MAX):
        history.remember(f"{number:03}" + "x" * (LINE_MAX - 3))
    assert sum(map(len, history._lines)) <= HISTORY_CHARACTERS_MAX
    history.forget()
    assert history.step(Edit(), Press.UP) == Edit()


def test_a_line_called_back_is_whole() -> None:
    history = History()
    history.remember("status")
    spoiled = replace(Edit("sta", 3), spoiled=Spoiled.GARBLED)
    assert history.step(spoiled, Press.UP) == Edit("status", 6)
    # What was being typed comes back as it was, and will be refused as it would have been.
    assert history.step(history.step(spoiled, Press.UP), Press.DOWN) == spoiled
