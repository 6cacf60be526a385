"""Room rule: who gives an order, how often he may fail, and how his refusals are counted.

As in test_bounds.py.
"""

import pytest

from agent.core.attendance import Attendance, failed
from agent.core.commands import Deed, judge_command
from agent.core.model import (
    Account,
    AccountOrder,
    Command,
    FirstSupervisorOrder,
    Language,
    Moment,
    Order,
    Origin,
    Rank,
    Refusal,
    Refused,
    SignInOrder,
)
from agent.core.people import Attended
from agent.core.present import Present
from agent.core.rights import refuse_rights
from agent.core.state import State
from agent.core.tallies import Tally, closed, noted
from tests.core.story import HOUR, MINUTE, SITE, addition, utc_ms

AT = utc_ms(2026, 6, 1)


def moment(passed_ms: int = 0) -> Moment:
    return Moment(AT + passed_ms, HOUR + passed_ms, "b1", trusted=True)


def judged(order: Order, state: State | None = None, passed_ms: int = 0) -> Deed | Refusal:
    now = moment(passed_ms)
    present = Present(state or State(), (), now, now, SITE)
    return judge_command(Command("c1", Origin.ADMIN, "li", order), present)


# --- at the door -------------------------------------------------------------------------------


def failing(times: int) -> State:
    people = Attendance()
    for _ in range(times):
        people = failed(people, ("port:x",), moment())
    return State(people=people)


@pytest.mark.parametrize(
    ("passed_ms", "said"), [(0, "30"), (998, "30"), (1_000, "29"), (29_000, "1"), (29_999, "1")]
)
def test_the_wait_at_a_port_is_said_in_whole_seconds_and_never_too_short(
    passed_ms: int, said: str
) -> None:
    told = judged(SignInOrder("li", "x", "no"), failing(5), passed_ms)
    assert told == Refusal(Refused.SIGN_IN_DELAYED, said)


@pytest.mark.parametrize(("before", "wait_s"), [(3, "0"), (4, "30"), (5, "60"), (9, "900")])
def test_a_failure_says_how_long_the_next_attempt_waits(before: int, wait_s: str) -> None:
    told = judged(SignInOrder("li", "x", "no"), failing(before), HOUR)
    assert isinstance(told, Attended)
    assert told.refusal == Refusal(Refused.SIGN_IN_WRONG, wait_s)
    assert told.people.failures[-1].count == before + 1


def test_the_first_supervisor_of_a_station_is_one() -> None:
    told = judged(FirstSupervisorOrder("wang", Language.ZH, "p1"))
    assert isinstance(told, Attended)
    assert [one.rank for one in told.people.accounts] == [Rank.SUPERVISOR]


@pytest.mark.parametrize(("known", "refused"), [(23, None), (24, Refused.ACCOUNTS_FULL)])
def test_a_station_knows_twenty_four_people(known: int, refused: Refused | None) -> None:
    accounts = tuple(Account(f"p{n}", Rank.VIEWER, Language.ZH, "") for n in range(known))
    order = AccountOrder("wang", Rank.VIEWER, Language.ZH, "")
    told = judged(order, State(people=Attendance(accounts)))
    assert (told.reason if isinstance(told, Refusal) else None) is refused


def test_failures_are_counted_in_forty_places_and_the_oldest_gives_way() -> None:
    people = Attendance()
    for place in range(41):
        people = failed(people, (f"port:{place}",), moment())
    assert [one.key for one in people.failures] == [f"port:{place}" for place in range(1, 41)]


# --- a minute of refusals ----------------------------------------------------------------------


def test_a_minute_of_refusals_is_over_with_its_last_millisecond() -> None:
    tallies, first = noted((), "a", Refused.EXPIRED, 1, moment())
    assert first
    tallies, first = noted(tallies, "a", Refused.EXPIRED, 4, moment())
    assert not first
    assert tallies == (Tally("a", Refused.EXPIRED, moment(), 4),)
    assert closed(tallies, moment(MINUTE - 1)) == (tallies, ())
    left, (said,) = closed(tallies, moment(MINUTE))
    assert (left, said.count, said.from_utc_ms, said.to_utc_ms) == ((), 4, AT, AT + MINUTE)


def test_one_refusal_more_is_a_count_and_none_more_is_no_record() -> None:
    once, _ = noted((), "a", Refused.EXPIRED, 1, moment())
    assert closed(once, moment(MINUTE)) == ((), ())
    twice, _ = noted(once, "a", Refused.EXPIRED, 1, moment())
    _, (said,) = closed(twice, moment(MINUTE))
    assert said.count == 1


def test_thirty_two_senders_are_counted_by_name() -> None:
    tallies: tuple[Tally, ...] = ()
    for n in range(34):
        tallies, _ = noted(tallies, f"a{n}", Refused.EXPIRED, 1, moment())
    assert [one.actor for one in tallies] == [*(f"a{n}" for n in range(32)), ""]
    assert tallies[-1] == Tally("", Refused.TOO_MANY, moment(), 1)


# --- who may not ------------------------------------------------------------------------------


def test_a_platform_is_told_which_right_it_lacks() -> None:
    command = Command("c1", Origin.PLATFORM, "nobody", addition(5))
    assert refuse_rights(command, SITE) == Refusal(Refused.NOT_ALLOWED, "nobody", "allocate")


@pytest.mark.parametrize(("rank", "had"), [(None, "-"), (Rank.TECHNICIAN, "technician")])
def test_a_person_is_told_his_rank_and_the_one_that_is_needed(rank: Rank | None, had: str) -> None:
    command = Command("c1", Origin.CONSOLE, "wang", addition(5), rank=rank)
    assert refuse_rights(command, SITE) == Refusal(Refused.NOT_ALLOWED, had, "supervisor")
