"""Room rule: an order becomes entries, or one refusal with its reason. Changes nothing itself.

Whoever asks, and through whichever door, meets the same checks here. What an order needs of the
present (the account, the meters' readings, the moment) is passed in.
"""

from typing import assert_never

from agent.core.allocations import judge_allocate, judge_allocate_energy, judge_limit
from agent.core.authority import Ordered, judge_authority
from agent.core.entered import refuse_again
from agent.core.fittings import judge_correct, judge_fit_meter, judge_remove_meter
from agent.core.model import (
    AccountOrder,
    AcknowledgeOrder,
    AllocateEnergyOrder,
    AllocateOrder,
    BeginRatingOrder,
    ChangePinOrder,
    ClockSet,
    Command,
    CorrectOrder,
    EndRatingOrder,
    Entry,
    FirstSupervisorOrder,
    FitMeterOrder,
    KeyOrder,
    LayUpOrder,
    LimitOrder,
    OpenYearOrder,
    Origin,
    OverrideOrder,
    RankOrder,
    RateOrder,
    RateProposed,
    RatingBegan,
    Refusal,
    Refused,
    RelayTestOrder,
    ReleaseOrder,
    ReleaseOverrideOrder,
    RemoveAccountOrder,
    RemoveMeterOrder,
    ReportOrder,
    ResendOrder,
    ResumeOrder,
    RevokeKeyOrder,
    SetClockOrder,
    SetThresholdOrder,
    SetupOrder,
    SignInOrder,
    StopOrder,
    VisitCloseOrder,
    VisitOpenOrder,
)
from agent.core.people import Attended, judge_people
from agent.core.present import Present
from agent.core.ratings import judge_begin, judge_end, judge_rate
from agent.core.rights import refuse_rights
from agent.core.seasons import judge_lay_up, judge_open_year, judge_resume, judge_set_clock
from agent.core.station import Obeyed, judge_station
from agent.core.warrants import refuse_warrant

# What a command makes: an entry of the account, a deed that is only recorded, or what stands from
# now on because somebody with the right to it said so.
Deed = Entry | ClockSet | RatingBegan | RateProposed | Ordered | Attended | Obeyed


def judge_command(command: Command, present: Present) -> Deed | Refusal:
    """What a command makes, or why it makes nothing."""
    if command.id in present.state.seen_ids:
        return Refusal(Refused.DUPLICATE, command.id)
    refusal = (
        refuse_warrant(command, present)
        or refuse_rights(command, present.site)
        or _refuse_late(command, present)
    )
    if refusal:
        return refusal
    deed = _judge(command, present)
    again = refuse_again(present.state.entered, deed) if isinstance(deed, Entry) else None
    return again or deed


def _refuse_late(command: Command, present: Present) -> Refusal | None:
    """A command is worth nothing after its time, and a step of the calendar does not revive it.

    The administrator's own clock is this host's.
    """
    if command.not_after_utc_ms is None or command.held:
        return None
    latest_ms = present.host.utc_ms if command.origin is Origin.ADMIN else present.latest_ms
    if latest_ms is not None and command.not_after_utc_ms < latest_ms:
        return Refusal(Refused.EXPIRED)
    return None


def _judge(command: Command, present: Present) -> Deed | Refusal:  # noqa: C901, PLR0912  # a line each
    order, author = command.order, command.actor
    match order:
        case AllocateOrder():
            return judge_allocate(order, author, present)
        case AllocateEnergyOrder():
            return judge_allocate_energy(order, author, present)
        case LimitOrder():
            return judge_limit(order, author, present)
        case FitMeterOrder():
            return judge_fit_meter(order, author, present)
        case RemoveMeterOrder():
            return judge_remove_meter(order, author, present)
        case CorrectOrder():
            return judge_correct(order, author, present)
        case RateOrder():
            return judge_rate(order, author, present)
        case BeginRatingOrder():
            return judge_begin(order, author, present)
        case EndRatingOrder():
            return judge_end(order, present)
        case LayUpOrder():
            return judge_lay_up(order, author, present)
        case ResumeOrder():
            return judge_resume(order, author, present)
        case SetClockOrder():
            return judge_set_clock(order, command, present)
        case OpenYearOrder():
            return judge_open_year(order, author, present)
        case (
            StopOrder()
            | ReleaseOrder()
            | AcknowledgeOrder()
            | OverrideOrder()
            | ReleaseOverrideOrder()
        ):
            return judge_authority(command, order, present.state, present.site)
        case (
            SignInOrder()
            | FirstSupervisorOrder()
            | AccountOrder()
            | RankOrder()
            | RemoveAccountOrder()
            | ChangePinOrder()
            | VisitOpenOrder()
            | VisitCloseOrder()
            | RelayTestOrder()
            | SetupOrder()
        ):
            return judge_people(order, command, present)
        case SetThresholdOrder() | ResendOrder() | ReportOrder() | KeyOrder() | RevokeKeyOrder():
            return judge_station(order, command, present)
    assert_never(order)
