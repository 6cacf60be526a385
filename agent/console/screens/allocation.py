"""Room rule: the year's water: shown as it is, and as it would be, before anybody agrees."""

from datetime import date, datetime, timedelta
from typing import Any

from agent import rows, words
from agent.console.talk import ANSWER_WITHIN_S, Talk
from agent.core.model import Allocate, AllocationKind

# A figure so many times what is allocated is likelier a slip of the unit than a plan.
UNLIKELY_TIMES = 10
# Entries that are looked at for the year before.
ENTRIES_MAX = 200


# These two take the place of what was allocated; the others change it.
REPLACES = {AllocationKind.PLAN, AllocationKind.PROVISIONAL}


def show(talk: Talk) -> None:
    """The open year's account, and what later years were given beforehand."""
    state = talk.state()
    open_year = (state["balance"] or {}).get("year")
    later = (year for year in map(int, state["allocations"]) if year != open_year)
    talk.lines(
        [
            *account_lines(talk, state["balance"]),
            *(line for year in later for line in year_lines(talk, state, year)),
        ]
    )


def account_lines(talk: Talk, balance: dict[str, Any] | None) -> list[str]:
    if balance is None:
        return [f"  {talk.word('console.no_allocation')}"]
    rest_l = balance["remaining_l"]
    last = ("over_plan", -rest_l) if rest_l < 0 else ("remaining", rest_l)
    pairs = [("allocation", balance["allocated_l"]), ("withdrawn", balance["withdrawn_l"]), last]
    return [
        talk.row("plan_year", str(balance["year"])),
        *(talk.row(label, words.volume(litres)) for label, litres in pairs),
        *(talk.row(label, value) for label, value in beside(balance, talk.language)),
    ]


def year_lines(talk: Talk, state: dict[str, Any], year: int) -> list[str]:
    """The account of that year: of one that is not open, what it is allocated."""
    if (state["balance"] or {}).get("year") == year:
        return account_lines(talk, state["balance"])
    return [talk.row(label, value) for label, value in beforehand(state, year)]


def beforehand(state: dict[str, Any], year: int) -> list[tuple[str, str]]:
    """What a year that is not open was given: a label and its value; nothing where none was."""
    given = state["allocations"].get(str(year), {})
    found = []
    if (volume_l := given.get("allocated_l")) is not None:
        found.append(("allocation", words.volume(volume_l)))
    if (energy_wh := given.get("energy_allocated_wh")) is not None:
        found.append(("energy_allocation", words.energy(energy_wh)))
    return [("plan_year", str(year)), *found] if found else []


def after(kind: AllocationKind, before: int, amount: int) -> int:
    """What will be allocated when this is added to what is allocated now."""
    if kind in REPLACES:
        return amount
    takes = kind in {AllocationKind.REDUCTION, AllocationKind.TRANSFER_OUT}
    return before - amount if takes else before + amount


def beside(balance: dict[str, Any], language: str) -> list[tuple[str, str]]:
    """The round that runs and the electricity, where there are any: a label and its value."""
    found = []
    if (rest_l := balance["limit_remaining_l"]) is not None:
        told = "over_plan" if rest_l < 0 else "remaining"
        rest = f"{words.say(f'label.{told}', language).lower()} {words.volume(abs(rest_l))}"
        found.append(("round", f"{balance['limit_name']}, {rest}"))
    if (allocated_wh := balance["energy_allocated_wh"]) is not None:
        used = words.energy(balance["energy_used_wh"]).removesuffix(" kWh")
        found.append(("energy_allocation", f"{used} / {words.energy(allocated_wh)}"))
    return found


def plan(talk: Talk, year: int, volume_l: int, document: str) -> None:
    _allocate(talk, AllocationKind.PLAN, year, volume_l, document)


def add(talk: Talk, year: int, volume_l: int, document: str) -> None:
    _allocate(talk, AllocationKind.ADDITION, year, volume_l, document)


def reduce(talk: Talk, year: int, volume_l: int, document: str) -> None:
    _allocate(talk, AllocationKind.REDUCTION, year, volume_l, document)


def transfer(talk: Talk, direction: str, year: int, volume_l: int, document: str) -> None:
    kind = AllocationKind.TRANSFER_IN if direction == "in" else AllocationKind.TRANSFER_OUT
    _allocate(talk, kind, year, volume_l, document)


def provisional(talk: Talk, year: int, volume_l: int, last: date, document: str) -> None:
    from zoneinfo import ZoneInfo  # seldom asked for

    after = datetime.combine(last + timedelta(days=1), datetime.min.time())
    expires = after.replace(tzinfo=ZoneInfo(talk.settings.station.zone))
    expires_utc_ms = int(expires.timestamp()) * 1000
    _allocate(
        talk, AllocationKind.PROVISIONAL, year, volume_l, document, expires_utc_ms=expires_utc_ms
    )


def correct(talk: Talk, year: int, volume_l: int, document: str, reason: str) -> None:
    """What was withdrawn, not what is allocated."""
    balance = talk.state()["balance"]
    if balance is not None and balance["year"] == year:
        before_l = balance["withdrawn_l"]
        changes(talk, "withdrawn", words.volume(before_l), words.volume(before_l + volume_l))
    talk.confirm()
    talk.order("CorrectOrder", year=year, volume_l=volume_l, document=document, reason=reason)


def _allocate(
    talk: Talk,
    kind: AllocationKind,
    year: int,
    volume_l: int,
    document: str,
    *,
    expires_utc_ms: int | None = None,
) -> None:
    """Before -> after; then the well's short name; twice when the figure is unlikely."""
    before_l = talk.state()["allocations"].get(str(year), {}).get("allocated_l") or 0
    after_l = after(kind, before_l, volume_l)
    told = talk.word(f"allocation_kind.{kind}")
    talk.say("console.allocates", year=year, kind=told, volume=words.volume(volume_l))
    changes(talk, "allocation", words.volume(before_l), words.volume(after_l))
    talk.terminal.say(talk.row("document", document))
    talk.confirm()
    usual_l = before_l or _last_plan_l(talk, year)
    if usual_l and after_l >= UNLIKELY_TIMES * usual_l:
        talk.confirm("console.confirm_unlikely", times=after_l // usual_l)
    order = {"year": year, "kind": kind.value, "volume_l": volume_l, "document": document}
    if talk.order("AllocateOrder", **order, expires_utc_ms=expires_utc_ms):
        talk.lines(year_lines(talk, talk.state(), year))


def _last_plan_l(talk: Talk, year: int) -> int:
    """What the year before was given as its plan; 0 when that is not known here."""
    asked = {"kinds": ["allocate"], "limit": ENTRIES_MAX}
    for *_, body in talk.desk.call("newest", asked, ANSWER_WITHIN_S)["records"]:
        entry = None if body is None else rows.from_row(Allocate, body)
        if entry and (entry.year, entry.kind) == (year - 1, AllocationKind.PLAN):
            return int(entry.volume_l)
    return 0


def changes(talk: Talk, label: str, before: str, after: str) -> None:
    talk.terminal.say(talk.row(label, f"{before} -> {after}"))
