"""What is sent, drawn by a reference terminal, is what was meant: characters, columns, cursor."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.console.asking import Asking, Idle, Question
from agent.console.cells import (
    LineView,
    Traits,
    bad,
    bold,
    cells,
    drawn,
    fitting,
    folded,
    good,
    width_of,
)  # fmt: skip
from agent.console.editor import History
from agent.console.screen import Screen
from agent.console.stream import Stream
from agent.ports import HungUp
from tests.terminals import Emulator, Hands, MemoryLine

TEXTS = st.text("ab水位é³ \ue001\ue003\ue000", max_size=30)
ANSI = st.booleans()


@given(ANSI, st.lists(st.tuples(TEXTS, st.integers(0, 40)), max_size=10))
def test_a_line_becomes_any_other_line(ansi: bool, steps: list[tuple[str, int]]) -> None:
    traits = Traits(width=40, ansi=ansi)
    view, emulator = LineView(traits), Emulator(40, 3)
    for text, at in steps:
        line = fitting(cells(text, traits), traits.columns)
        column = width_of(line[:at])
        emulator.feed(view.show(line, column).encode())
        assert emulator.screen.display[0] == "".join(one.character for one in line).ljust(
            40 - width_of(line) + len(line)
        )
        assert emulator.cursor == (0, column)
        assert emulator.screen.display[1].strip() == ""


@given(st.lists(st.lists(TEXTS, max_size=8), max_size=6))
def test_a_screen_becomes_any_other_screen(screens: list[list[str]]) -> None:
    traits = Traits(width=24, height=6, ansi=True)
    screen, emulator, afresh = Screen(traits), Emulator(24, 6), Emulator(24, 6)
    for lines in screens:
        emulator.feed(screen.show(lines).encode())
        afresh.feed(Screen(traits).show(lines).encode())
        assert emulator.screen.display == afresh.screen.display
        for row, line in enumerate(lines[:5]):
            meant = fitting(cells(line, traits), traits.columns)
            assert emulator.row(row) == "".join(one.character for one in meant).rstrip()
        styles = [
            [(one.fg, one.bold) for _, one in sorted(row.items()) if one.data.strip()]
            for row in (emulator.screen.buffer[number] for number in range(6))
        ]
        assert styles == [
            [(one.fg, one.bold) for _, one in sorted(row.items()) if one.data.strip()]
            for row in (afresh.screen.buffer[number] for number in range(6))
        ]


def test_styles_are_drawn_and_end_with_their_text() -> None:
    emulator = Emulator()
    traits = Traits(ansi=True)
    emulator.feed(drawn(cells(f"a{bold('b')}{bad('停泵')}{good('c')}d", traits)).encode())
    row = emulator.screen.buffer[0]
    assert [(row[at].data, row[at].bold, row[at].fg) for at in (0, 1, 2, 4, 6, 7)] == [
        ("a", False, "default"), ("b", True, "default"), ("停", False, "red"),
        ("泵", False, "red"), ("c", False, "green"), ("d", False, "default"),
    ]  # fmt: skip
    assert drawn(cells(bold("b"), Traits(ansi=False))) == "b"


def test_a_text_from_elsewhere_brings_no_control_sequence_along() -> None:
    evil = "\x1b[2J\x1b]0;x\x07pump\x9b31m\r\n\u202ewell"
    assert drawn(cells(evil, Traits(ansi=True))) == "[2J]0;xpump31mwell"


@given(st.text("ab 水位³", max_size=120), st.integers(20, 40))
def test_folded_lines_fit_and_lose_nothing_but_the_blanks_they_break_at(
    text: str, width: int
) -> None:
    traits = Traits(width=width)
    lines = list(folded(text, traits))
    assert all(width_of(line) <= traits.columns for line in lines)
    joined = "".join(one.character for line in lines for one in line)
    assert joined.replace(" ", "") == text.replace(" ", "")


KEYS = st.one_of(
    st.text("abc 水位é³", min_size=1, max_size=6).map(str.encode),
    st.sampled_from([
        b"\x01", b"\x02", b"\x05", b"\x06", b"\x08", b"\x0b", b"\x0c", b"\x10", b"\x0e",
        b"\x15", b"\x17", b"\x19", b"\x1b[D", b"\x1b[C", b"\x1b[3~", b"\x1bb", b"\x1bf", b"\t",
        b"?", b"\xff",
    ]),
)  # fmt: skip


class Watched(MemoryLine):
    """Whenever the line is quiet, the screen is compared with the text that is edited."""

    asking: Asking
    emulator: Emulator
    compared = 0

    def read(self, within_ms: int) -> bytes | HungUp:
        if within_ms > 0:
            self.compare()
        return super().read(within_ms)

    def compare(self) -> None:
        edit, row = self.asking._edit, self.emulator.row()
        _, column = self.emulator.cursor
        self.compared += 1
        traits = self.asking._traits
        shown = "*" * len(edit.text) if self.asking._question.secret else edit.text
        line, before = (
            cells(f"> {shown}", traits),
            width_of(cells(f"> {shown[: edit.cursor]}", traits)),
        )
        if width_of(line) <= traits.columns:
            assert row == "".join(one.character for one in line).rstrip()
            assert column == before
            return
        # Scrolled: what is in sight is part of the text, and the cursor stands where it should.
        assert row.startswith("> ")
        seen = row[2:].removeprefix("<").removesuffix(">")
        assert seen.rstrip() in shown
        left = self.emulator.screen.buffer[self.emulator.cursor[0]]
        drawn_left = "".join(left[at].data for at in range(2, column)).removeprefix("<")
        assert shown[: edit.cursor].endswith(drawn_left)


@given(
    st.integers(20, 40), ANSI, st.booleans(), st.lists(KEYS, max_size=25), st.sampled_from((1, 2))
)
def test_the_screen_shows_the_line_that_is_edited(
    width: int,
    ansi: bool,
    secret: bool,
    keys: list[bytes],
    pace: int,
) -> None:
    clock, emulator = Hands(), Emulator(width, 12)
    line = Watched(clock, emulator.feed)
    traits = Traits(width=width, height=12, ansi=ansi)
    history = History()
    history.remember("allocation show 2026 年度取水计划指标 all of it")
    asking = Asking(
        Question("> ", 1_000, lambda *_: ["alpha", "alarms"], lambda *_: ["help"], secret),
        Stream(line, clock),
        history,
        traits=traits,
        language="en",
        show=lambda lines: emulator.shows("".join(f"{one}\r\n" for one in lines)),
        look=lambda: traits,
        hear=lambda _: None,
    )
    line.asking, line.emulator = asking, emulator
    for key in keys:
        line.come += [key, b""] * (pace == 1) or [key]
    assert asking.answer() == Idle()
    assert line.compared > (len(keys) if pace == 1 else 0)


@pytest.mark.parametrize("ansi", [True, False])
def test_the_last_column_is_never_written(ansi: bool) -> None:
    emulator, clock = Emulator(20, 5), Hands()
    last_column: set[str] = set()

    def seen(octets: bytes) -> bytes:
        emulator.shows(octets.decode())
        last_column.update(emulator.screen.buffer[row][19].data for row in range(5))
        return b""

    line = MemoryLine(clock, seen)
    asking = Asking(
        Question("> ", 1_000), Stream(line, clock), History(),
        traits=Traits(width=20, height=5, ansi=ansi), language="en", show=lambda _: None,
        look=Traits, hear=lambda _: None,
    )  # fmt: skip
    line.come += [piece for one in "a" * 30 + "水" * 30 for piece in (one.encode(), b"")]
    asking.answer()
    assert last_column == {" "}
    assert emulator.rows()[1:] == [""] * 4
