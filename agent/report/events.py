"""Room rule: what happened, as a report lists it: interruptions, bypass, override, meters, papers.

Each is kept from the first record on, because what began before the period may go on in it; all of
them are few, for each is a deed or a fault.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from agent.core.ledger import Grant, Ledger, allocated, grant_of
from agent.core.model import (
    AcknowledgeOrder,
    Allocate,
    AllocateEnergy,
    ConditionChanged,
    ConditionKind,
    Correct,
    CorrectOrder,
    Entry,
    FitMeter,
    FitMeterOrder,
    InterruptionBegan,
    InterruptionEnded,
    LayUp,
    Limit,
    Moment,
    Override,
    Rate,
    RemoveMeter,
    RemoveMeterOrder,
    Resume,
    Role,
    Verdict,
    VisitOpenOrder,
)
from agent.core.posting import post
from agent.report.well import (
    Bypassing,
    Coefficient,
    Correction,
    Document,
    Fitting,
    Interruption,
    Overriding,
    Round,
)

# Somebody saw to it: orders that only make sense of a person who came or looked.
ANSWERS: Final = frozenset(
    one.__name__
    for one in (AcknowledgeOrder, CorrectOrder, FitMeterOrder, RemoveMeterOrder, VisitOpenOrder)
)


@dataclass(slots=True)
class Events:
    """Each with the instant of its record, so that it counts from then on."""

    grants: list[tuple[int, Allocate | AllocateEnergy]] = field(default_factory=list)
    rounds: list[tuple[int, Limit]] = field(default_factory=list)
    corrections: list[tuple[int, Correct]] = field(default_factory=list)
    coefficients: list[Coefficient] = field(default_factory=list)
    fittings: list[Fitting] = field(default_factory=list)
    interruptions: list[Interruption] = field(default_factory=list)
    bypasses: list[Bypassing] = field(default_factory=list)
    overrides: list[Overriding] = field(default_factory=list)
    laid_up: list[tuple[int, int | None]] = field(default_factory=list)
    overriding: bool = False
    bypassing: bool = False
    _flow_serial: str | None = None
    _power_serial: str | None = None
    _granted: Override | None = None

    # --- entries ---------------------------------------------------------------------------------

    def enter(self, utc_ms: int, entry: Entry) -> None:  # one line per kind
        match entry:
            case Allocate() | AllocateEnergy():
                self.grants.append((utc_ms, entry))
            case Limit():
                self.rounds.append((utc_ms, entry))
            case Correct():
                self.corrections.append((utc_ms, entry))
            case Rate():
                self.coefficients.append(
                    Coefficient(
                        utc_ms,
                        entry.litres_per_kwh,
                        entry.method,
                        entry.measured_utc_ms,
                        entry.document,
                    )
                )
            case FitMeter():
                self._fit(utc_ms, entry)
            case RemoveMeter():
                self._remove(utc_ms, entry)
            case Override():
                self._granted = entry
            case LayUp():
                self.laid_up.append((utc_ms, None))
            case Resume() if self.laid_up:
                self.laid_up[-1] = (self.laid_up[-1][0], utc_ms)
            case _:
                pass

    def _fit(self, utc_ms: int, entry: FitMeter) -> None:
        flow = entry.role is Role.FLOW_METER
        removed = self._flow_serial if flow else self._power_serial
        self.fittings.append(
            Fitting(
                utc_ms,
                entry.role,
                removed,
                entry.closed_total if removed else None,
                entry.serial,
                entry.total,
                entry.document,
                entry.author,
            )
        )
        self._set_serial(entry.role, entry.serial)

    def _remove(self, utc_ms: int, entry: RemoveMeter) -> None:
        self.fittings.append(
            Fitting(
                utc_ms,
                entry.role,
                entry.serial,
                entry.total,
                None,
                None,
                entry.document,
                entry.author,
            )
        )
        self._set_serial(entry.role, None)

    def _set_serial(self, role: Role, serial: str | None) -> None:
        if role is Role.FLOW_METER:
            self._flow_serial = serial
        else:
            self._power_serial = serial

    @property
    def is_laid_up(self) -> bool:
        return bool(self.laid_up) and self.laid_up[-1][1] is None

    # --- conditions ------------------------------------------------------------------------------

    def change(self, utc_ms: int, change: ConditionChanged) -> None:
        """A change of action or level while it stands is no new one."""
        if change.kind is ConditionKind.BYPASSED:
            if change.raised and not self.bypassing:
                self.bypasses.append(Bypassing(utc_ms, None, 0))
            elif not change.raised and self.bypassing:
                self.bypasses[-1] = replace(self.bypasses[-1], to_utc_ms=utc_ms)
            self.bypassing = change.raised
        elif change.kind is ConditionKind.OVERRIDE:
            if change.raised and not self.overriding and self._granted is not None:
                self.overrides.append(_begun(utc_ms, self._granted))
            elif not change.raised and self.overriding:
                self.overrides[-1] = replace(self.overrides[-1], to_utc_ms=utc_ms)
            self.overriding = change.raised and bool(self.overrides)

    def flow(self, volume_l: int) -> None:
        """What was withdrawn while a bypass or an override was there."""
        if self.bypassing:
            one = self.bypasses[-1]
            self.bypasses[-1] = replace(one, volume_l=one.volume_l + volume_l)
        if self.overriding:
            other = self.overrides[-1]
            self.overrides[-1] = replace(other, volume_l=other.volume_l + volume_l)

    # --- interruptions ---------------------------------------------------------------------------

    def interrupt(self, body: InterruptionBegan) -> None:
        self.interruptions.append(
            Interruption(body.from_utc_ms, None, body.cause, body.running, body.policy)
        )

    def resume(self, body: InterruptionEnded) -> None:
        answered: Interruption | None = None
        if self.interruptions and self.interruptions[-1].to_utc_ms is None:
            answered = self.interruptions.pop()
        self.interruptions.append(
            Interruption(
                from_utc_ms=body.from_utc_ms,
                to_utc_ms=body.to_utc_ms,
                cause=body.cause,
                running=body.running,
                policy=body.policy,
                converted_l=body.converted_l,
                counted_l=body.counted_l,
                standing_l=body.standing_l,
                answered_utc_ms=None if answered is None else answered.answered_utc_ms,
                answered_by="" if answered is None else answered.answered_by,
            )
        )

    def answer(self, utc_ms: int, verdict: Verdict) -> None:
        """The first order that was carried out while metering was interrupted."""
        if verdict.refusal is not None or verdict.order not in ANSWERS or not self.interruptions:
            return
        last = self.interruptions[-1]
        if last.to_utc_ms is None and last.answered_utc_ms is None:
            self.interruptions[-1] = replace(
                last, answered_utc_ms=utc_ms, answered_by=verdict.actor
            )

    # --- what a report asks ----------------------------------------------------------------------

    def documents(self, year: int, before_utc_ms: int) -> tuple[Document, ...]:
        """Of a plan year, as far as they were entered by then."""
        return tuple(
            Document(
                at_utc_ms,
                one.kind,
                one.volume_l if isinstance(one, Allocate) else None,
                None if isinstance(one, Allocate) else one.energy_wh,
                one.document,
                one.author,
                one.expires_utc_ms,
            )
            for at_utc_ms, one in self.grants
            if one.year == year and at_utc_ms < before_utc_ms
        )

    def allocated(
        self, year: int, before_utc_ms: int, ends_utc_ms: int
    ) -> tuple[int | None, int | None]:
        """Litres and watt-hours that were allocated when a period ended, as the ledger folds them.

        A provisional allocation that was over by then, and that no plan had replaced, is an expired
        paper and gives nothing; what a closed year was given afterwards counts.
        """
        known = [one for one in self.grants if one[1].year == year and one[0] < before_utc_ms]
        water = [one for one in known if isinstance(one[1], Allocate)]
        energy = [one for one in known if isinstance(one[1], AllocateEnergy)]
        last = Moment(ends_utc_ms - 1, 0, "", trusted=True)
        return _granted(water, year, last), _granted(energy, year, last)

    def corrected(self, year: int, before_utc_ms: int) -> tuple[Correction, ...]:
        return tuple(
            Correction(at_utc_ms, one.volume_l, one.reason, one.document, one.author)
            for at_utc_ms, one in self.corrections
            if one.year == year and at_utc_ms < before_utc_ms
        )

    def limits(self, year: int, before_utc_ms: int) -> tuple[Round, ...]:
        return tuple(
            Round(at, one.name, one.volume_l, one.from_utc_ms, one.to_utc_ms, one.document)
            for at, one in self.rounds
            if one.year == year and at < before_utc_ms
        )


def _granted(
    grants: Sequence[tuple[int, Allocate | AllocateEnergy]], year: int, last: Moment
) -> int | None:
    grant = _folded(grants, year)
    valid = allocated(grant, last)
    if valid is not None or grant.provisional is None:
        return valid
    late = [one for one in grants if one[0] >= grant.provisional_until_utc_ms]
    return _folded(late, year).adjusted if late else None


def _folded(grants: Sequence[tuple[int, Allocate | AllocateEnergy]], year: int) -> Grant:
    ledger = Ledger()
    for _, one in grants:
        ledger = post(ledger, one)
    return grant_of((*ledger.grants, *ledger.energy_grants), year)


def _begun(utc_ms: int, granted: Override) -> Overriding:
    return Overriding(
        from_utc_ms=utc_ms,
        to_utc_ms=None,
        volume_l=0,
        use=granted.use,
        granted_l=granted.volume_l,
        granted_ms=granted.lasts_ms,
        reason=granted.reason,
        author=granted.author,
    )
