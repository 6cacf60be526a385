"""Room rule: an instrument's register table, read from TOML into a frozen value. Data, no wire.

A profile says which registers hold which quantity, what a value depends on, and what the
instrument allows. What cannot be is refused, all of it at once: registers that do not exist, two
quantities in one register, a unit of another dimension, a totalizer without modulus, a key that
nobody knows. `find` looks in the site's own folders first, so a site may override one of ours.
"""

import tomllib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from enum import StrEnum
from pathlib import Path

from agent.catalogue import Told
from agent.core.model import Quantity, Role
from drivers import sections, shelf
from drivers.identity import Probe, Serial
from drivers.plan import (
    REGISTERS_MAX,
    TURNAROUND_GUESS_MS,
    Block,
    Limits,
    SameCount,
    Speed,
    overlapping,
    plan,
)
from drivers.registers import Factor, Row, Status, Words
from drivers.shelf import OWN_FOLDER
from drivers.tables import Table
from drivers.units import REQUIRED

FILE_BYTES_MAX = 256 * 1024
PAUSE_MAX_MS = 1000
TIMEOUT_MIN_MS = 50
TIMEOUT_MAX_MS = 5000
SLEEP_MAX_MS = 600_000


class Confidence(StrEnum):
    """What a profile rests on. Below two sources it says what is in doubt."""

    INFERRED = "inferred"  # at least one row is a conclusion: try it on a bench before use
    ONE_SOURCE = "one_source"
    TWO_SOURCES = "two_sources"  # independent of each other, and in agreement
    REAL_INSTRUMENT = "real_instrument"  # and a published dump or frame of a real one agrees


class ProfileError(Told):
    """Everything that is wrong with a profile; each problem names file, row and reason."""

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("profile.wrong", raw="\n".join(f"  {one}" for one in problems))
        self.problems = tuple(problems)


@dataclass(frozen=True, slots=True)
class Wake:
    """An instrument that sleeps after `after_ms` without traffic; a request wakes it.

    When nothing came for `patience_ms`, the same request is sent again at once.
    """

    after_ms: int
    patience_ms: int


@dataclass(frozen=True, slots=True)
class Profile:
    """One kind of instrument. `line` is how it is set ex works; `doubts` may be empty.

    A `template` is to be copied and filled in; it is nobody's register table.
    """

    name: str
    title: str
    role: Role
    confidence: Confidence
    doubts: str
    template: bool
    line: Speed
    limits: Limits
    pause_ms: int
    turnaround_ms: int
    timeout_ms: int
    wake: Wake | None
    rows: tuple[Row, ...]
    factors: tuple[Factor, ...]
    statuses: tuple[Status, ...]
    probes: tuple[Probe, ...]
    serial: Serial | None

    def resolution(self, quantity: Quantity) -> int:
        """The step of this totalizer in base units, at the usual factors."""
        return self._totalizer(quantity).resolution

    def modulus(self, quantity: Quantity) -> int:
        """Where this totalizer wraps to 0, in base units, at the usual factors."""
        return self._totalizer(quantity).modulus

    def blocks(
        self,
        speed: Speed,
        refused: frozenset[Block] = frozenset(),
        reserved: frozenset[tuple[int, int]] = frozenset(),
    ) -> tuple[tuple[Block, ...], tuple[Block, ...]]:
        """The requests of every round, and those that read the factors. Raises SameCount.

        `refused` are requests that the instrument turned down: they are split, and not asked again.
        `reserved` are functions and lengths that other questions to it have.
        """
        often = [Block(row.function, row.first, row.last - row.first + 1) for row in self.rows]
        often += [Block(*guard.at, 1) for row in self.rows for guard in row.guards]
        seldom = [Block(*factor.at, 1) for factor in self.factors]
        limits = replace(self.limits, refused=refused, reserved=reserved)
        return plan(often, seldom, limits, speed)

    def identity_blocks(self) -> tuple[Block, ...]:
        """The requests that show whether an instrument is of this kind, and which one it is.

        Each stands alone: some instruments answer otherwise when more is read with it.
        """
        serial = [] if self.serial is None else [self.serial.block]
        return tuple(dict.fromkeys([probe.block for probe in self.probes] + serial))

    def is_of(self, words: Words, unit: int) -> bool:
        """Whether the instrument at `unit` that holds these words is of this kind.

        Registers that `words` lacks are those that could not be read.
        """
        return all(
            words.keys() >= set(probe.block.registers()) and probe.holds(words, unit)
            for probe in self.probes
        )

    def _totalizer(self, quantity: Quantity) -> Row:
        row = next((row for row in self.rows if row.quantity is quantity), None)
        assert row is not None, f"{quantity} is no row of profile {self.name}"
        assert row.modulus, f"{quantity} is no totalizer"
        return row


def find(name: str, folders: Iterable[Path] = ()) -> Path:
    """The file of the profile called `name`: in the site's folders first, then in ours."""
    searched = [*folders, OWN_FOLDER]
    if (path := shelf.find(name, searched)) is not None:
        return path
    known = sorted({path.stem for folder in searched for path in folder.glob("*.toml")})
    where = ", ".join(str(folder) for folder in searched)
    raise ProfileError(
        [f"profile {name}: there is no {name}.toml in {where}; choose one of {', '.join(known)}"]
    )


def load(path: Path) -> Profile:
    """Read one profile; ProfileError holds all that is wrong with it."""
    try:
        with path.open("rb") as file:
            content = file.read(FILE_BYTES_MAX + 1)
        if len(content) > FILE_BYTES_MAX:
            raise ProfileError([f"{path}: has more than {FILE_BYTES_MAX} bytes; name a profile"])
        raw = tomllib.loads(content.decode("utf-8"), parse_float=Decimal)
    # ValueError: no UTF-8, no TOML, or a number of 5000 digits.
    except (OSError, ValueError, ArithmeticError, RecursionError) as why:
        raise ProfileError([f"{path}: cannot be read: {why}; correct the file"]) from why
    return parse(raw, path.stem, str(path))


def parse(raw: object, name: str, where: str) -> Profile:
    """The profile called `name` in what was read from `where`; ProfileError as in `load`."""
    problems: list[str] = []
    profile = _profile(Table(raw, where, problems))
    if profile.name != name:
        problems.append(f"{where}: name is {profile.name!r}; it must be the file's own, {name!r}")
    if not problems:
        problems += _impossible(profile, where)
    if problems:
        raise ProfileError(problems)
    return profile


def recognised(profiles: Iterable[Profile], words: Words, unit: int) -> list[Profile]:
    """The kinds that the instrument at `unit` can be, the one with the most proof first."""
    fitting = [one for one in profiles if not one.template and one.is_of(words, unit)]
    return sorted(fitting, key=lambda one: (-len(one.probes), one.name))


def unreadable(profile: Profile, speed: Speed) -> str | None:
    """Why this instrument cannot be asked without mistaking its replies; None when it can."""
    try:
        profile.blocks(speed)
    except SameCount as why:
        return str(why)
    return None


def _profile(top: Table) -> Profile:
    role = top.choice("role", {role.value: role for role in Role})
    factors = tuple(sections.factor(table) for table in top.tables("factor"))
    guards = tuple(sections.guard(table) for table in top.tables("guard"))
    made = Profile(
        name=top.text("name"),
        title=top.text("title"),
        role=role,
        confidence=top.choice("confidence", {one.value: one for one in Confidence}),
        doubts=top.text("doubts") if top.has("doubts") else "",
        template=top.flag("template"),
        line=_line(Table(top.mapping("line"), f"{top.where}: line", top.problems)),
        limits=Limits(
            tuple(sections.span(table) for table in top.tables("readable")),
            top.integer("registers_max", 1, REGISTERS_MAX),
            top.integer("count_step", 1, 4, default=1),
        ),
        pause_ms=top.integer("pause_ms", 0, PAUSE_MAX_MS),
        turnaround_ms=top.integer("turnaround_ms", 1, TIMEOUT_MAX_MS, default=TURNAROUND_GUESS_MS),
        timeout_ms=top.integer("timeout_ms", TIMEOUT_MIN_MS, TIMEOUT_MAX_MS),
        wake=_wake(top),
        rows=tuple(sections.row(table, role, guards, factors) for table in top.tables("quantity")),
        factors=factors,
        statuses=tuple(sections.status(table) for table in top.tables("status")),
        probes=tuple(sections.probe(table) for table in top.tables("probe")),
        serial=_serial(top),
    )
    top.done()
    names = [factor.name for factor in factors] + [guard.name for guard in guards]
    for twice in _twice(names) + _twice([one.name for one in made.statuses]):
        top.wrong(f"two rows are called {twice}")
    if not made.rows:
        top.wrong("there is no [[quantity]]")
    return made


def _line(table: Table) -> Speed:
    speed = Speed(
        table.integer("baud", 1200, 115200),
        table.choice("parity", {parity: parity for parity in "NEO"}),
        table.integer("stop_bits", 1, 2),
    )
    table.done()
    return speed


def _wake(top: Table) -> Wake | None:
    if not top.has("wake"):
        return None
    table = Table(top.mapping("wake"), f"{top.where}: wake", top.problems)
    wake = Wake(
        table.integer("after_ms", 1000, SLEEP_MAX_MS),
        table.integer("patience_ms", TIMEOUT_MIN_MS, TIMEOUT_MAX_MS),
    )
    table.done()
    return wake


def _serial(top: Table) -> Serial | None:
    if not top.has("serial"):
        return None
    return sections.serial(Table(top.mapping("serial"), f"{top.where}: serial", top.problems))


def _impossible(profile: Profile, where: str) -> list[str]:
    """What only shows when the sections are seen together."""
    problems = [f"{where}: {why}" for why in _missing(profile)]
    problems += [f"{where}: {why}" for why in _misplaced(profile)]
    if (why := unreadable(profile, profile.line)) is not None:
        problems.append(f"{where}: {why}")
    return problems


def _missing(profile: Profile) -> list[str]:
    problems = []
    names = [row.quantity for row in profile.rows]
    problems += [f"quantity {name} stands twice" for name in _twice(names)]
    problems += [
        f"there is no quantity {name}, without which it is no {profile.role}"
        for name in REQUIRED[profile.role]
        if name not in names
    ]
    if profile.confidence in (Confidence.INFERRED, Confidence.ONE_SOURCE) and not profile.doubts:
        problems.append(f"confidence is {profile.confidence}, and doubts does not say what to try")
    if all(probe.takes_zeros for probe in profile.probes):
        problems.append(
            "no [[probe]] tells it from an instrument that answers every register with 0; "
            "add one of something that is never 0"
        )
    return problems


def _misplaced(profile: Profile) -> list[str]:
    """Registers that overlap, that no manual lists, or that do not fit into one request."""
    problems = []
    most = profile.limits.registers_max
    spans = {
        f"quantity {row.quantity}": Block(row.function, row.first, row.last - row.first + 1)
        for row in profile.rows
    }
    for name, block in spans.items():
        if block.count > most:
            problems.append(
                f"{name} spans {block.count} registers; the instrument reads {most} at once, "
                "and its parts must come in one reply"
            )
    parts = [
        Block(row.function, part.address, part.count) for row in profile.rows for part in row.parts
    ]
    words = {f"factor {one.name}": one.at for one in profile.factors}
    words |= {f"guard {one.name}": one.at for row in profile.rows for one in row.guards}
    problems += [
        f"the values at {first.address} and {second.address} share a register"
        for first, second in overlapping(parts)
    ]
    problems += [
        f"{name} stands at {at.address}, inside the value at {part.address}"
        for name, at in words.items()
        for part in parts
        if part.covers(Block(*at, 1))
    ]
    words |= {f"status {one.name}": one.at for one in profile.statuses}
    spans |= {name: Block(*at, 1) for name, at in words.items()}
    spans |= {f"probe {n}": probe.block for n, probe in enumerate(profile.probes, 1)}
    if profile.serial is not None:
        spans["serial"] = profile.serial.block
    problems += [
        f"{name}: no [[readable]] lists function {block.function} register "
        f"{block.address} to {block.last}; correct the address, or list it with its source"
        for name, block in spans.items()
        if not any(readable.covers(block) for readable in profile.limits.readable)
    ]
    return problems


def _twice(names: Sequence[str]) -> list[str]:
    return sorted({name for name in names if names.count(name) > 1})
