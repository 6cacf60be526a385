"""Room rule: what a line says: which command, with which arguments, or what is wrong. Pure.

Commands are a tree of words; each word may be shortened as long as it is unambiguous among those
that can stand there. Arguments follow in their order. What is missing is not wrong: whoever runs
the command asks for it. Nothing here knows what a command does.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from agent.console.arguments import Argument, Kind, Unreadable, plain
from agent.core.model import Rank

# A word, or a text between quotation marks of either kind.
_PIECES: Final = re.compile(r'["“”]([^"“”]*)(["“”]|$)|([^\s"“”]+)')
_NUMBER: Final = re.compile(r"[-+]?[\d.,]+")


@dataclass(frozen=True, slots=True)
class Command:
    """`does` names a module of `screens` and its function; it takes at least this `rank`."""

    words: tuple[str, ...]
    does: str
    rank: Rank = Rank.VIEWER
    arguments: tuple[Argument, ...] = ()

    @property
    def key(self) -> str:
        """Its key in the catalogue."""
        return "_".join(self.words).replace("-", "_")

    @property
    def name(self) -> str:
        return " ".join(self.words)


@dataclass(frozen=True, slots=True)
class Piece:
    """A word of a line. `at`: where it begins and ends. `quoted`: it stood between marks."""

    text: str
    at: tuple[int, int]
    quoted: bool = False


@dataclass(frozen=True, slots=True)
class Understood:
    command: Command
    values: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Unknown:
    """No command begins so; there are `known` at that place."""

    given: str
    known: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Ambiguous:
    """More than one word begins so."""

    given: str
    known: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Unfinished:
    """The words so far begin several commands; `known` are those that may follow."""

    words: tuple[str, ...]
    known: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Wrong:
    """An argument is not what it should be."""

    command: Command
    argument: Argument
    given: str


@dataclass(frozen=True, slots=True)
class TooMuch:
    """More words than the command takes."""

    command: Command
    given: str


@dataclass(frozen=True, slots=True)
class Blank:
    """Nothing was typed."""


Meaning = Understood | Unknown | Ambiguous | Unfinished | Wrong | TooMuch | Blank


@dataclass(frozen=True, slots=True)
class Offer:
    """What may stand at the cursor: a word of commands, or an argument."""

    word: str
    command: Command | None  # that it completes, when it does
    argument: Argument | None = None


class Grammar:
    """A table of commands."""

    def __init__(self, commands: Sequence[Command]) -> None:
        self.commands = tuple(commands)

    # --- what a line means -----------------------------------------------------------------------

    def read(self, line: str) -> Meaning:
        pieces = _pieces(line)
        if not pieces:
            return Blank()
        words, rest, wrong = self._words(pieces)
        if wrong is not None:
            return wrong
        command = self._named(words)
        if command is None:
            return Unfinished(words, self._next(words))
        return _bound(command, line, rest)

    def command(self, name: str) -> Command:
        return next(one for one in self.commands if one.name == name)

    def beginning(self, line: str) -> tuple[Command, ...]:
        """The commands that begin with the words of a line; none when there are none such."""
        words, _, wrong = self._words(_pieces(line))
        if wrong is not None:
            return ()
        return tuple(one for one in self.commands if one.words[: len(words)] == words)

    def _words(
        self, pieces: Sequence[Piece]
    ) -> tuple[tuple[str, ...], Sequence[Piece], Unknown | Ambiguous | None]:
        """The command's words in full, the pieces after them, and what is wrong with the next."""
        words: tuple[str, ...] = ()
        for place, piece in enumerate(pieces):
            known = self._next(words)
            found = [] if piece.quoted else _fitting(piece.text, known)
            if len(found) == 1:
                words = (*words, found[0])
                continue
            rest = pieces[place:]
            if not known or (self._named(words) is not None and not found):
                return words, rest, None
            wrong = Ambiguous(piece.text, tuple(found)) if found else Unknown(piece.text, known)
            return words, rest, wrong
        return words, (), None

    def _next(self, words: tuple[str, ...]) -> tuple[str, ...]:
        """The words that may follow, in the order of the table."""
        size = len(words)
        return tuple(
            dict.fromkeys(
                one.words[size]
                for one in self.commands
                if one.words[:size] == words and len(one.words) > size
            )
        )

    def _named(self, words: tuple[str, ...]) -> Command | None:
        return next((one for one in self.commands if one.words == words), None)

    # --- what may come next ----------------------------------------------------------------------

    def offers(self, line: str, cursor: int) -> tuple[Offer, ...] | None:
        """What may stand at the cursor. None inside a text, where anything may."""
        before = line[:cursor]
        pieces = _pieces(before)
        begun = pieces.pop().text if pieces and not before[-1:].isspace() else ""
        words, rest, wrong = self._words(pieces)
        if wrong is not None:
            return ()
        offers = self._words_offered(words, begun) if not rest else []
        command = self._named(words)
        if command is not None:
            offers += _arguments_offered(command, before, rest, begun)
        free = command is not None and begun and not any(one.word for one in offers)
        return None if free else tuple(offers)

    def _words_offered(self, words: tuple[str, ...], begun: str) -> list[Offer]:
        known = _fitting(begun, self._next(words)) if begun else self._next(words)
        return [Offer(word, self._named((*words, word))) for word in known]

    def candidates(self, line: str, cursor: int) -> list[str]:
        """The words that may stand in place of the one before the cursor."""
        return [one.word for one in self.offers(line, cursor) or () if one.word]


def _pieces(line: str) -> list[Piece]:
    found = []
    for one in _PIECES.finditer(line):
        quoted = one[3] is None
        found.append(Piece(one[1] if quoted else one[3], one.span(), quoted))
    return found


def _fitting(given: str, known: Sequence[str]) -> list[str]:
    folded = plain(given).casefold()
    return [one for one in known if one == folded] or [
        one for one in known if folded and one.startswith(folded)
    ]


def _bound(command: Command, line: str, pieces: Sequence[Piece]) -> Meaning:
    """The arguments' values, one piece after the other."""
    values: dict[str, Any] = {}
    left = list(pieces)
    for argument in command.arguments:
        if not left:
            break
        given = _taken(argument.kind, line, left)
        try:
            values[argument.name] = argument.kind.value(given)
        except Unreadable:
            return Wrong(command, argument, given)
    if left:
        return TooMuch(command, line[left[0].at[0] :].strip())
    return Understood(command, values)


def _taken(kind: Kind, line: str, left: list[Piece]) -> str:
    """The text of the next argument; its pieces are gone from `left`."""
    first = left.pop(0)
    if kind.rest and left:
        end = left[-1].at[1]
        left.clear()
        return line[first.at[0] : end]
    number = _NUMBER.fullmatch(plain(first.text))
    if kind.joins and number and left and plain(left[0].text).casefold() in kind.joins:
        return first.text + left.pop(0).text
    return first.text


def _arguments_offered(
    command: Command, before: str, pieces: Sequence[Piece], begun: str
) -> Iterator[Offer]:
    left = list(pieces)
    arguments = list(command.arguments)
    while left and arguments:
        _taken(arguments.pop(0).kind, before, left)
    if left or not arguments:
        return
    argument = arguments[0]
    choices = argument.kind.choices
    for word in _fitting(begun, choices) if begun else choices:
        yield Offer(word, None, argument)
    if not choices:
        yield Offer("", None, argument)
