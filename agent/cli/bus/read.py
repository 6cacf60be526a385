"""`wellkeeper bus read`: the same words in every sensible type and order, side by side."""

import argparse
from collections.abc import Sequence

from agent.cli.bus.asking import Line, ask_one, asker, line_of
from agent.ports import Finding, Inquiry
from drivers.views import ORDERS_32, View, fours, pairs, singles

NOTHING = 1
# Exceptions of which there is more to say than their number.
EXPLAINED = frozenset({1, 2, 3})
TYPES_32 = ("f32", "u32", "i32", "bcd")


def run(options: argparse.Namespace) -> int:
    line = line_of(options)
    question = Inquiry(
        bus=line.bus.name,
        unit=options.unit,
        function=options.function,
        address=options.address,
        count=options.count,
        patience_ms=options.patience_ms,
        baud=options.baud,
        parity=options.parity,
    )
    with asker(line) as ask:
        finding = ask_one(ask, question)
    if not finding.words:
        print(why_not(line, question, finding))
        return NOTHING
    print("\n".join(shown(options.address, finding.words)))
    print(f"\n{line.say('bus_read.answered', turnaround_ms=finding.turnaround_ms)}")
    return 0


def why_not(line: Line, question: Inquiry, finding: Finding) -> str:
    """Why there are no words, and what to try."""
    unit, code = question.unit, finding.exception
    if code is not None:
        meaning = line.say(f"bus_read.exception_{code if code in EXPLAINED else 'other'}")
        return line.say("bus_read.refused", unit=unit, code=code, meaning=meaning)
    return line.say("bus_read.silent", unit=unit, fault=line.say(f"fault.{finding.fault}"))


def shown(address: int, words: Sequence[int]) -> list[str]:
    """Three tables: each register, each two neighbours, each four."""
    head = ["address", "", "hex", "u16", "i16", "bits", "bcd", "text"]
    lines = _table([head, *singles(address, words)])
    if len(words) > 1:
        lines += ["", *_table(_by_order(pairs(address, words)))]
    if len(words) > 3:
        four = fours(address, words)
        lines += ["", *_table([[str(one.address), one.type, one.order, one.value] for one in four])]
    return lines


def _by_order(views: Sequence[View]) -> list[list[str]]:
    """A row for each place and type, a column for each order."""
    rows = [["address", "type", *ORDERS_32]]
    values = {(one.address, one.type, one.order): one.value for one in views}
    for address in sorted({one.address for one in views}):
        for kind in TYPES_32:
            cells = [values[address, kind, order] for order in ORDERS_32]
            if any(cells):
                rows.append([str(address), kind, *cells])
    return rows


def _table(rows: Sequence[Sequence[str]]) -> list[str]:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        "  ".join(cell.rjust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]
