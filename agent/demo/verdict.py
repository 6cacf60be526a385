"""Room rule: what the demo claims at its end, judged from evidence. Pure; starts and asks nothing.

The evidence comes from three sides that do not know each other: the journal on the station's
disk, what each broker's receiver was really given, and what the simulator knows was pumped.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, NamedTuple

from agent.core.model import (
    Allocate,
    AllocationKind,
    Body,
    ConditionChanged,
    ConditionKind,
    FitMeter,
    Record,
    RelayMoved,
    Role,
    Sample,
)

# The law's tolerance is max(1 m³, the meter's resolution); a demo with so little water to give
# would pass it by doing nothing, so it is held to five seconds of its pump's flow.
OVERSHOOT_MAX_L = 110
WARNED_PERCENT = 95


class Delivered(NamedTuple):
    """One record as a platform was given it. `content` is all that was said of it."""

    epoch: str
    number: int
    content: str


@dataclass(frozen=True, slots=True)
class Kept:
    """The journal up to the number that is judged. `contents` is how each record must arrive."""

    epoch: str
    records: tuple[Record, ...]
    contents: Mapping[int, str]
    chain_ok: bool


@dataclass(frozen=True, slots=True)
class Truth:
    """What the simulator knows. `withdrawn_l` is exact, from the first drop it pumped.

    `drops`: how often the pump stopped because the relay opened.
    """

    withdrawn_l: float
    running: bool
    permitted: bool
    drops: int


class Claim(StrEnum):
    """One line of the table; the catalogue says it in words."""

    CHAIN = "chain"
    DELIVERED = "delivered"
    TRUTH = "truth"
    WARNED = "warned"
    CUT = "cut"
    OVERSHOOT = "overshoot"
    RAN_AGAIN = "ran_again"


@dataclass(frozen=True, slots=True)
class Line:
    """A claim, the figures it rests on, and whether it holds."""

    claim: Claim
    figures: Mapping[str, Any]
    holds: bool


@dataclass(frozen=True, slots=True)
class PlatformVerdict:
    """`received` counts distinct records that are the journal's; a repeated one is no fault."""

    name: str
    received: int
    missing: int
    duplicates: int
    out_of_order: int


@dataclass(frozen=True, slots=True)
class Verdict:
    allocated_l: int | None
    withdrawn_l: int | None
    withdrawn_at_cut_l: int | None
    overshoot_l: int | None
    chain_ok: bool
    records: int
    pump_drops: int
    platforms: tuple[PlatformVerdict, ...]
    lines: tuple[Line, ...]

    @property
    def holds(self) -> bool:
        return all(line.holds for line in self.lines)


def judge(kept: Kept, deliveries: Mapping[str, Sequence[Delivered]], truth: Truth) -> Verdict:
    """The verdict. A claim for which the evidence is missing does not hold."""
    platforms = tuple(reconcile(name, kept, given) for name, given in deliveries.items())
    sample, cut = _last_account(kept.records), _exhaustion(kept.records)
    overshoot_l = _overshoot_l(kept.records, cut)
    withdrawn_at_cut_l = None if cut is None else cut.withdrawn_l
    return Verdict(
        allocated_l=None if sample is None else sample.allocated_l,
        withdrawn_l=None if sample is None else sample.withdrawn_l,
        withdrawn_at_cut_l=withdrawn_at_cut_l,
        overshoot_l=overshoot_l,
        chain_ok=kept.chain_ok,
        records=len(kept.records),
        pump_drops=truth.drops,
        platforms=platforms,
        lines=(
            Line(Claim.CHAIN, {"records": len(kept.records)}, kept.chain_ok and bool(kept.records)),
            *(_delivered(platform, len(kept.records)) for platform in platforms),
            _agrees_with_truth(kept.records, sample, truth),
            _warned(kept.records, cut),
            _cut_line(cut),
            _overshoot_line(overshoot_l),
            _ran_again(kept.records, cut, truth),
        ),
    )


# --- what the platforms have ---------------------------------------------------------------------


def reconcile(name: str, kept: Kept, given: Iterable[Delivered]) -> PlatformVerdict:
    """Compare by epoch and number. A record that came altered is a record that is missing."""
    arrivals = Counter[int]()
    highest = out_of_order = 0
    for epoch, number, content in given:
        if epoch != kept.epoch or kept.contents.get(number) != content:
            continue
        arrivals[number] += 1
        # A repetition is not out of order: after a lost receipt records come twice.
        out_of_order += arrivals[number] == 1 and number < highest
        highest = max(highest, number)
    return PlatformVerdict(
        name=name,
        received=len(arrivals),
        missing=len(kept.contents) - len(arrivals),
        duplicates=arrivals.total() - len(arrivals),
        out_of_order=out_of_order,
    )


def _delivered(platform: PlatformVerdict, records: int) -> Line:
    complete = records > 0 and platform.missing == 0 and platform.out_of_order == 0
    figures = {
        "platform": platform.name,
        "received": platform.received,
        "records": records,
        "missing": platform.missing,
        "duplicates": platform.duplicates,
        "out_of_order": platform.out_of_order,
    }
    return Line(Claim.DELIVERED, figures, complete)


# --- what the ledger says ------------------------------------------------------------------------


def _agrees_with_truth(records: Sequence[Record], sample: Sample | None, truth: Truth) -> Line:
    fitted = _flow_meter(records)
    truth_l = round(truth.withdrawn_l, 1)
    if sample is None or sample.withdrawn_l is None or fitted is None:
        return Line(
            Claim.TRUTH,
            {"withdrawn_l": None, "truth_l": truth_l, "resolution_l": None},
            holds=False,
        )
    before_l = fitted.withdrawn_before_l or 0
    metered_l = sample.withdrawn_l - before_l
    # Both totals were cut to the meter's resolution, the first one and the last one.
    close = abs(metered_l - truth.withdrawn_l) <= fitted.resolution
    figures = {
        "withdrawn_l": metered_l,
        "truth_l": truth_l,
        "resolution_l": fitted.resolution,
    }
    return Line(Claim.TRUTH, figures, close and not truth.running)


def _warned(records: Sequence[Record], cut: RelayMoved | None) -> Line:
    """The highest warning came no later than the cut."""
    exhausted = _raised(records, ConditionKind.ALLOCATION_EXHAUSTED)
    warnings = [
        (record.at_utc_ms, record.body.level)
        for record in records
        if isinstance(record.body, ConditionChanged)
        and record.body.kind is ConditionKind.ALLOCATION_LOW
        and record.body.raised
        and (exhausted is None or record.at_utc_ms <= exhausted.at_utc_ms)
    ]
    levels = [level for _, level in warnings]
    highest = max(levels, default=0)
    return Line(Claim.WARNED, {"levels": levels}, cut is not None and highest >= WARNED_PERCENT)


def _cut_line(cut: RelayMoved | None) -> Line:
    figures = {
        "withdrawn_at_cut_l": None if cut is None else cut.withdrawn_l,
        "remaining_l": None if cut is None else cut.remaining_l,
    }
    return Line(Claim.CUT, figures, cut is not None and cut.withdrawn_l is not None)


def _overshoot_line(overshoot_l: int | None) -> Line:
    within = overshoot_l is not None and abs(overshoot_l) <= OVERSHOOT_MAX_L
    figures = {"overshoot_l": overshoot_l, "tolerance_l": OVERSHOOT_MAX_L}
    return Line(Claim.OVERSHOOT, figures, within)


def _ran_again(records: Sequence[Record], cut: RelayMoved | None, truth: Truth) -> Line:
    """The addition opened the way, water flowed, and the relay permits to the end."""
    addition = _addition(records)
    sample = _last_account(records)
    if cut is None or addition is None or sample is None or sample.forward_total_l is None:
        return Line(Claim.RAN_AGAIN, {"volume_l": None}, holds=False)
    volume_l = sample.forward_total_l - (addition.total_l or 0)
    return Line(Claim.RAN_AGAIN, {"volume_l": volume_l}, volume_l > 0 and truth.permitted)


def _overshoot_l(records: Sequence[Record], cut: RelayMoved | None) -> int | None:
    """What had been withdrawn beyond the allocation when the pump stood still.

    Taken at the addition: the water had long come to rest, and nothing was given yet.
    """
    fitted, addition = _flow_meter(records), _addition(records)
    if cut is None or cut.withdrawn_l is None or cut.remaining_l is None:
        return None
    if fitted is None or addition is None or addition.total_l is None:
        return None
    withdrawn_l = addition.total_l - fitted.total + (fitted.withdrawn_before_l or 0)
    return withdrawn_l - (cut.withdrawn_l + cut.remaining_l)


def _exhaustion(records: Sequence[Record]) -> RelayMoved | None:
    """The edge by which the relay was open when the allocation ran out.

    Either the cut itself, or an earlier one: a lease that lapsed shortly before, while control
    was dead, leaves nothing to cut.
    """
    exhausted = _raised(records, ConditionKind.ALLOCATION_EXHAUSTED)
    if exhausted is None:
        return None
    edges = [record for record in records if isinstance(record.body, RelayMoved)]
    until = [record for record in edges if record.at_utc_ms <= exhausted.at_utc_ms]
    if not until or not isinstance(until[-1].body, RelayMoved) or until[-1].body.permitted:
        return None
    return until[-1].body


def _raised(records: Sequence[Record], kind: ConditionKind) -> Record | None:
    return next(
        (
            record
            for record in records
            if isinstance(record.body, ConditionChanged)
            and record.body.kind is kind
            and record.body.raised
        ),
        None,
    )


def _flow_meter(records: Sequence[Record]) -> FitMeter | None:
    for body in _bodies(records):
        if isinstance(body, FitMeter) and body.role is Role.FLOW_METER:
            return body
    return None


def _addition(records: Sequence[Record]) -> Allocate | None:
    for body in _bodies(records):
        if isinstance(body, Allocate) and body.kind is AllocationKind.ADDITION:
            return body
    return None


def _last_account(records: Sequence[Record]) -> Sample | None:
    """The newest sample that knows the account."""
    for body in reversed(_bodies(records)):
        if isinstance(body, Sample) and body.withdrawn_l is not None:
            return body
    return None


def _bodies(records: Sequence[Record]) -> list[Body]:
    return [record.body for record in records]
