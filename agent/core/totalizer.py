"""Room rule: whether a new total may be believed: the table of DESIGN section 6. Knows no account.

A totalizer is the meter's own memory. It is judged by what could have passed since it was last
believed, in its own base unit: litres and litres per hour, or watt-hours and watts.
"""

from dataclasses import dataclass

from agent.core.model import Moment, elapsed_ms
from agent.core.replacing import replace

# Drain-back through a closed pump and float rounding move a total back by no more than this.
BACKWARD_MAX = 1000
# What is real may exceed the declared maximum by as much: meters and nameplates err.
MARGIN_PERCENT = 120
# Two steps of the meter's display are within what reading it at another instant explains.
RESOLUTIONS = 2


@dataclass(frozen=True, slots=True)
class Segment:
    """An unbroken stretch on one meter within one year.

    `wrapped` is what the totalizer lost by passing its modulus since the segment began.
    """

    serial: str
    start: int
    resolution: int
    modulus: int
    rate_max_per_h: int
    wrapped: int = 0


@dataclass(frozen=True, slots=True)
class Suspect:
    """A total that was not believed at once, and how many readings in a row agreed with it."""

    first: int
    latest: int
    count: int
    at: Moment


@dataclass(frozen=True, slots=True)
class Totalizer:
    """What is believed of a meter's total. `last` is the last accepted one.

    `runnable_ms` is the time since then in which it could have advanced; None when it cannot be
    told. `jumped` and `reversed` are what a technician must settle before totals count again.
    """

    last: int
    at: Moment
    runnable_ms: int | None = 0
    suspect: Suspect | None = None
    jumped: bool = False
    reversed: bool = False

    @property
    def in_doubt(self) -> bool:
        return self.jumped or self.reversed


@dataclass(frozen=True, slots=True)
class Bound:
    """What speaks for a total beside time: `most` is as much as other evidence allows.

    None when nothing else is asked. `missing`: it should have been asked and could not be, so
    that only staying speaks for the total.
    """

    most: int | None = None
    missing: bool = False


NO_BOUND = Bound()


@dataclass(frozen=True, slots=True)
class Accepted:
    """The total counts. `confirmed`: it had been withheld. `rolled_over`: it passed the modulus."""

    totalizer: Totalizer
    rolled_over: bool = False
    confirmed: bool = False
    bounded: bool = True


@dataclass(frozen=True, slots=True)
class Stood:
    """The total went back by no more than a meter may; the last accepted one stands."""

    totalizer: Totalizer


@dataclass(frozen=True, slots=True)
class Held:
    """The total is suspect and withheld. `fresh`: this is where the suspicion began."""

    totalizer: Totalizer
    allowed: int
    fresh: bool


Judgement = Accepted | Stood | Held


def tolerance(resolution: int) -> int:
    """How far apart two honest looks at one total may be."""
    return max(BACKWARD_MAX, RESOLUTIONS * resolution)


def allowed_forward(
    totalizer: Totalizer, segment: Segment, slack_ms: int, bound: Bound = NO_BOUND
) -> int:
    """How far forward the total may have moved since it was last accepted.

    `slack_ms` is the scan period: total and rate are read at different instants of a scan. When
    no clock can tell how long it was, only other evidence and the display's own steps are allowed.
    """
    steps = RESOLUTIONS * segment.resolution
    if totalizer.runnable_ms is None:
        return (bound.most or 0) + steps
    by_time = _passed(segment, totalizer.runnable_ms + slack_ms)
    return (by_time if bound.most is None else min(by_time, bound.most)) + steps


def judge(
    totalizer: Totalizer,
    segment: Segment,
    total: int,
    moment: Moment,
    *,
    slack_ms: int,
    confirm_scans: int,
    bound: Bound = NO_BOUND,
) -> Judgement:
    """Whether a total that was read well may be believed."""
    allowed = allowed_forward(totalizer, segment, slack_ms, bound)
    forward = total - totalizer.last
    if totalizer.reversed:
        return Held(totalizer, allowed, fresh=False)
    suspect = totalizer.suspect
    # Going on above a total that was too far ahead confirms it; coming back from a zero does not.
    confirms = suspect is not None and totalizer.last < suspect.first <= total
    trivial = forward <= RESOLUTIONS * segment.resolution
    plausible = 0 <= forward <= allowed and (trivial or not bound.missing)
    if plausible and not (totalizer.jumped and confirms):
        return Accepted(Totalizer(total, moment), confirmed=confirms)
    if -tolerance(segment.resolution) <= forward < 0:
        return Stood(Totalizer(totalizer.last, moment))
    if totalizer.jumped:
        return Held(_follow_jump(totalizer, total, moment), allowed, fresh=False)
    agreed = _suspected(totalizer, segment, total, moment, slack_ms)
    held = Held(replace(totalizer, suspect=agreed), allowed, fresh=agreed.count == 1)
    if agreed.count < confirm_scans:
        return held
    return _settle(held, segment, total, moment, bound)


def _settle(held: Held, segment: Segment, total: int, moment: Moment, bound: Bound) -> Judgement:
    """A suspect total stayed for as many readings as were asked: what is it."""
    timed = held.totalizer.runnable_ms is not None
    if total >= held.totalizer.last:
        if not timed and bound.most is None:
            return Accepted(Totalizer(total, moment), confirmed=True, bounded=False)
        if bound.missing and total - held.totalizer.last <= held.allowed:
            return Accepted(Totalizer(total, moment), confirmed=True, bounded=False)
        return replace(held, totalizer=replace(held.totalizer, jumped=True))
    # Lower than the last one. Going forward through the modulus may explain it; across a boot
    # that no clock bridges, nothing bounds that step but half the modulus.
    through = segment.modulus - held.totalizer.last + total
    bounded = timed or bound.most is not None
    if 0 < through <= (held.allowed if bounded else segment.modulus // 2):
        return Accepted(Totalizer(total, moment), rolled_over=True, confirmed=True, bounded=bounded)
    return replace(held, totalizer=replace(held.totalizer, reversed=True))


def _suspected(
    totalizer: Totalizer, segment: Segment, total: int, moment: Moment, slack_ms: int
) -> Suspect:
    """Count the readings that agree; a total that fits no earlier one begins a new suspicion.

    A slow bus reads a total every few scans only: it may have gone on meanwhile.
    """
    suspect = totalizer.suspect
    if suspect is None:
        return Suspect(total, total, 1, moment)
    since_ms = elapsed_ms(suspect.at, moment) or 0
    step = _passed(segment, since_ms + 2 * slack_ms) + RESOLUTIONS * segment.resolution
    if 0 <= total - suspect.latest <= step:
        return Suspect(suspect.first, total, suspect.count + 1, moment)
    return Suspect(total, total, 1, moment)


def _follow_jump(totalizer: Totalizer, total: int, moment: Moment) -> Totalizer:
    """While a jump stands, time alone never makes its totals plausible.

    What lies at or past the lowest total of the jump belongs to it; a total below that, and
    plausible, is the meter's old series come back, and ends it (in `judge`).
    """
    suspect = totalizer.suspect
    assert suspect is not None, "a jump stands on a suspect total"
    if total < totalizer.last:
        return totalizer
    first = min(suspect.first, total)
    return replace(totalizer, suspect=Suspect(first, total, suspect.count + 1, moment))


def _passed(segment: Segment, time_ms: int) -> int:
    """The most that can pass in a time, with the margin that meters and nameplates need."""
    return segment.rate_max_per_h * time_ms * MARGIN_PERCENT // (3_600_000 * 100)
