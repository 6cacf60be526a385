"""Room rule: what was written down, read back: sessions, events, readings, CSV. Adds up nothing.

The journal holds years; nothing here reads more of it than it shows. A day's first sample is asked
for by its instant, and records that are no samples by their kind.
"""

import json
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from itertools import chain
from typing import Any, Final, NamedTuple

from agent import catalogue, rows, words
from agent.console.talk import ANSWER_WITHIN_S, Cancelled, Talk
from agent.core.model import (
    ConditionChanged,
    RelayMoved,
    Sample,
    Session,
    Verdict,
)

SESSIONS: Final = 10
EVENTS: Final = 20
PAGE: Final = 200
# A month, a day and a time of day; then these fields of a sample, with so many columns each.
AT_WIDTH: Final = 11
_READINGS: Final = (
    ("forward_total_l", 15),
    ("flow_l_per_h", 12),
    ("energy_wh", 14),
    ("power_w", 10),
    ("level_mm", 10),
)
_EVENTS: Final = (
    "condition_changed relay_moved verdict started session visit_opened visit_closed"
    " account_changed relay_tested clock_set interruption_began interruption_ended gap"
)


class Told(NamedTuple):
    number: int
    at_utc_ms: int
    body: Any


# --- the newest of a kind ------------------------------------------------------------------------


def sessions(talk: Talk, count: int | None) -> None:
    found = newest(talk, "session", count or SESSIONS)
    if not found:
        talk.say("console.nothing_written")
    for one in reversed(found):
        assert isinstance(one.body, Session)
        talk.lines([_session(talk, one.body)])


def _session(talk: Talk, one: Session) -> str:
    began, ended = _at(one.started_utc_ms), _at(one.stopped_utc_ms)
    lasted = words.duration(max(0, one.stopped_utc_ms - one.started_utc_ms), talk.language)
    why = talk.word(f"stop_cause.{one.cause}")
    reasons = " ".join(talk.word(f"condition.{kind}") for kind in one.reasons)
    return (
        f"  {began} - {ended[6:]}  {lasted}  {words.volume(one.volume_l)}"
        f"  {words.energy(one.energy_wh)}  {why} {reasons}"
    ).rstrip()


def events(talk: Talk, count: int | None) -> None:
    for one in reversed(newest(talk, _EVENTS, count or EVENTS)):
        talk.lines([f"  {_at(one.at_utc_ms)}  {_event(talk, one.body)}"])


def _event(talk: Talk, body: Any) -> str:
    kind = talk.word(f"record.{rows.kind_of(type(body))}")
    if isinstance(body, ConditionChanged):
        told = talk.word("state.raised" if body.raised else "state.cleared")
        return f"{talk.word(f'condition.{body.kind}')} {told}"
    if isinstance(body, RelayMoved):
        moved = talk.word("state.permitted" if body.permitted else "state.cut")
        reasons = [talk.word(f"condition.{one}") for one in body.reasons]
        if body.lapse is not None:
            reasons = [talk.word(f"lapse.{body.lapse}")]
        return f"{kind}: {moved} {' '.join(reasons)}"
    if isinstance(body, Verdict):
        return _verdict(talk, body)
    if isinstance(body, Session):
        return f"{kind}: {words.volume(body.volume_l)}"
    return kind


def _verdict(talk: Talk, body: Verdict) -> str:
    why = "" if body.refusal is None else words.refusal(body.refusal, talk.language)
    if not body.order:  # turned away before there was an order to judge
        return talk.word("log.command_refused", actor=body.actor, why=why)
    key = f"order.{body.order}"
    order = talk.word(key) if catalogue.known(key) else body.order
    told = f"{body.actor}: {order} {body.note}".rstrip()
    return f"{told}; {talk.word('verdict.refused', why=why)}" if why else told


def newest(talk: Talk, kinds: str, count: int) -> list[Told]:
    asked = {"kinds": kinds.split(), "limit": count}
    answer = talk.desk.call("newest", asked, ANSWER_WITHIN_S)
    return [told for row in answer["records"] if (told := _told(row)) is not None]


def _told(row: list[Any]) -> Told | None:
    """None for a record whose body was given up, or that a newer version wrote."""
    number, at_utc_ms, _, kind, body = row
    if body is None or kind not in rows.BODIES:
        return None
    try:
        return Told(number, at_utc_ms, rows.from_row(rows.BODIES[kind], body))
    except rows.RowError:
        return None


def _at(utc_ms: int) -> str:
    return words.instant(utc_ms, "en")[5:16]


# --- samples -------------------------------------------------------------------------------------


def readings(talk: Talk, first: date | None, last: date | None) -> None:
    """What was recorded each interval, oldest first; today's if no day is given."""
    today = _day_of(talk.state()["at_utc_ms"])
    span = _span(talk, first or today, last or first or today)
    found = _samples(talk, *span)
    begun = next(found, None)
    if begun is None:
        talk.say("console.nothing_then")
        return
    talk.terminal.say(_columns(talk))
    talk.lines(f"  {_at(one.at_utc_ms)}{_cells(one.body)}" for one in chain([begun], found))


def _columns(talk: Talk) -> str:
    """What stands above each column of figures, and its unit."""
    heads = [talk.word(f"console_column.{name}") for name, _ in _READINGS]
    widths = [wide for _, wide in _READINGS]
    told = [" " * (wide - words.width(one)) + one for one, wide in zip(heads, widths, strict=True)]
    at = talk.word("console_column.at")
    return f"  {at}{' ' * (AT_WIDTH - words.width(at))}{''.join(told)}"


def _cells(one: Sample) -> str:
    return "".join(_thousandth(getattr(one, name)).rjust(wide) for name, wide in _READINGS)


def _thousandth(value: int | None) -> str:
    return words.ABSENT if value is None else f"{value / 1000:.3f}"


def export(talk: Talk, first: date, last: date) -> None:
    """CSV down the line: what the terminal captures is a file."""
    begin, end = _span(talk, first, last)
    talk.terminal.say("number,at,total_m3,flow_m3_per_h,energy_kwh,power_kw,level_m,permitted,"
                      "allocated_m3,withdrawn_m3", fold=False)  # fmt: skip
    for one in _samples(talk, begin, end):
        body = one.body
        values = (
            body.forward_total_l, body.flow_l_per_h, body.energy_wh, body.power_w, body.level_mm,
        )  # fmt: skip
        told = [str(one.number), words.rfc3339(one.at_utc_ms)]
        told += ["" if value is None else f"{value / 1000:.3f}" for value in values]
        told.append(str(int(body.permitted)))
        ends = (body.allocated_l, body.withdrawn_l)
        told += ["" if value is None else f"{value / 1000:.3f}" for value in ends]
        talk.terminal.say(",".join(told), fold=False)
        if talk.interrupted():
            return


def _samples(talk: Talk, begin_utc_ms: int, end_utc_ms: int) -> Iterator[Told]:
    first = first_sample(talk, begin_utc_ms)
    if first is None:
        return
    after = first.number - 1
    while page := _page(talk, after, PAGE):
        for row in page:
            after = row[0]
            if row[1] >= end_utc_ms:
                return
            told = _told(row) if row[3] == "sample" else None
            if told is not None and told.at_utc_ms >= begin_utc_ms:
                yield told


def _page(talk: Talk, after: int, limit: int) -> list[list[Any]]:
    answer = talk.desk.call("records", {"after": after, "limit": limit}, ANSWER_WITHIN_S)
    return list(answer["records"])


def samples_after(talk: Talk, number: int, limit: int) -> list[Told]:
    """Those among so many records after that one."""
    found = (_told(row) for row in _page(talk, number, limit) if row[3] == "sample")
    return [one for one in found if one is not None]


def first_sample(talk: Talk, since_utc_ms: int) -> Told | None:
    asked = {"since_utc_ms": max(0, since_utc_ms)}
    row = talk.desk.call("first_sample", asked, ANSWER_WITHIN_S)["record"]
    return None if row is None else _told(row)


def _span(talk: Talk, first: date, last: date) -> tuple[int, int]:
    """Cancelled where the last day lies before the first."""
    if last < first:
        talk.say("console.days_reversed", first=first, last=last)
        raise Cancelled
    return _midnight(first), _midnight(last + timedelta(days=1))


def _midnight(day: date) -> int:
    start = datetime.combine(day, datetime.min.time(), tzinfo=words.BEIJING)
    return int(start.timestamp()) * 1000


def _day_of(utc_ms: int) -> date:
    return date.fromisoformat(words.instant(utc_ms, "en")[:10])


def raw(talk: Talk, count: int) -> list[str]:
    """The newest events as they are stored, for support."""
    answer = talk.desk.call("newest", {"kinds": _EVENTS.split(), "limit": count}, ANSWER_WITHIN_S)
    return [json.dumps(row, ensure_ascii=False, separators=(",", ":")) for row in answer["records"]]
