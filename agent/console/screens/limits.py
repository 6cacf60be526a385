"""Room rule: what bounds a year besides its allocation of water: rounds, and electricity."""

from datetime import date, datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from agent import rows, words
from agent.console.arguments import DAY, VOLUME, Argument
from agent.console.screens.allocation import (
    ENTRIES_MAX,
    UNLIKELY_TIMES,
    after,
    changes,
    year_lines,
)
from agent.console.talk import ANSWER_WITHIN_S, Talk
from agent.core.model import AllocateEnergy, AllocationKind, Limit

_BEFORE: Final = Argument("withdrawn_before", VOLUME, default="0L")
_EXPIRES: Final = Argument("expires", DAY)


def limit(  # noqa: PLR0917  # the command's arguments, in their order
    talk: Talk, year: int, name: str, volume_l: int, first: date, last: date, document: str
) -> None:
    """A round (轮次) of the year; one of the same name takes its place."""
    begins, ends = _midnight_ms(talk, first), _midnight_ms(talk, last + timedelta(days=1))
    order: dict[str, Any] = {
        "year": year, "name": name, "volume_l": volume_l, "from_utc_ms": begins,
        "to_utc_ms": ends, "document": document,
    }  # fmt: skip
    state = talk.state()
    if begins <= state["at_utc_ms"]:
        order["withdrawn_before_l"] = talk.value(_BEFORE)
    earlier = _earlier(talk, year, name)
    before_l = 0 if earlier is None else earlier.volume_l
    talk.say("console.limits", year=year, name=name, first=first, last=last)
    changes(talk, "round", words.volume(before_l), words.volume(volume_l))
    talk.terminal.say(talk.row("document", document))
    talk.confirm()
    usual_l = before_l or (state["balance"] or {}).get("allocated_l", 0)
    _unlikely(talk, volume_l, usual_l)
    _ordered(talk, "LimitOrder", order)


def energy(  # noqa: PLR0917  # the command's arguments, in their order
    talk: Talk, kind: str, year: int, energy_wh: int, document: str, expires: date | None
) -> None:
    """Electricity beside the water: the first of the two that runs out cuts."""
    order: dict[str, Any] = {
        "year": year, "kind": kind, "energy_wh": energy_wh, "document": document,
    }  # fmt: skip
    if kind == AllocationKind.PROVISIONAL:
        last = expires or talk.value(_EXPIRES)
        order["expires_utc_ms"] = _midnight_ms(talk, last + timedelta(days=1))
    before_wh = talk.state()["allocations"].get(str(year), {}).get("energy_allocated_wh") or 0
    after_wh = after(AllocationKind(kind), before_wh, energy_wh)
    told = talk.word(f"energy_kind.{kind}")
    talk.say("console.allocates_energy", year=year, kind=told, energy=words.energy(energy_wh))
    changes(talk, "energy_allocation", words.energy(before_wh), words.energy(after_wh))
    talk.terminal.say(talk.row("document", document))
    talk.confirm()
    _unlikely(talk, after_wh, before_wh or _last_energy_wh(talk, year))
    _ordered(talk, "AllocateEnergyOrder", order)


def _ordered(talk: Talk, kind: str, fields: dict[str, Any]) -> None:
    if talk.order(kind, **fields):
        talk.lines(year_lines(talk, talk.state(), fields["year"]))


def _unlikely(talk: Talk, after: int, usual: int) -> None:
    if usual > 0 and after >= UNLIKELY_TIMES * usual:
        talk.confirm("console.confirm_unlikely", times=after // usual)


def _earlier(talk: Talk, year: int, name: str) -> Limit | None:
    """The round that has this name already."""
    for entry in _newest(talk, "limit", Limit):
        if (entry.year, entry.name) == (year, name):
            assert isinstance(entry, Limit)
            return entry
    return None


def _last_energy_wh(talk: Talk, year: int) -> int:
    """What the year before was given as its plan; 0 when that is not known here."""
    for entry in _newest(talk, "allocate_energy", AllocateEnergy):
        if (entry.year, entry.kind) == (year - 1, AllocationKind.PLAN):
            return int(entry.energy_wh)
    return 0


def _newest(talk: Talk, kind: str, of: type[Any]) -> list[Any]:
    asked = {"kinds": [kind], "limit": ENTRIES_MAX}
    told = talk.desk.call("newest", asked, ANSWER_WITHIN_S)["records"]
    return [rows.from_row(of, body) for *_, body in told if body is not None]


def _midnight_ms(talk: Talk, day: date) -> int:
    zone = ZoneInfo(talk.settings.station.zone)
    return int(datetime.combine(day, datetime.min.time(), tzinfo=zone).timestamp()) * 1000
