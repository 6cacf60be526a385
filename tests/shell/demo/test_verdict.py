"""The verdict can be false: each claim is broken by the one piece of evidence that it rests on."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

import pytest

from agent import rows
from agent.core.model import (
    Action,
    Allocate,
    AllocationKind,
    Body,
    ConditionChanged,
    ConditionKind,
    FitMeter,
    RelayMoved,
    Role,
    Sample,
)
from agent.demo import evidence
from agent.demo.verdict import Claim, Delivered, Kept, Truth, Verdict, judge
from agent.ports import Batch, RawRecord
from drivers.payload.json import JsonCodec

EPOCH = "e1"
FIRST_TOTAL_L = 86_412_000
BEFORE_L = 1_500

FITTED = FitMeter(
    Role.FLOW_METER, "S1", FIRST_TOTAL_L, None, 1, 10**11, 150_000, BEFORE_L, "D1", "demo"
)
PLAN = Allocate(2026, AllocationKind.PLAN, 2_000, "P1", "demo", FIRST_TOTAL_L)
ADDITION = Allocate(2026, AllocationKind.ADDITION, 600, "P2", "demo", FIRST_TOTAL_L + 490)
CUT = RelayMoved(
    permitted=False,
    lapsed=False,
    reasons=(ConditionKind.ALLOCATION_EXHAUSTED,),
    withdrawn_l=1_950,
    remaining_l=50,
)
PERMIT = RelayMoved(permitted=True, lapsed=False, reasons=(), withdrawn_l=1_500, remaining_l=500)


def warned(level: int) -> ConditionChanged:
    return ConditionChanged(
        ConditionKind.ALLOCATION_LOW, raised=True, action=Action.WARN, latched=False, level=level
    )


EXHAUSTED = ConditionChanged(
    ConditionKind.ALLOCATION_EXHAUSTED, raised=True, action=Action.CUT, latched=True
)


def sample(forward_l: int, allocated_l: int) -> Sample:
    withdrawn_l = BEFORE_L + forward_l
    return Sample(
        forward_total_l=FIRST_TOTAL_L + forward_l,
        flow_l_per_h=0,
        energy_wh=100,
        power_w=0,
        level_mm=31_000,
        permitted=True,
        allocated_l=allocated_l,
        withdrawn_l=withdrawn_l,
    )


# One transaction each, in the order in which a demo writes them.
STORY: tuple[tuple[Body, ...], ...] = (
    (FITTED,),
    (PLAN,),
    (PERMIT,),
    (warned(80),),
    (warned(90),),
    (warned(95),),
    (EXHAUSTED, CUT),
    (ADDITION,),
    (PERMIT,),
    (sample(700, 2_600),),
)


@dataclass(frozen=True, slots=True)
class Case:
    """All the evidence of a demo that went well, to be spoilt in one place."""

    story: Sequence[Sequence[Body]] = STORY
    chain_ok: bool = True
    truth: Truth = field(
        default_factory=lambda: Truth(700.4, running=False, permitted=True, drops=1)
    )
    deliver: Callable[[list[Delivered]], list[Delivered]] = lambda given: given

    def verdict(self) -> Verdict:
        raw = stored(self.story)
        kept = Kept(
            EPOCH,
            tuple(evidence.record(one) for one in raw),
            evidence.as_delivered(EPOCH, raw),
            self.chain_ok,
        )
        sent = list(evidence.delivered(message(raw)))
        return judge(kept, {"a": sent, "b": self.deliver(sent)}, self.truth)


def stored(story: Sequence[Sequence[Body]]) -> list[RawRecord]:
    """As the journal hands them out."""
    numbered = [(at, body) for at, bodies in enumerate(story) for body in bodies]
    records = []
    for number, (at, body) in enumerate(numbered, start=1):
        kind, _ = rows.encode_body(body)
        records.append(
            RawRecord(number, 1_000 * at, trusted=True, kind=kind, body=rows.to_row(body))
        )
    return records


def message(raw: Sequence[RawRecord]) -> bytes:
    return JsonCodec().encode_records(Batch("w", EPOCH, raw, len(raw), "00"))


def without(claim_body: Body) -> tuple[tuple[Body, ...], ...]:
    return tuple(tuple(body for body in bodies if body != claim_body) for bodies in STORY)


def swapped(old: Body, new: Body) -> tuple[tuple[Body, ...], ...]:
    return tuple(tuple(new if body == old else body for body in bodies) for bodies in STORY)


def test_a_demo_that_went_well_holds_in_every_line() -> None:
    verdict = Case().verdict()
    assert verdict.holds, [line for line in verdict.lines if not line.holds]
    assert (verdict.allocated_l, verdict.withdrawn_l) == (2_600, 2_200)
    assert (verdict.withdrawn_at_cut_l, verdict.overshoot_l) == (1_950, -10)
    assert verdict.records == 11
    assert [(one.name, one.received, one.missing) for one in verdict.platforms] == [
        ("a", 11, 0),
        ("b", 11, 0),
    ]


def altered(given: list[Delivered]) -> list[Delivered]:
    return [given[0]._replace(content=given[0].content.replace("86412000", "86413000")), *given[1:]]


SPOILT = {
    "the chain is broken": (Case(chain_ok=False), Claim.CHAIN),
    "a record never came": (Case(deliver=lambda given: given[:-1]), Claim.DELIVERED),
    "a record came altered": (Case(deliver=altered), Claim.DELIVERED),
    "a record is of another epoch": (
        Case(deliver=lambda given: [given[0]._replace(epoch="e0"), *given[1:]]),
        Claim.DELIVERED,
    ),
    "records came in the wrong order": (
        Case(deliver=lambda given: [given[1], given[0], *given[2:]]),
        Claim.DELIVERED,
    ),
    "nothing came at all": (Case(deliver=lambda _given: []), Claim.DELIVERED),
    "water was not counted": (
        Case(truth=Truth(702.0, running=False, permitted=True, drops=1)),
        Claim.TRUTH,
    ),
    "the pump was still running": (
        Case(truth=Truth(700.4, running=True, permitted=True, drops=1)),
        Claim.TRUTH,
    ),
    "no meter was fitted": (Case(story=without(FITTED)), Claim.TRUTH),
    "the account was never sampled": (Case(story=STORY[:-1]), Claim.TRUTH),
    "there was no warning at 95 %": (Case(story=without(warned(95))), Claim.WARNED),
    "the warnings came after the cut": (
        Case(story=(*STORY[:3], STORY[6], *STORY[3:6], *STORY[7:])),
        Claim.WARNED,
    ),
    "the relay never opened": (Case(story=without(CUT)), Claim.CUT),
    "the allocation never ran out": (Case(story=without(EXHAUSTED)), Claim.CUT),
    "water flowed on after the cut": (
        Case(story=swapped(ADDITION, replace(ADDITION, total_l=FIRST_TOTAL_L + 611))),
        Claim.OVERSHOOT,
    ),
    "it was cut long before its time": (
        Case(story=swapped(ADDITION, replace(ADDITION, total_l=FIRST_TOTAL_L + 389))),
        Claim.OVERSHOOT,
    ),
    "nothing was added": (Case(story=without(ADDITION)), Claim.OVERSHOOT),
    "the pump did not run again": (
        Case(
            story=swapped(sample(700, 2_600), sample(490, 2_600)),
            truth=Truth(490.0, running=False, permitted=True, drops=1),
        ),
        Claim.RAN_AGAIN,
    ),
    "the relay is open at the end": (
        Case(truth=Truth(700.4, running=False, permitted=False, drops=2)),
        Claim.RAN_AGAIN,
    ),
}


@pytest.mark.parametrize(("case", "claim"), SPOILT.values(), ids=SPOILT.keys())
def test_what_is_not_so_makes_its_line_false(case: Case, claim: Claim) -> None:
    verdict = case.verdict()
    assert not verdict.holds
    assert claim in {line.claim for line in verdict.lines if not line.holds}


def test_a_station_without_a_single_record_proves_nothing() -> None:
    verdict = Case(story=()).verdict()
    assert not any(line.holds for line in verdict.lines)


def test_a_repeated_record_is_counted_and_is_no_fault() -> None:
    """After a crash records repeat and never miss: the receiver reconciles by epoch and number."""
    verdict = Case(deliver=lambda given: [*given[:4], *given[2:]]).verdict()
    assert verdict.holds
    platform = verdict.platforms[1]
    assert (platform.received, platform.duplicates, platform.out_of_order) == (11, 2, 0)


def test_a_lease_that_lapsed_shortly_before_is_the_cut() -> None:
    """Control was dead when the water ran out: it finds the relay open and has nothing to cut."""
    lapsed = replace(CUT, lapsed=True, reasons=())
    story = (*STORY[:5], (lapsed,), (warned(95), EXHAUSTED), *STORY[7:])
    verdict = Case(story=story).verdict()
    assert verdict.holds, [line for line in verdict.lines if not line.holds]
    assert verdict.withdrawn_at_cut_l == 1_950
