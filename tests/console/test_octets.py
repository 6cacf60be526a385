"""How much is sent: at 9600 baud a character takes a millisecond, and a redrawn line a tenth."""

from collections.abc import Callable

import pytest

from agent.console.terminal import Terminal, Traits
from tests.terminals import Hands, MemoryLine

LINE = "allocation show 2026"


class Counted:
    """A terminal at whose line the octets are counted."""

    def __init__(self, *, ansi: bool) -> None:
        self.clock = Hands()
        self.line = MemoryLine(self.clock)
        self.terminal = Terminal(self.line, self.clock, "en", Traits(ansi=ansi))

    def sent(self, keys: list[str]) -> int:
        """The octets that these keys cost, typed one by one after a line that was typed before."""
        self.line.come += [LINE.encode(), b""]
        before = len(LINE) + len("> ")
        self.line.come += [one for key in keys for one in (key.encode(), b"")]
        self.terminal.ask("> ", idle_ms=1)
        return len(self.line.written) - before - len("\r\n")


# To leave the line the cursor goes to its end, which is counted, too.
@pytest.mark.parametrize(
    ("keys", "ansi", "dumb"),
    [
        (list(" all"), 4, 4),
        (list("年度计划"), 12, 12),
        (["\x7f"], 3, 3),
        (["\x7f"] * 5, 15, 15),
        (["\x15"], 6, 43),
        (["\x17"], 7, 12),
        (["\x1b[D"], 2, 2),
        (["\x01", "\x05"], 8, 23),
        (["\x01", "x"], 33, 48),
        (["\x1b[A"], 0, 0),
        (["\t"], 0, 0),
    ],
)
def test_typical_editing_costs_what_it_must(keys: list[str], ansi: int, dumb: int) -> None:
    assert (Counted(ansi=True).sent(keys), Counted(ansi=False).sent(keys)) == (ansi, dumb)


def numbers(tick: int) -> list[str]:
    return [
        "允许取水                        2026-07-01 08:00:00 北京时间",
        *(f"  line {row}  a value that stays {row * 1000:,} m³" for row in range(18)),
        f"  flow {80 + tick % 7}.{tick % 10} m³/h   power {18 + tick % 3}.2 kW",
    ]


def test_a_screen_that_is_watched_costs_only_the_digits_that_change() -> None:
    counted = Counted(ansi=True)
    counted.terminal.paint(numbers(0))
    first = len(counted.line.written)
    for tick in range(1, 11):
        counted.terminal.paint(numbers(tick))
    each = (len(counted.line.written) - first) / 10
    assert first < 1_000
    assert each < 30


@pytest.mark.parametrize(
    "say",
    [lambda terminal: terminal.progress("50 %"), lambda terminal: terminal.paint(["x"])],
    ids=["progress", "paint"],
)
def test_what_has_not_changed_is_not_sent_again(say: Callable[[Terminal], None]) -> None:
    counted = Counted(ansi=True)
    say(counted.terminal)
    before = len(counted.line.written)
    say(counted.terminal)
    assert len(counted.line.written) == before
