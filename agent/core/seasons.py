"""Room rule: orders about time: what o'clock it is, when a year began, when a well rests.

Each becomes an entry or a record, or a refusal with what would be accepted.
"""

from agent.core import calendar
from agent.core.ledger import counted_l
from agent.core.model import (
    ClockSet,
    Command,
    LayUp,
    LayUpOrder,
    OpenYear,
    OpenYearOrder,
    Origin,
    Refusal,
    Refused,
    Resume,
    ResumeOrder,
    Role,
    SetClockOrder,
    is_supervisors,
)
from agent.core.present import Present, refuse_document, refuse_range, refuse_text

# A clock that a person reads is this far off without anybody setting it back.
CLOCK_SLACK_MS = 60_000


def judge_set_clock(order: SetClockOrder, command: Command, present: Present) -> ClockSet | Refusal:
    """A calendar that was believed is set back by a supervisor only, and that is recorded."""
    moment, given = present.moment, str(order.utc_ms)
    if refusal := refuse_text(order.reason, Refused.REASON_MISSING):
        return refusal
    if present.host.trusted and moment.trusted and moment.utc_ms == present.host.utc_ms:
        return Refusal(Refused.CLOCK_SYNCHRONISED)
    starts = [start for _, start in present.site.year_starts]
    if calendar.plan_year(present.site, order.utc_ms) is None:
        return Refusal(Refused.CLOCK_RANGE, given, f"{starts[0]} - {starts[-1] - 1}")
    latest_ms = present.latest_ms
    # As for a host's clock: what it would open is not closed again, and no slip of a finger may.
    typed = command.origin is Origin.CONSOLE and not is_supervisors(command)
    if typed and latest_ms is not None:
        furthest_ms = latest_ms + calendar.ahead_max_ms(present.state.watermark, moment)
        if order.utc_ms > furthest_ms:
            return Refusal(Refused.CLOCK_AHEAD, given, str(furthest_ms))
    lowers = latest_ms is not None and order.utc_ms < latest_ms - CLOCK_SLACK_MS
    if lowers and not is_supervisors(command):
        return Refusal(Refused.CLOCK_LOWERED, given, str(latest_ms))
    return ClockSet(order.utc_ms, moment.utc_ms, order.reason, command.actor)


def judge_open_year(order: OpenYearOrder, author: str, present: Present) -> OpenYear | Refusal:
    """The total lies between the last that is dated and the last that was accepted."""
    state, asked = present.state, present.state.year_asked
    if asked is None or order.year != asked:
        return Refusal(
            Refused.YEAR_NOT_ASKED, str(order.year), "-" if asked is None else str(asked)
        )
    if not present.moment.trusted:
        return Refusal(Refused.CLOCK_UNTRUSTED, str(order.year))
    if refusal := refuse_document(order.document):
        return refusal
    if state.interruption is not None or state.totalizer is None:
        return Refusal(Refused.METER_NOT_READ, Role.FLOW_METER)
    last_l = state.totalizer.last
    assert state.dated is not None, "a year is asked for when water flowed since it was dated"
    lowest_l = last_l - (counted_l(state.ledger, last_l) - state.dated.counted_l)
    if refusal := refuse_range(order.total_l, lowest_l, last_l, Refused.TOTAL_RANGE):
        return refusal
    return OpenYear(
        year=order.year,
        closes=state.ledger.year,
        total_l=order.total_l,
        withdrawn_before_l=0,
        apportioned=True,
        document=order.document,
        author=author,
    )


def judge_lay_up(order: LayUpOrder, author: str, present: Present) -> LayUp | Refusal:
    if refusal := refuse_document(order.document):
        return refusal
    if present.ledger.laid_up is not None:
        return Refusal(Refused.LAID_UP)
    if present.last_total_l is None:
        return Refusal(Refused.METER_NOT_READ, Role.FLOW_METER)
    if present.state.pump.running:
        return Refusal(Refused.PUMP_RUNNING)
    return LayUp(present.last_total_l, present.last_total_wh, order.document, author)


def judge_resume(order: ResumeOrder, author: str, present: Present) -> Resume | Refusal:
    if refusal := refuse_document(order.document):
        return refusal
    laid_up = present.ledger.laid_up
    if laid_up is None:
        return Refusal(Refused.NOT_LAID_UP)
    total_l, total_wh = present.last_total_l, present.last_total_wh
    if total_l is None:
        return Refusal(Refused.METER_NOT_READ, Role.FLOW_METER)
    moved_wh = None
    if total_wh is not None and laid_up.total_wh is not None:
        moved_wh = total_wh - laid_up.total_wh
    return Resume(
        total_l=total_l,
        total_wh=total_wh,
        moved_l=total_l - laid_up.total_l,
        moved_wh=moved_wh,
        document=order.document,
        author=author,
    )
