"""Room rule: who may give which order at all. One table, and what is not in it nobody may.

A person at a console has a rank, a platform what the settings grant it, and root on this host
everything. Whether the order makes sense is judged afterwards, and by others.
"""

from dataclasses import dataclass
from typing import Final, assert_never, get_args

from agent.core.model import (
    AccountOrder,
    AcknowledgeOrder,
    AllocateEnergyOrder,
    AllocateOrder,
    BeginRatingOrder,
    Capability,
    ChangePinOrder,
    Command,
    CorrectOrder,
    EndRatingOrder,
    FirstSupervisorOrder,
    FitMeterOrder,
    KeyOrder,
    LayUpOrder,
    LimitOrder,
    OpenYearOrder,
    Order,
    Origin,
    OverrideOrder,
    Rank,
    RankOrder,
    RateOrder,
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
    Site,
    StopOrder,
    VisitCloseOrder,
    VisitOpenOrder,
)

# Whoever has a rank may do what the ranks before it may.
_RISING: Final = (Rank.VIEWER, Rank.TECHNICIAN, Rank.SUPERVISOR)


@dataclass(frozen=True, slots=True)
class Right:
    """What an order demands. None: nobody comes through that door with it."""

    rank: Rank | None
    capability: Capability | None
    unsigned: bool = False  # a console may ask before anybody has signed in


# Water, money and the law are a supervisor's; what is seen and done at the well a technician's.
# What only hands can do (a meter on the pipe, a rating test) is nothing a platform may order.
RIGHTS: Final[dict[type[Order], Right]] = {
    AllocateOrder: Right(Rank.SUPERVISOR, Capability.ALLOCATE),
    AllocateEnergyOrder: Right(Rank.SUPERVISOR, Capability.ALLOCATE),
    LimitOrder: Right(Rank.SUPERVISOR, Capability.ALLOCATE),
    CorrectOrder: Right(Rank.SUPERVISOR, Capability.CORRECT),
    RateOrder: Right(Rank.SUPERVISOR, Capability.RATE),
    OpenYearOrder: Right(Rank.SUPERVISOR, None),
    OverrideOrder: Right(Rank.SUPERVISOR, Capability.OVERRIDE),
    ReleaseOverrideOrder: Right(Rank.TECHNICIAN, Capability.OVERRIDE),
    FitMeterOrder: Right(Rank.TECHNICIAN, None),
    RemoveMeterOrder: Right(Rank.TECHNICIAN, None),
    BeginRatingOrder: Right(Rank.TECHNICIAN, None),
    EndRatingOrder: Right(Rank.TECHNICIAN, None),
    LayUpOrder: Right(Rank.TECHNICIAN, None),
    ResumeOrder: Right(Rank.TECHNICIAN, None),
    StopOrder: Right(Rank.TECHNICIAN, Capability.STOP),
    ReleaseOrder: Right(Rank.TECHNICIAN, Capability.STOP),
    AcknowledgeOrder: Right(Rank.TECHNICIAN, Capability.ACKNOWLEDGE),
    SetClockOrder: Right(Rank.TECHNICIAN, Capability.SET_CLOCK),
    SignInOrder: Right(Rank.VIEWER, None, unsigned=True),
    FirstSupervisorOrder: Right(Rank.VIEWER, None, unsigned=True),
    AccountOrder: Right(Rank.SUPERVISOR, None),
    RankOrder: Right(Rank.SUPERVISOR, None),
    RemoveAccountOrder: Right(Rank.SUPERVISOR, None),
    ChangePinOrder: Right(Rank.VIEWER, None),
    VisitOpenOrder: Right(Rank.TECHNICIAN, None),
    VisitCloseOrder: Right(Rank.TECHNICIAN, None),
    RelayTestOrder: Right(Rank.TECHNICIAN, None),
    SetupOrder: Right(Rank.TECHNICIAN, None),
    SetThresholdOrder: Right(Rank.SUPERVISOR, Capability.SET_THRESHOLD),
    ResendOrder: Right(Rank.TECHNICIAN, Capability.RESEND),
    ReportOrder: Right(Rank.TECHNICIAN, Capability.REPORT),
    KeyOrder: Right(Rank.SUPERVISOR, None),
    RevokeKeyOrder: Right(Rank.SUPERVISOR, None),
}
assert {*RIGHTS} == {one for union in get_args(Order) for one in get_args(union) or (union,)}


def refuse_rights(command: Command, site: Site) -> Refusal | None:
    """None when the sender may ask for this; otherwise what he would need."""
    right = RIGHTS[type(command.order)]
    match command.origin:
        case Origin.ADMIN:
            return None
        case Origin.CONSOLE:
            return None if right.unsigned else _refuse_rank(command, right.rank)
        case Origin.PLATFORM:
            return _refuse_platform(command, right.capability, site)
    assert_never(command.origin)


def granted(platform: str, site: Site) -> frozenset[Capability]:
    """What the settings let a platform do; nothing for one they do not name."""
    return next((one.may for one in site.granted if one.platform == platform), frozenset())


def _refuse_rank(command: Command, needed: Rank | None) -> Refusal | None:
    had = command.rank
    if needed is not None and had in _RISING[_RISING.index(needed) :]:
        return None
    return Refusal(Refused.NOT_ALLOWED, had or "-", needed or Origin.ADMIN)


def _refuse_platform(command: Command, needed: Capability | None, site: Site) -> Refusal | None:
    if needed is not None and needed in granted(command.actor, site):
        return None
    return Refusal(Refused.NOT_ALLOWED, command.actor, needed or Origin.CONSOLE)
