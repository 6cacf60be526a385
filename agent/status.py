"""Room rule: what a station says of itself right now, as plain JSON values. Pure.

The console, the administrator and the platforms' retained `state` are all made of this one
picture, so they cannot disagree. Codes, not words: the catalogue says them to a human.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any

from agent import rows
from agent.catalogue import Told
from agent.core.ledger import counted_l
from agent.core.model import Balance, Condition, Health, Moment, PlatformKey, Reading, Site
from agent.core.pump import Pump, Run, lasted_ms
from agent.core.scan import Outcome
from agent.core.state import State, allocations, missing
from agent.core.thresholds import differing
from agent.ports import BusStanding, Counters, LinkFault


@dataclass(frozen=True, slots=True)
class Identity:
    """Which station this is, and which program."""

    station: str
    name: str
    version: str
    epoch: str
    energise: str = "to_run"  # what an energised relay does
    public_key: str = ""  # of the seals, in hex
    language: str = "zh"  # of what is said where nobody asked for another
    site: Site | None = None  # as its settings say
    settings_sha256: str = ""  # of their file


@dataclass(frozen=True, slots=True)
class Reported:
    """What an uplink says of itself; counted since it started.

    `fault` is a `ports.LinkFault` and `error` what the network said; the catalogue's words come
    before it.
    """

    connected: bool = False
    fault: str | None = LinkFault.NOT_RUNNING
    error: str = "the uplink is not running"
    warning: Told | None = None  # of a certificate's end
    delivered: int = 0
    batches: int = 0
    bytes: int = 0
    reconnects: int = 0
    rejected: int = 0
    foreign: int = 0
    last_error: str = ""
    last_error_utc_ms: int | None = None
    wire_bytes: int = 0  # both ways, headers included
    began_ms: int = 0  # its process, on the monotonic clock; 0 while it has told nothing


# dataclasses.asdict copies deeply: a fifth of what this picture costs, each second.
_REPORTED = tuple(one.name for one in fields(Reported))


@dataclass(frozen=True, slots=True)
class UplinkPicture:
    """One platform as the desk knows it: how far it has come, and what its uplink reported."""

    cursor: int
    parked: int
    reported: Reported = Reported()


@dataclass(frozen=True, slots=True)
class Around:
    """What is not in the scan's outcome but belongs in the picture."""

    head: tuple[int, str]
    journal_failing: Told | None
    relay_permitted: bool | None
    uplinks: Mapping[str, UplinkPicture]
    instruments: Mapping[str, Any]  # the book's: serial number and document of each meter
    buses: Sequence[BusStanding] = ()
    counters: Sequence[Counters] = ()
    inputs: Mapping[str, bool | None] = field(default_factory=dict)
    keys: Sequence[PlatformKey] = ()
    health: Health | None = None  # as last looked at, written down or not


def picture(identity: Identity, outcome: Outcome, around: Around) -> dict[str, Any]:
    """The live state of the station."""
    number, digest = around.head
    return {
        "station": identity.station,
        "name": identity.name,
        "version": identity.version,
        "epoch": identity.epoch,
        "public_key": identity.public_key,
        "head": [number, digest],
        "at_utc_ms": outcome.moment.utc_ms,
        "trusted": outcome.moment.trusted,
        "permitted": outcome.decision.permit,
        "relay": _relay(around.relay_permitted),
        "energise": identity.energise,
        "reasons": list(outcome.decision.reasons),
        "balance": _balance(outcome.balance),
        "allocations": {
            str(year): {"allocated_l": volume_l, "energy_allocated_wh": energy_wh}
            for year, (volume_l, energy_wh) in allocations(outcome.state, outcome.moment).items()
        },
        "readings": [reading_picture(one) for one in outcome.readings],
        "conditions": [_condition(one) for one in outcome.state.standing.conditions],
        "session": _session(outcome.state, outcome.moment),
        "visit": _visit(outcome.state),
        "setup": {one.step: one.outcome for one in outcome.state.people.setup},
        "instruments": dict(around.instruments),
        "buses": {one.name: bus_picture(one, around.counters) for one in around.buses},
        "inputs": dict(around.inputs),
        "journal": _journal(around.journal_failing),
        "missing": [] if identity.site is None else list(missing(identity.site, outcome.state)),
        "thresholds": _thresholds(identity.site, outcome.state),
        "keys": _keys(around.keys),
        "health": None if around.health is None else rows.named(around.health),
        "uplinks": {name: _uplink(one, number) for name, one in around.uplinks.items()},
    }


def revision(outcome: Outcome) -> tuple[Any, ...]:
    """Changes when a platform must hear of it at once; not with every reading."""
    account = outcome.balance
    return (
        outcome.decision.permit,
        outcome.decision.reasons,
        tuple(
            (one.kind, one.action, one.level, one.latched)
            for one in outcome.state.standing.conditions
        ),
        None if account is None else (account.year, account.allocated_l),
        outcome.state.ledger.grants,
        outcome.state.ledger.energy_grants,
        _going_on(outcome.state.pump) is not None,
        outcome.state.reports,
        outcome.state.thresholds,
    )


def reading_picture(one: Reading) -> dict[str, Any]:
    return {
        "instrument": one.instrument,
        "quantity": one.quantity,
        "value": one.value,
        "quality": one.quality,
        "fault": one.fault,
    }


def bus_picture(bus: BusStanding, counters: Sequence[Counters]) -> dict[str, Any]:
    """How a bus stands, and how each instrument on it has answered since control started."""
    return {
        "connected": bus.connected,
        "opened": bus.opened,
        "echoes": bus.echoes,
        "trouble": bus.trouble,
        "instruments": {
            one.role: {
                "unit": one.unit,
                "requests": one.requests,
                "timeouts": one.timeouts,
                "garbled": one.garbled,
                "exceptions": one.exceptions,
                "splits": one.splits,
                "median_ms": one.turnaround_median_ms,
                "p99_ms": one.turnaround_p99_ms,
                "timeout_ms": one.timeout_ms,
                "resting": one.resting,
                "serial": one.serial,
                "of_kind": one.of_kind,
                "says": list(one.says),
            }
            for one in counters
            if one.bus == bus.name
        },
    }


def _condition(one: Condition) -> dict[str, Any]:
    return {
        "kind": one.kind,
        "action": one.action,
        "since_utc_ms": one.since.utc_ms,
        "latched": one.latched,
        "level": one.level,
    }


def _thresholds(site: Site | None, state: State) -> dict[str, Any]:
    """Those that were set from afar, beside what the settings say."""
    if site is None:
        return {}
    return {
        one.name: {
            "value": one.value,
            "settings": said,
            "document": one.document,
            "author": one.author,
        }
        for one, said in differing(site, state.thresholds)
    }


def _uplink(one: UplinkPicture, newest: int) -> dict[str, Any]:
    return {
        "cursor": one.cursor,
        "waiting": max(0, newest - one.cursor),
        "parked": one.parked,
        **{name: getattr(one.reported, name) for name in _REPORTED},
        **_warning(one.reported.warning),
    }


def _keys(keys: Sequence[PlatformKey]) -> dict[str, list[str]]:
    """The key ids that count, by platform."""
    valid = [one for one in keys if not one.revoked]
    return {
        name: [one.kid for one in valid if one.platform == name]
        for name in sorted({one.platform for one in valid})
    }


def _warning(warning: Told | None) -> dict[str, Any]:
    """As a text, empty when there is none; `told` as below."""
    if warning is None:
        return {"warning": "", "told": None}
    return {"warning": str(warning), "told": warning.named()}


def _journal(failing: Told | None) -> dict[str, Any]:
    """`failing` in words for a log; `told` for whoever says it in another language."""
    if failing is None:
        return {"failing": None, "told": None}
    return {"failing": str(failing), "told": failing.named()}


def _relay(permitted: bool | None) -> str:  # noqa: FBT001  # a reading, not a switch
    if permitted is None:
        return "silent"
    return "permitted" if permitted else "cut"


def _balance(account: Balance | None) -> dict[str, Any] | None:
    if account is None:
        return None
    return {**rows.named(account), "remaining_l": account.remaining_l}


def _visit(state: State) -> dict[str, Any] | None:
    visit = state.people.visit
    if visit is None:
        return None
    return {
        "person": visit.person,
        "cause": visit.cause,
        "since_utc_ms": visit.began.utc_ms,
    }


def _going_on(pump: Pump) -> Run | None:
    """Not one that is over, and waits for a total to be written down with: no pump runs by it."""
    return None if pump.run is None or pump.run.stopped is not None else pump.run


def _session(state: State, moment: Moment) -> dict[str, int | None] | None:
    """The run that goes on, dated as its record will be. `running_ms` None: no clock can tell."""
    run, totalizer = _going_on(state.pump), state.totalizer
    if run is None or totalizer is None:
        return None
    ran_ms = lasted_ms(run, moment)
    return {
        "started_utc_ms": run.started.utc_ms if ran_ms is None else moment.utc_ms - ran_ms,
        "running_ms": ran_ms,
        "start_total_l": run.start_total_l,
        "volume_l": counted_l(state.ledger, totalizer.last) - run.start_counted_l,
        "start_energy_wh": run.start_energy_wh,
    }
