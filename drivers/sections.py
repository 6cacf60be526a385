"""Room rule: the sections of a profile, each read from its TOML table into a frozen value.

What is wrong within one section is told here; what only shows when sections are seen together is
`profile`'s. No section can name a function that writes.
"""

import re
from collections.abc import Mapping, Sequence
from fractions import Fraction

from agent.core.model import Fault, Role
from drivers.identity import Form, Probe, Serial
from drivers.plan import Block
from drivers.registers import Factor, Guard, Order, Part, Register, Row, Status, Type
from drivers.tables import Table
from drivers.units import TOTALIZERS, UNITS

ADDRESS_MAX = 0xFFFF
WORD_MAX = 0xFFFF
BASE_UNITS_MAX = 10**15
SERIAL_REGISTERS_MAX = 16
CODES_MAX = 64
GUARD_FAULTS = (Fault.EMPTY_PIPE, Fault.NO_SIGNAL, Fault.DEVICE_FAULT, Fault.INVALID)

# A code in a table's key: decimal or hexadecimal, as the manual prints it.
_CODE = re.compile(r"[0-9]{1,5}|0x[0-9A-Fa-f]{1,4}")


def span(table: Table) -> Block:
    """Registers that the manual lists without a gap."""
    function = _function(table)
    first = table.integer("first", 0, ADDRESS_MAX)
    last = table.integer("last", first, ADDRESS_MAX)
    table.text("source")
    table.done()
    return Block(function, first, last - first + 1)


def factor(table: Table) -> Factor:
    at = _register(table)
    codes = None
    if table.has("table"):
        codes = {
            code: table.checked_number(f"table {key}", number)
            for key, code, number in _codes(table, "table")
        }
    scale = table.number("scale", 1)
    made = Factor(table.text("name"), at, table.text("source"), codes, scale)
    table.done()
    return made


def guard(table: Table) -> Guard:
    at = _register(table)
    at_least = equals = None
    if table.has("bits"):
        bits = [table.checked_integer("a bit", bit, 0, 15) for bit in table.list("bits")]
        mask = sum(1 << bit for bit in set(bits))
        if not mask:
            table.wrong("bits names no bit, so it would never guard")
            mask = 1
    else:
        mask = table.integer("mask", 1, WORD_MAX, default=WORD_MAX)
        if table.has("equals"):
            good = table.list("equals")
            equals = frozenset(table.checked_integer("equals", one, 0, WORD_MAX) for one in good)
        else:
            at_least = table.integer("at_least", 1, WORD_MAX)
    fault = table.choice("fault", {fault.value: fault for fault in GUARD_FAULTS})
    made = Guard(table.text("name"), at, mask, fault, table.text("source"), at_least, equals)
    if at_least is not None and not made.consents(WORD_MAX):
        table.wrong(f"at_least {at_least} does not fit mask {mask:#06x}, so nothing would be good")
    field = mask // (mask & -mask)
    if equals is not None and not any(one & ~field == 0 for one in equals):
        table.wrong(f"equals has nothing that fits mask {mask:#06x}, so nothing would be good")
    table.done()
    return made


def status(table: Table) -> Status:
    at = _register(table)
    bits: dict[int, str] = {}
    codes: dict[int, str] = {}
    if table.has("bits"):
        for key, bit, meaning in _codes(table, "bits"):
            table.checked_integer(f"bit {key}", bit, 0, 15)
            bits[bit] = _meaning(table, key, meaning)
    else:
        for key, code, meaning in _codes(table, "codes"):
            codes[code] = _meaning(table, key, meaning)
    made = Status(table.text("name"), at, table.text("source"), bits, codes)
    table.done()
    return made


def probe(table: Table) -> Probe:
    function = _function(table)
    part = _number(table)
    one_of: frozenset[Fraction] = frozenset()
    between = None
    unit_id = table.has("unit_id")
    if unit_id and not table.flag("unit_id"):
        table.wrong("unit_id is true, or it is not there")
    if not unit_id and table.has("between"):
        ends = [table.checked_signed("between", end) for end in table.list("between")]
        between = (ends[0], ends[1]) if len(ends) == 2 and ends[0] <= ends[1] else None
        if between is None:
            table.wrong("between must be [low, high]")
    elif not unit_id:
        numbers = table.list("one_of")
        one_of = frozenset(table.checked_signed("one_of", number) for number in numbers)
        if not one_of:
            table.wrong("one_of is empty, so it would never hold")
    made = Probe(function, part, table.text("source"), one_of, between, unit_id)
    table.done()
    return made


def serial(table: Table) -> Serial:
    at = _register(table)
    count = table.integer("count", 1, SERIAL_REGISTERS_MAX)
    form = table.choice("form", {form.value: form for form in Form})
    if at.address + count - 1 > ADDRESS_MAX:
        table.wrong(f"{count} registers from {at.address} end beyond register {ADDRESS_MAX}")
    made = Serial(Block(*at, count), form, table.text("source"))
    table.done()
    return made


def row(table: Table, role: Role, guards: Sequence[Guard], factors: Sequence[Factor]) -> Row:
    quantity = table.choice("name", {quantity.value: quantity for quantity in UNITS[role]})
    totalizer = quantity in TOTALIZERS
    low, high = _range(table)
    by_name = {guard.name: guard for guard in guards}
    made = Row(
        quantity=quantity,
        function=_function(table),
        parts=_parts(table),
        scale=table.number("scale", 1) * table.choice("unit", UNITS[role][quantity]),
        low=low,
        high=high,
        source=table.text("source"),
        factors=_names(table, "factors", [factor.name for factor in factors]),
        guards=tuple(by_name[name] for name in _names(table, "guards", list(by_name))),
        resolution=table.integer("resolution", 1, BASE_UNITS_MAX) if totalizer else 0,
        modulus=table.integer("modulus", 1, BASE_UNITS_MAX) if totalizer else 0,
    )
    table.done()
    return made


def _function(table: Table) -> int:
    """Read holding or input registers."""
    return table.integer("function", 3, 4, default=3)


def _register(table: Table) -> Register:
    return Register(_function(table), table.integer("address", 0, ADDRESS_MAX))


def _codes(table: Table, key: str) -> list[tuple[str, int, object]]:
    """The entries of a table whose keys are words an instrument holds."""
    found = []
    given: Mapping[str, object] = table.mapping(key)
    for name, value in given.items():
        if _CODE.fullmatch(name) is None or int(name, 0 if "x" in name else 10) > WORD_MAX:
            table.wrong(f"a code in {key} must be a whole number from 0 to {WORD_MAX}, not {name}")
        else:
            found.append((name, int(name, 0 if "x" in name else 10), value))
    if len(found) > CODES_MAX:
        table.wrong(f"{key} has {len(found)} entries; {CODES_MAX} are the most")
    codes = [code for _, code, _ in found]
    for name, code, _ in found:
        if codes.count(code) > 1:
            table.wrong(f"code {name} stands twice in {key}")
    return found


def _meaning(table: Table, key: str, meaning: object) -> str:
    if isinstance(meaning, str) and meaning.strip():
        return meaning
    table.wrong(f"what {key} means must be a text, not {meaning!r}")
    return ""


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
    made = _number(table)
    table.done()
    return made


def _number(table: Table) -> Part:
    """Where a number stands and how it is laid out."""
    address = table.integer("address", 0, ADDRESS_MAX)
    layout = table.choice("type", {layout.value: layout for layout in Type})
    orders = {order.value: order for order in Order}
    order = Order.HIGH_FIRST
    part = Part(address, layout)
    if part.count > 1 or table.has("word_order"):
        order = table.choice("word_order", orders)
    byte_order = table.choice("byte_order", orders, default=Order.HIGH_FIRST)
    if part.last > ADDRESS_MAX:
        table.wrong(f"{layout} at {address} ends beyond register {ADDRESS_MAX}")
    patterns = table.list("invalid", [])
    top = (1 << 16 * part.count) - 1
    invalid = frozenset(table.checked_integer("invalid", one, 0, top) for one in patterns)
    below = table.number("below") if table.has("below") else None
    times = table.number("times", 1)
    return Part(address, layout, order, invalid, below, times, byte_order)
