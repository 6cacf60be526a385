"""Room rule: an instrument's register table, read from TOML into a frozen value. Data, no wire.

A profile says which registers hold which quantity, what a value depends on, and what the
instrument allows. What cannot be is refused, all of it at once: registers that do not exist, two
quantities in one register, a unit of another dimension, a totalizer without modulus, a key that
nobody knows. `find` looks in the site's own folders first, so a site may override one of ours.
"""

import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

from agent.core.model import Fault, Quantity, Role
from drivers.plan import REGISTERS_MAX, Block, Limits, SameCount, Speed, overlapping, plan
from drivers.registers import Factor, Guard, Part, Register, Row, Type, WordOrder
from drivers.tables import Table

OWN_FOLDER = Path(__file__).parent / "profiles"

ADDRESS_MAX = 0xFFFF
WORD_MAX = 0xFFFF
BASE_UNITS_MAX = 10**15
PAUSE_MAX_MS = 1000
TIMEOUT_MIN_MS = 50
TIMEOUT_MAX_MS = 5000

# What may be read of whom, and what each unit is in the quantity's base unit.
_VOLUME = {"L": Fraction(1), "m3": Fraction(1000)}
_FLOW = {"L/h": Fraction(1), "m3/h": Fraction(1000), "L/s": Fraction(3600)}
UNITS: Mapping[Role, Mapping[Quantity, Mapping[str, Fraction]]] = {
    Role.FLOW_METER: {
        Quantity.FLOW_L_PER_H: {**_FLOW, "m3/s": Fraction(3_600_000)},
        Quantity.FORWARD_TOTAL_L: _VOLUME,
        Quantity.REVERSE_TOTAL_L: _VOLUME,
    },
    Role.POWER_METER: {
        Quantity.POWER_W: {"W": Fraction(1), "kW": Fraction(1000)},
        Quantity.ENERGY_WH: {"Wh": Fraction(1), "kWh": Fraction(1000)},
    },
    Role.LEVEL_PROBE: {
        Quantity.LEVEL_MM: {"mm": Fraction(1), "cm": Fraction(10), "m": Fraction(1000)},
    },
}
TOTALIZERS = (Quantity.FORWARD_TOTAL_L, Quantity.REVERSE_TOTAL_L, Quantity.ENERGY_WH)
GUARD_FAULTS = (Fault.EMPTY_PIPE, Fault.NO_SIGNAL, Fault.DEVICE_FAULT, Fault.INVALID)


class ProfileError(Exception):
    """Everything that is wrong with a profile; each problem names file, row and reason."""

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = tuple(problems)


@dataclass(frozen=True, slots=True)
class Profile:
    """One kind of instrument. `line` is how it is set ex works."""

    name: str
    title: str
    role: Role
    confidence: str
    line: Speed
    limits: Limits
    pause_ms: int
    timeout_ms: int
    rows: tuple[Row, ...]
    factors: tuple[Factor, ...]

    def resolution(self, quantity: Quantity) -> int:
        """The step of this totalizer in base units, at the usual factors."""
        return self._totalizer(quantity).resolution

    def modulus(self, quantity: Quantity) -> int:
        """Where this totalizer wraps to 0, in base units, at the usual factors."""
        return self._totalizer(quantity).modulus

    def blocks(
        self, speed: Speed, refused: frozenset[Block] = frozenset()
    ) -> tuple[tuple[Block, ...], tuple[Block, ...]]:
        """The requests of every round, and those that read the factors. Raises SameCount.

        `refused` are requests that the instrument turned down: they are split, and not asked again.
        """
        often = [Block(row.function, row.first, row.last - row.first + 1) for row in self.rows]
        often += [Block(*guard.at, 1) for row in self.rows for guard in row.guards]
        seldom = [Block(*factor.at, 1) for factor in self.factors]
        return plan(often, seldom, replace(self.limits, refused=refused), speed)

    def _totalizer(self, quantity: Quantity) -> Row:
        row = next((row for row in self.rows if row.quantity is quantity), None)
        assert row is not None, f"{quantity} is no row of profile {self.name}"
        assert row.modulus, f"{quantity} is no totalizer"
        return row


def find(name: str, folders: Iterable[Path] = ()) -> Path:
    """The file of the profile called `name`: in the site's folders first, then in ours."""
    searched = [*folders, OWN_FOLDER]
    for folder in searched:
        path = folder / f"{name}.toml"
        if path.is_file():
            return path
    known = sorted({path.stem for folder in searched for path in folder.glob("*.toml")})
    where = ", ".join(str(folder) for folder in searched)
    raise ProfileError(
        [f"profile {name}: there is no {name}.toml in {where}; choose one of {', '.join(known)}"]
    )


def load(path: Path) -> Profile:
    """Read one profile; ProfileError holds all that is wrong with it."""
    try:
        raw = tomllib.loads(path.read_text(encoding="utf-8"), parse_float=Decimal)
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as why:
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


def unreadable(profile: Profile, speed: Speed) -> str | None:
    """Why this instrument cannot be asked without mistaking its replies; None when it can."""
    try:
        profile.blocks(speed)
    except SameCount as why:
        return str(why)
    return None


def _profile(top: Table) -> Profile:
    name, title, confidence = top.text("name"), top.text("title"), top.text("confidence")
    role = top.choice("role", {role.value: role for role in Role})
    line = Table(top.mapping("line"), f"{top.where}: line", top.problems)
    speed = Speed(
        line.integer("baud", 1200, 115200),
        line.choice("parity", {parity: parity for parity in "NEO"}),
        line.integer("stop_bits", 1, 2),
    )
    line.done()
    limits = Limits(
        tuple(_span(table) for table in top.tables("readable")),
        top.integer("registers_max", 1, REGISTERS_MAX),
        top.integer("count_step", 1, 4, default=1),
    )
    pause_ms = top.integer("pause_ms", 0, PAUSE_MAX_MS)
    timeout_ms = top.integer("timeout_ms", TIMEOUT_MIN_MS, TIMEOUT_MAX_MS)
    factors = tuple(_factor(table) for table in top.tables("factor"))
    guards = tuple(_guard(table) for table in top.tables("guard"))
    rows = tuple(_row(table, role, guards, factors) for table in top.tables("quantity"))
    top.done()
    for twice in _twice([factor.name for factor in factors] + [guard.name for guard in guards]):
        top.wrong(f"two rows are called {twice}")
    if not rows:
        top.wrong("there is no [[quantity]]")
    return Profile(
        name, title, role, confidence, speed, limits, pause_ms, timeout_ms, rows, factors
    )


def _span(table: Table) -> Block:
    function = _function(table)
    first = table.integer("first", 0, ADDRESS_MAX)
    last = table.integer("last", first, ADDRESS_MAX)
    table.text("source")
    table.done()
    return Block(function, first, last - first + 1)


def _function(table: Table) -> int:
    """Read holding or input registers: no profile can name a function that writes."""
    return table.integer("function", 3, 4, default=3)


def _register(table: Table) -> Register:
    return Register(_function(table), table.integer("address", 0, ADDRESS_MAX))


def _factor(table: Table) -> Factor:
    at = _register(table)
    codes = None
    if table.has("table"):
        codes = {}
        for code, factor in table.mapping("table").items():
            word = int(code) if code.isdecimal() and len(code) <= 5 else -1
            table.checked_integer("a code in table", word, 0, WORD_MAX)
            codes[word] = table.checked_number(f"table {code}", factor)
    scale = table.number("scale", 1)
    factor = Factor(table.text("name"), at, table.text("source"), codes, scale)
    table.done()
    return factor


def _guard(table: Table) -> Guard:
    at = _register(table)
    at_least = None
    if table.has("bits"):
        bits = [table.checked_integer("a bit", bit, 0, 15) for bit in table.list("bits")]
        mask = sum(1 << bit for bit in set(bits))
    else:
        mask = table.integer("mask", 1, WORD_MAX)
        at_least = table.integer("at_least", 1, WORD_MAX)
    if not mask:
        table.wrong("bits names no bit, so it would never guard")
        mask = 1
    fault = table.choice("fault", {fault.value: fault for fault in GUARD_FAULTS})
    guard = Guard(table.text("name"), at, mask, fault, table.text("source"), at_least)
    if at_least is not None and not guard.consents(WORD_MAX):
        table.wrong(f"at_least {at_least} does not fit mask {mask:#06x}, so nothing would be good")
    table.done()
    return guard


def _row(table: Table, role: Role, guards: Sequence[Guard], factors: Sequence[Factor]) -> Row:
    quantity = table.choice("name", {quantity.value: quantity for quantity in UNITS[role]})
    units = UNITS[role][quantity]
    totalizer = quantity in TOTALIZERS
    low, high = _range(table)
    by_name = {guard.name: guard for guard in guards}
    row = Row(
        quantity=quantity,
        function=_function(table),
        parts=_parts(table),
        scale=table.number("scale", 1) * table.choice("unit", units),
        low=low,
        high=high,
        source=table.text("source"),
        factors=_names(table, "factors", [factor.name for factor in factors]),
        guards=tuple(by_name[name] for name in _names(table, "guards", list(by_name))),
        resolution=table.integer("resolution", 1, BASE_UNITS_MAX) if totalizer else 0,
        modulus=table.integer("modulus", 1, BASE_UNITS_MAX) if totalizer else 0,
    )
    table.done()
    return row


def _range(table: Table) -> tuple[int, int]:
    ends = table.list("range")
    if len(ends) != 2:
        table.wrong("range must be [low, high] in base units")
        return 0, 0
    low = table.checked_integer("range's low end", ends[0], -BASE_UNITS_MAX, BASE_UNITS_MAX)
    high = table.checked_integer("range's high end", ends[1], low, BASE_UNITS_MAX)
    return low, high


def _names(table: Table, key: str, known: Sequence[str]) -> tuple[str, ...]:
    names = table.list(key, [])
    for name in names:
        if name not in known:
            table.wrong(f"{key} names {name!r}, which this file does not have")
    return tuple(name for name in names if name in known)


def _parts(table: Table) -> tuple[Part, ...]:
    raw = table.list("parts")
    if not raw:
        table.wrong("parts is empty: where does the value stand?")
    return tuple(
        _part(Table(part, f"{table.where}: part {number}", table.problems))
        for number, part in enumerate(raw, 1)
    )


def _part(table: Table) -> Part:
    address = table.integer("address", 0, ADDRESS_MAX)
    layout = table.choice("type", {layout.value: layout for layout in Type})
    order = WordOrder.HIGH_FIRST
    part = Part(address, layout)
    if part.count > 1 or table.has("word_order"):
        order = table.choice("word_order", {order.value: order for order in WordOrder})
    if part.last > ADDRESS_MAX:
        table.wrong(f"{layout} at {address} ends beyond register {ADDRESS_MAX}")
    patterns = table.list("invalid", [])
    top = (1 << 16 * part.count) - 1
    invalid = frozenset(table.checked_integer("invalid", one, 0, top) for one in patterns)
    below = table.number("below") if table.has("below") else None
    table.done()
    return Part(address, layout, order, invalid, below)


def _impossible(profile: Profile, where: str) -> list[str]:
    """What only shows when the rows are seen together."""
    problems = []
    names = [row.quantity.value for row in profile.rows]
    problems += [f"{where}: quantity {name} stands twice" for name in _twice(names)]
    for row in profile.rows:
        if row.last - row.first + 1 > profile.limits.registers_max:
            problems.append(
                f"{where}: quantity {row.quantity} spans {row.last - row.first + 1} registers; "
                f"the instrument reads {profile.limits.registers_max} at once, "
                "and its parts must come in one reply"
            )
    parts = [
        Block(row.function, part.address, part.count) for row in profile.rows for part in row.parts
    ]
    for first, second in overlapping(parts):
        problems.append(
            f"{where}: the values at {first.address} and {second.address} share a register"
        )
    if (why := unreadable(profile, profile.line)) is not None:
        problems.append(f"{where}: {why}")
    return problems


def _twice(names: Sequence[str]) -> list[str]:
    return sorted({name for name in names if names.count(name) > 1})
