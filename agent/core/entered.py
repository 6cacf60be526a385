"""Room rule: which allocations and corrections stand already. The same by one document is a slip.

Whoever never heard the answer (the cable was pulled, the network went, control was restarted) asks
again, and his second command has an id of its own. It has the same document number.
"""

from dataclasses import dataclass

from agent.core.model import (
    Allocate,
    AllocateEnergy,
    AllocationKind,
    Correct,
    Entry,
    Refusal,
    Refused,
)

# A year's documents of one well, many times over; about 5 kB of the checkpoint when it is full.
ENTERED_MAX = 64
# A plan is refused while there is one, and a provisional allocation takes its own place.
_REPLACES = {AllocationKind.PLAN, AllocationKind.PROVISIONAL}
_OF_WATER = frozenset(str(one) for one in AllocationKind)
_OF_ENERGY = frozenset(f"energy_{one}" for one in AllocationKind)


@dataclass(frozen=True, slots=True)
class Entered:
    """One document's effect on the account of one year."""

    what: str
    year: int
    amount: int
    document: str


def after(entered: tuple[Entered, ...], entry: Entry) -> tuple[Entered, ...]:
    """What stands after one more entry: what was corrected of a replaced allocation does not."""
    match entry:
        case Allocate() if entry.kind in _REPLACES:
            return _without(entered, entry.year, _OF_WATER)
        case AllocateEnergy() if entry.kind in _REPLACES:
            return _without(entered, entry.year, _OF_ENERGY)
        case _:
            mark = _mark(entry)
            return entered if mark is None else (*entered, mark)[-ENTERED_MAX:]


def refuse_again(entered: tuple[Entered, ...], entry: Entry) -> Refusal | None:
    """A ruling on a total in doubt is never a repetition: the doubt is new."""
    if isinstance(entry, Correct) and entry.restart_total_l is not None:
        return None
    mark = _mark(entry)
    if mark is None or mark not in entered:
        return None
    return Refusal(Refused.ENTERED_ALREADY, mark.document)


def _without(entered: tuple[Entered, ...], year: int, what: frozenset[str]) -> tuple[Entered, ...]:
    return tuple(one for one in entered if one.year != year or one.what not in what)


def _mark(entry: Entry) -> Entered | None:
    match entry:
        case Allocate():
            return Entered(entry.kind, entry.year, entry.volume_l, entry.document.strip())
        case AllocateEnergy():
            return Entered(
                f"energy_{entry.kind}", entry.year, entry.energy_wh, entry.document.strip()
            )
        case Correct() if entry.volume_l:
            return Entered("correct", entry.year, entry.volume_l, entry.document.strip())
        case _:
            return None
