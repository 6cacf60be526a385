"""Room rule: a terminal with the emulator that draws what it sends. Claims nothing."""

from collections.abc import Sequence
from typing import Any

from agent.console.terminal import Answer, Terminal, Traits
from tests.terminals import Emulator, Hands, MemoryLine


class Desk:
    """A terminal, its line and the emulator at its other end."""

    def __init__(self, width: int = 80, height: int = 24, *, ansi: bool = True) -> None:
        self.clock = Hands()
        self.emulator = Emulator(width, height)
        self.line = MemoryLine(self.clock, self.emulator.feed)
        self.terminal = Terminal(
            self.line, self.clock, "en", Traits(width=width, height=height, ansi=ansi)
        )

    def types(self, *pieces: bytes | str) -> None:
        self.line.come += [one.encode() if isinstance(one, str) else one for one in pieces]

    def asks(self, *pieces: bytes | str, prompt: str = "> ", **options: Any) -> Answer:
        self.types(*pieces)
        return self.terminal.ask(prompt, **options)

    @property
    def shown(self) -> list[str]:
        rows = self.emulator.rows()
        while rows and not rows[-1]:
            rows.pop()
        return rows


def candidates(text: str, cursor: int) -> Sequence[str]:
    start = text.rfind(" ", 0, cursor) + 1
    return [one for one in ("allocation", "alarms", "about") if one.startswith(text[start:cursor])]
