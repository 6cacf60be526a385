"""Room rule: what a command may do: say, ask, order. Knows no command and no screen.

Everything that can come between (Ctrl-C, a cable that is pulled, a desk that is gone, a seat that
is empty) leaves a command by one of the exceptions here; the session hears them all.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Protocol, assert_never

from agent import words
from agent.console.arguments import THIS_YEAR, Argument, Unreadable
from agent.console.terminal import Answer, EndOfInput, HungUp, Idle, Interrupted, Key, Terminal
from agent.core.model import Account, Rank, Refusal, Refused
from agent.settings import Settings

# A command is judged by the next scan and committed; a slow card and a full bus fit into this.
COMMAND_WITHIN_S: Final = 30.0
ANSWER_WITHIN_S: Final = 10.0
# Wrong answers to one question.
TRIES_MAX: Final = 3
LABEL_WIDTH: Final = 18

HEIGHT: Final = {Rank.VIEWER: 0, Rank.TECHNICIAN: 1, Rank.SUPERVISOR: 2}


class Cancelled(Exception):
    """Whoever sits there does not want it after all. Nothing was done."""


class Left(Exception):
    """Nobody sits there any more: hung up, idle, or signed out."""


class DeskAway(Exception):
    """Control does not answer, or not in time. `why` is for a technician."""


class DeskDeclined(Exception):
    """The desk answered with an error of its own."""


class SignOut(Exception):
    """`exit` was typed."""


class SignedOut(Exception):
    """The desk knows nobody at this connection."""


class Desk(Protocol):
    """The desk as a console meets it. Raises DeskAway, DeskDeclined, SignedOut."""

    def call(self, method: str, fields: Mapping[str, Any], within_s: float) -> Any: ...


class Bench(Protocol):
    """What only the composition root can lend: instruments' registers, the settings file."""

    def scan(self, bus: str, ask: Callable[[dict[str, Any]], Any], language: str) -> Iterable[str]:
        """Find and name what hangs on a bus; a line as soon as it is known."""

    def views(self, address: int, registers: list[int]) -> list[str]:
        """The same registers in every sensible type and order."""

    def check(self, language: str) -> list[str]:
        """What is wrong with the settings file as it is now; empty when nothing is."""

    def text(self) -> str:
        """The settings file as it is now."""


@dataclass(slots=True)
class Talk:
    """One technician at one terminal, and what he may do. `short` is what he types to confirm."""

    terminal: Terminal
    desk: Desk
    bench: Bench
    settings: Settings
    account: Account
    limited: bool = False
    may_stop: bool = False  # also while he is limited
    # What every answer goes through: a guide has words of its own, and raises at them.
    hear: Callable[[str], str] = str
    _revision: int | None = None

    # --- saying ----------------------------------------------------------------------------------

    @property
    def language(self) -> str:
        return self.terminal.language

    @property
    def short(self) -> str:
        return short_name(self.settings.station.id)

    def word(self, key: str, **values: object) -> str:
        return words.say(key, self.language, **values)

    def say(self, key: str, **values: object) -> None:
        self.terminal.say(self.word(key, **values))

    def lines(self, lines: Iterable[str]) -> None:
        """As many as there are, a screenful at a time."""
        self.terminal.page(lines)

    def row(self, label: str, value: str) -> str:
        return row(self.word(f"label.{label}"), value)

    def interrupted(self) -> bool:
        """Whether a long command is to stop."""
        if self.terminal.hung_up is not None:
            raise Left
        return self.terminal.interrupted()

    def key(self, within_ms: int) -> Key | None:
        pressed = self.terminal.poll_key(within_ms)
        if isinstance(pressed, HungUp):
            raise Left
        return pressed

    # --- asking ----------------------------------------------------------------------------------

    def ask(self, prompt: str, *, secret: bool = False) -> str:
        """One line. Cancelled or Left when none comes."""
        return self.hear(answered(self.terminal.ask(f"{prompt.rstrip()} ", secret=secret)))

    def secret(self, key: str) -> str:
        return self.ask(self.word(key), secret=True)

    def value(self, argument: Argument) -> Any:
        """What a command was not told. An empty answer takes the default, or gives up."""
        default = str(self.year()) if argument.default == THIS_YEAR else argument.default
        label = self.word(f"console_argument.{argument.name}")
        prompt = f"  {label} ({argument.kind.example})"
        prompt += f" [{default}]: " if default else ": "
        for _ in range(TRIES_MAX):
            given = self.ask(prompt).strip() or default
            if not given:
                raise Cancelled
            try:
                return argument.kind.value(given)
            except Unreadable as wrong:
                self.wrong(argument, wrong.given)
        raise Cancelled

    def wrong(self, argument: Argument, given: str) -> None:
        name = self.word(f"console_argument.{argument.name}")
        self.say("console.wrong", name=name, given=given[:40], example=argument.kind.example)

    def confirm(self, key: str = "console.confirm", **values: object) -> None:
        """The well's name, typed out, so that no reflex agrees. Cancelled otherwise."""
        self.say(key, short=self.short, **values)
        given = self.ask(f"{self.short} ?").strip()
        if given.casefold() not in {self.short.casefold(), self.settings.station.id.casefold()}:
            raise Cancelled

    # --- the desk --------------------------------------------------------------------------------

    def state(self) -> dict[str, Any]:
        """The station as of its last scan."""
        asked = {"revision": None, "wait_ms": 0}
        state = self.desk.call("status", asked, ANSWER_WITHIN_S)["state"]
        if state is None:
            raise DeskAway(self.word("console.no_scan"))
        return dict(state)

    def later(self, state_ms: int) -> dict[str, Any]:
        """The station once something has changed, or after so long. What is typed stays typed."""
        asked = {"revision": self._revision, "wait_ms": state_ms}
        told = self.desk.call("status", asked, ANSWER_WITHIN_S + state_ms / 1000)
        self._revision = told["revision"]
        return dict(told["state"])

    def year(self) -> int:
        state = self.state()
        if state["balance"] is not None:
            return int(state["balance"]["year"])
        return int(words.instant(state["at_utc_ms"], "en")[:4])

    def order(self, kind: str, /, **fields: Any) -> bool:
        """Hand in an order, wait for its verdict and say it. True when it took effect."""
        try:
            told = self.desk.call("command", {"order": kind, "fields": fields}, COMMAND_WITHIN_S)
        except DeskAway:
            self.say("console.unsure")
            raise
        verdict = told["verdict"]
        if self.refused(verdict["refusal"]):
            return False
        key = "verdict.accepted" if told.get("written", True) else "verdict.held"
        self.say(key, order=self.word(f"order.{verdict['order']}"))
        return True

    def refused(self, refusal: Mapping[str, str] | None) -> bool:
        """Say why, when it was."""
        if refusal is None:
            return False
        why = Refusal(Refused(refusal["reason"]), refusal["given"], refusal["expected"])
        self.say("verdict.refused", why=words.refusal(why, self.language))
        return True


def answered(answer: Answer) -> str:
    match answer:
        case str():
            return answer
        case Interrupted() | EndOfInput():
            raise Cancelled
        case Idle() | HungUp():
            raise Left
    assert_never(answer)


def new_pin(secret: Callable[[str], str], say: Callable[[str], None]) -> str:
    """Typed twice, unseen. `secret` asks by a key of the catalogue."""
    for _ in range(TRIES_MAX):
        pin = secret("console.new_pin")
        if pin and pin == secret("console.new_pin_again"):
            return pin
        say("console.pins_differ")
    raise Cancelled


def row(label: str, value: str) -> str:
    """A label and its value, the values of several rows in one column."""
    return f"  {label}{' ' * max(1, LABEL_WIDTH - words.width(label))}{value}"


def clipped(text: str, columns: int) -> str:
    """As much of it as fits; an ellipsis says that there is more."""
    if words.width(text) <= columns:
        return text
    while words.width(text) >= columns:
        text = text[:-1]
    return f"{text}…"


def short_name(station: str) -> str:
    """The last part of the station's id: short enough to type with gloves on."""
    for mark in "._":
        station = station.replace(mark, "-")
    return next(part for part in reversed(station.split("-")) if part)
