"""Room rule: which registers are read together, and how long that takes. Pure; it sends nothing.

Neighbours are merged when reading the gap costs less than another request at this line's speed,
within the instrument's limit, only across registers that its manual lists, and never again what
it was seen to refuse. A quantity's parts always share one request. No two requests to one
instrument have the same function and number of registers: RTU has no transaction number, so a
late reply can then never answer another question.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from drivers.registers import Register

REGISTERS_MAX = 125  # Modbus application protocol 1.1b3, section 6.3
REQUEST_CHARACTERS = 8
REPLY_CHARACTERS = 5  # and two for each register
# Silence that ends a frame: 3.5 characters, and never less than 1.75 ms (Modbus over serial line
# 1.02, section 2.5.1.1).
GAP_CHARACTERS = 3.5
GAP_MIN_MS = 1.75
# What an instrument takes to begin its reply, before it has been measured.
TURNAROUND_GUESS_MS = 10
# How much of an instrument's limit merging may use, tried in this order; the last merges nothing.
MERGE_DIVISORS = (1, 2, REGISTERS_MAX + 1)


@dataclass(frozen=True, slots=True)
class Speed:
    """How a line sends its characters; eight data bits."""

    baud: int
    parity: str = "N"
    stop_bits: int = 1

    @property
    def character_ms(self) -> float:
        return 1000 * (1 + 8 + (self.parity != "N") + self.stop_bits) / self.baud

    @property
    def gap_ms(self) -> float:
        return max(GAP_CHARACTERS * self.character_ms, GAP_MIN_MS)


@dataclass(frozen=True, slots=True, order=True)
class Block:
    """Consecutive registers that one request reads."""

    function: int
    address: int
    count: int

    @property
    def last(self) -> int:
        return self.address + self.count - 1

    def covers(self, other: "Block") -> bool:
        return (
            self.function == other.function
            and self.address <= other.address
            and other.last <= self.last
        )

    def registers(self) -> Iterable[Register]:
        return (Register(self.function, self.address + i) for i in range(self.count))


@dataclass(frozen=True, slots=True)
class Limits:
    """What an instrument allows: `readable` are the spans that its manual lists.

    `refused` are requests that this very one refused: whatever holds one of them is not asked,
    and each is cut in its middle, so that a register it lacks is found in a few questions.
    `reserved` are functions and lengths of questions that others ask of it. Between two requests it
    wants the line quiet for `pause_ms`.
    """

    readable: tuple[Block, ...]
    registers_max: int
    count_step: int
    refused: frozenset[Block] = frozenset()
    reserved: frozenset[tuple[int, int]] = frozenset()
    pause_ms: int = 0


class SameCount(Exception):
    """Two requests would ask for the same number of registers, and neither can be widened."""

    def __init__(self, block: Block) -> None:
        super().__init__(
            f"function {block.function} address {block.address}: another request also reads "
            f"{block.count} registers, so a late reply could be taken for it; "
            "list more readable registers around it"
        )


def wire_ms(block: Block, speed: Speed) -> float:
    """Request, gap, reply, gap: what the wire needs if the instrument answers at once."""
    characters = REQUEST_CHARACTERS + REPLY_CHARACTERS + 2 * block.count
    return characters * speed.character_ms + 2 * speed.gap_ms


def plan(
    often: Sequence[Block], seldom: Sequence[Block], limits: Limits, speed: Speed
) -> tuple[tuple[Block, ...], tuple[Block, ...]]:
    """The requests of every round, and those asked only now and then. Raises SameCount.

    Requests that are all as long as they may be cannot be told apart: then less is merged.
    """
    for divisor in MERGE_DIVISORS:
        merging = replace(limits, registers_max=limits.registers_max // divisor)
        groups = [_merged(often, merging, speed), _merged(seldom, merging, speed)]
        try:
            widened = _distinct({block for group in groups for block in group}, limits)
        except SameCount:
            if divisor == MERGE_DIVISORS[-1]:
                raise
            continue
        first, second = ([widened[block] for block in group] for group in groups)
        return tuple(sorted(first)), tuple(sorted(second))
    raise AssertionError("the last divisor returns or raises")


def _merged(spans: Sequence[Block], limits: Limits, speed: Speed) -> list[Block]:
    blocks: list[Block] = []
    cuts = {cut for one in limits.refused if (cut := _middle(one, spans)) is not None}
    for span in sorted(set(spans)):
        joined = _joined(blocks[-1], span) if blocks and span not in cuts else None
        if (
            joined is not None
            and _allowed(joined, limits)
            and _pays(blocks[-1], span, limits.pause_ms, speed)
        ):
            blocks[-1] = joined
        else:
            blocks.append(span)
    return blocks


def _middle(refused: Block, spans: Sequence[Block]) -> Block | None:
    """The span at which a refused request begins anew; None when it held only one."""
    inside = sorted({span for span in spans if refused.covers(span)})
    return inside[len(inside) // 2] if len(inside) > 1 else None


def _joined(block: Block, span: Block) -> Block | None:
    if block.function != span.function:
        return None
    last = max(block.last, span.last)
    return Block(block.function, block.address, last - block.address + 1)


def _allowed(block: Block, limits: Limits) -> bool:
    return (
        block.count <= limits.registers_max
        and any(span.covers(block) for span in limits.readable)
        and not any(block.covers(one) for one in limits.refused)
    )


def _pays(block: Block, span: Block, pause_ms: int, speed: Speed) -> bool:
    """Overlapping spans always merge: one value is never read twice in a round."""
    gap = span.address - block.last - 1
    quiet_ms = max(0, pause_ms - speed.gap_ms)
    saved_ms = wire_ms(Block(3, 0, 0), speed) + TURNAROUND_GUESS_MS + quiet_ms
    return gap * 2 * speed.character_ms < saved_ms


def _distinct(blocks: set[Block], limits: Limits) -> dict[Block, Block]:
    """Widen what must be widened, least movable first, each by as little as possible."""
    choices = {block: _choices(block, limits) for block in blocks}
    taken = set(limits.reserved)
    chosen: dict[Block, Block] = {}
    for block in sorted(blocks, key=lambda one: (len(choices[one]), -one.count, one)):
        free = [one for one in choices[block] if (one.function, one.count) not in taken]
        if not free:
            raise SameCount(block)
        chosen[block] = free[0]
        taken.add((block.function, free[0].count))
    return chosen


def _choices(block: Block, limits: Limits) -> list[Block]:
    """Itself where its count is one the instrument takes, then wider ones, narrowest first."""
    step = limits.count_step
    counts = range(-(-block.count // step) * step, limits.registers_max + 1, step)
    wider = [one for count in counts for one in _wider(block, count - block.count)]
    return [one for one in wider if one == block or _allowed(one, limits)] or [block]


def _wider(block: Block, extra: int) -> list[Block]:
    """Upwards, then downwards."""
    up = Block(block.function, block.address, block.count + extra)
    down = Block(block.function, block.address - extra, block.count + extra)
    return [up, down]


def overlapping(blocks: Iterable[Block]) -> list[tuple[Block, Block]]:
    """Neighbours that share a register."""
    pairs = pairwise(sorted(blocks))
    return [(a, b) for a, b in pairs if a.function == b.function and b.address <= a.last]
