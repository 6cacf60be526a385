"""Who may sign in, who may change it, and what people do at the well, as stories in time.

Chapters: accounts, signing in, visits, relay tests, commissioning.
"""

from typing import Any

import pytest

from agent.core.attendance import ACCOUNTS_MAX, FAILURES_MAX
from agent.core.model import (
    AccountChange,
    AccountChanged,
    AccountOrder,
    Action,
    ChangePinOrder,
    Command,
    ConditionKind,
    FirstSupervisorOrder,
    Language,
    Order,
    Origin,
    Rank,
    RankOrder,
    Refused,
    RelayMoved,
    RelayTested,
    RelayTestOrder,
    RemoveAccountOrder,
    SetupNoted,
    SetupOrder,
    SetupOutcome,
    SetupStep,
    SignInOrder,
    StopOrder,
    Verdict,
    VisitClosed,
    VisitCloseOrder,
    VisitOpened,
    VisitOpenOrder,
)
from agent.core.people import CURVE_MAX, FACTS_MAX
from tests.core.story import DAY, HOUR, Story

K = ConditionKind
RIGHT = "pin-li"


def manned() -> Story:
    """A station with one supervisor, li, and one viewer, ma."""
    story = Story()
    assert story.ask(FirstSupervisorOrder("li", Language.ZH, RIGHT), Origin.CONSOLE, None) is None
    assert give(story, AccountOrder("ma", Rank.VIEWER, Language.EN, "pin-ma")) is None
    return story


def give(story: Story, order: Order, actor: str = "li") -> Refused | None:
    """As a supervisor at a console."""
    return story.order(order, origin=Origin.CONSOLE, actor=actor)


def sign_in(
    story: Story, account: str = "li", proof: str = RIGHT, port: str = "x"
) -> Refused | None:
    return story.ask(SignInOrder(account, port, proof), Origin.CONSOLE, None)


def ranks(story: Story) -> dict[str, Rank]:
    return {one.name: one.rank for one in story.state.people.accounts}


# --- accounts ----------------------------------------------------------------------------------


def test_while_nobody_supervises_only_a_first_supervisor_can_be_made() -> None:
    story = Story()
    assert story.ask(StopOrder("x"), Origin.CONSOLE, None) is Refused.NOT_ALLOWED
    assert (
        story.ask(AccountOrder("li", Rank.VIEWER, Language.ZH, "1"), Origin.CONSOLE, None)
        is Refused.NOT_ALLOWED
    )
    first = FirstSupervisorOrder("li", Language.ZH, RIGHT)
    assert story.ask(first, Origin.CONSOLE, None) is None
    changed = story.of(AccountChanged)[-1]
    assert changed == AccountChanged(
        AccountChange.OPENED, "li", Rank.SUPERVISOR, Language.ZH, RIGHT, "li"
    )
    assert story.ask(first, Origin.CONSOLE, None) is Refused.SUPERVISOR_EXISTS
    assert ranks(story) == {"li": Rank.SUPERVISOR}


def test_the_last_supervisor_is_neither_removed_nor_given_another_rank() -> None:
    story = manned()
    assert give(story, RemoveAccountOrder("li")) is Refused.LAST_SUPERVISOR
    assert give(story, RankOrder("li", Rank.VIEWER)) is Refused.LAST_SUPERVISOR
    assert give(story, RankOrder("ma", Rank.SUPERVISOR)) is None
    assert give(story, RemoveAccountOrder("li")) is None
    assert ranks(story) == {"ma": Rank.SUPERVISOR}
    assert give(story, RemoveAccountOrder("ma"), "ma") is Refused.LAST_SUPERVISOR


def test_two_supervisors_who_remove_each_other_in_one_scan_leave_one() -> None:
    story = manned()
    assert give(story, RankOrder("ma", Rank.SUPERVISOR)) is None
    orders = [("a", "li", "ma"), ("b", "ma", "li")]
    story.look(
        *(
            Command(key, Origin.CONSOLE, actor, RemoveAccountOrder(name), rank=Rank.SUPERVISOR)
            for key, actor, name in orders
        )
    )
    assert ranks(story) == {"li": Rank.SUPERVISOR}


@pytest.mark.parametrize(
    ("order", "refused"),
    [
        (AccountOrder("ma", Rank.VIEWER, Language.ZH, "p"), Refused.ACCOUNT_EXISTS),
        (RankOrder("ge", Rank.VIEWER), Refused.ACCOUNT_UNKNOWN),
        (AccountOrder("", Rank.VIEWER, Language.ZH, "p"), Refused.ACCOUNT_NAME),
        (AccountOrder("a b", Rank.VIEWER, Language.ZH, "p"), Refused.ACCOUNT_NAME),
        (AccountOrder("-a", Rank.VIEWER, Language.ZH, "p"), Refused.ACCOUNT_NAME),
        (AccountOrder("x" * 25, Rank.VIEWER, Language.ZH, "p"), Refused.ACCOUNT_NAME),
        (AccountOrder("王建国", Rank.VIEWER, Language.ZH, "p"), None),
        (RemoveAccountOrder("ge"), Refused.ACCOUNT_UNKNOWN),
        (ChangePinOrder("ge", "p", own=False), Refused.ACCOUNT_UNKNOWN),
    ],
)
def test_what_an_account_may_be(order: Order, refused: Refused | None) -> None:
    assert give(manned(), order) is refused


def test_accounts_are_bounded() -> None:
    story = manned()
    for number in range(ACCOUNTS_MAX - 2):
        assert give(story, AccountOrder(f"a{number}", Rank.VIEWER, Language.ZH, "p")) is None
    assert give(story, AccountOrder("more", Rank.VIEWER, Language.ZH, "p")) is Refused.ACCOUNTS_FULL


@pytest.mark.parametrize(
    ("actor", "rank", "name", "own", "refused"),
    [
        ("ma", Rank.VIEWER, "ma", True, None),
        ("ma", Rank.VIEWER, "ma", False, Refused.NOT_ALLOWED),
        ("ma", Rank.VIEWER, "li", True, Refused.NOT_ALLOWED),
        ("ma", Rank.TECHNICIAN, "li", False, Refused.NOT_ALLOWED),
        ("li", Rank.SUPERVISOR, "ma", False, None),
    ],
)
def test_ones_own_pin_is_ones_own_and_a_supervisor_changes_anybodys(
    actor: str, rank: Rank, name: str, refused: Refused | None, *, own: bool
) -> None:
    story = manned()
    order = ChangePinOrder(name, "new", own=own)
    story.look(Command("c", Origin.CONSOLE, actor, order, rank=rank))
    refusal = story.of(Verdict)[-1].refusal
    assert (refusal and refusal.reason) is refused
    assert (sign_in(story, name, "new") is None) is (refused is None)


# --- signing in --------------------------------------------------------------------------------


def test_an_unknown_account_and_a_wrong_pin_have_one_answer() -> None:
    answers = []
    for account in ("li", "nobody"):
        story = manned()
        said = []
        for _ in range(8):
            sign_in(story, account, "")
            said.append(story.of(Verdict)[-1].refusal)
        answers.append(said)
    assert answers[0] == answers[1]


def test_after_five_failures_even_the_right_pin_waits_and_each_failure_doubles_it() -> None:
    story = manned()
    for _ in range(5):
        assert sign_in(story, proof="") is Refused.SIGN_IN_WRONG
    assert sign_in(story) is Refused.SIGN_IN_DELAYED
    story.after(28)
    assert sign_in(story) is None
    for _ in range(5):
        assert sign_in(story, proof="") is Refused.SIGN_IN_WRONG
    waits = []
    for _ in range(7):
        left = story.state.people.failures
        assert left
        waited = 0
        while sign_in(story, proof="") is Refused.SIGN_IN_DELAYED:
            waited += 1
        waits.append(waited + 1)
    assert waits == [30, 60, 120, 240, 480, 900, 900]


def test_the_wait_survives_a_restart_and_begins_anew_after_a_boot() -> None:
    story = manned()
    for _ in range(5):
        sign_in(story, proof="")
    story.after(25)
    story.away(2_000)
    assert sign_in(story) is Refused.SIGN_IN_DELAYED
    story.power_off(DAY)
    story.after(25)
    assert sign_in(story) is Refused.SIGN_IN_DELAYED
    story.after(5)
    assert sign_in(story) is None


def test_a_viewer_who_signs_in_between_does_not_win_more_guesses_at_a_supervisor() -> None:
    story = manned()
    answers = []
    for _ in range(3):
        answers += [sign_in(story, proof=""), sign_in(story, proof="")]
        answers.append(sign_in(story, "ma", "pin-ma"))
    assert answers[:6] == [Refused.SIGN_IN_WRONG, Refused.SIGN_IN_WRONG, None] * 2
    assert answers[6:] == [Refused.SIGN_IN_WRONG, Refused.SIGN_IN_DELAYED, None]


def test_a_pin_that_was_changed_meanwhile_is_a_wrong_one() -> None:
    story = manned()
    assert give(story, ChangePinOrder("li", "newer", own=False)) is None
    assert sign_in(story, proof=RIGHT) is Refused.SIGN_IN_WRONG
    assert sign_in(story, proof="newer") is None


def test_a_supervisor_who_changes_a_pin_forgives_the_accounts_failures() -> None:
    story = manned()
    for _ in range(5):
        sign_in(story, "ma", "", port="x")
    assert sign_in(story, "ma", "pin-ma", port="y") is Refused.SIGN_IN_DELAYED
    assert give(story, ChangePinOrder("ma", "new", own=False)) is None
    assert sign_in(story, "ma", "new", port="y") is None


def test_no_name_that_anybody_types_makes_the_table_of_failures_grow() -> None:
    story = manned()
    for number in range(2 * FAILURES_MAX):
        sign_in(story, f"nobody{number}", "", port=f"p{number}")
    assert len(story.state.people.failures) == FAILURES_MAX
    assert not any("nobody" in one.key for one in story.state.people.failures)


def test_every_login_and_every_failure_is_a_record_with_its_port() -> None:
    story = manned()
    sign_in(story, proof="", port="front")
    sign_in(story, port="front")
    verdicts = story.of(Verdict)[-2:]
    assert [(one.order, one.note) for one in verdicts] == [("SignInOrder", "front")] * 2
    assert [one.refusal is None for one in verdicts] == [False, True]
    assert story.outcomes[-1].durable


# --- visits ------------------------------------------------------------------------------------


def test_a_visit_records_both_totals_at_both_ends() -> None:
    story = manned().commission(100_000).after(2)
    assert give(story, VisitOpenOrder("Wang, contractor", "flow meter unsteady")) is None
    opened = story.of(VisitOpened)[-1]
    assert (opened.total_l, opened.total_wh) == (story.total_l, story.energy_wh)
    story.start()
    story.after(600)
    assert give(story, VisitCloseOrder("couplant renewed", "couplant", "A-17")) is None
    closed = story.of(VisitClosed)[-1]
    assert closed.person == "Wang, contractor"
    assert (closed.opened_total_l, closed.opened_total_wh) == (opened.total_l, opened.total_wh)
    assert closed.total_l is not None
    assert opened.total_l is not None
    assert closed.total_l > opened.total_l
    assert (closed.parts, closed.seals, closed.author) == ("couplant", "A-17", "li")


def test_a_visit_without_a_meter_has_no_totals() -> None:
    story = manned()
    assert give(story, VisitOpenOrder("Wang", "first look")) is None
    assert story.of(VisitOpened)[-1].total_l is None


def test_one_visit_at_a_time_and_none_is_closed_that_was_not_opened() -> None:
    story = manned()
    assert give(story, VisitCloseOrder("nothing")) is Refused.NO_VISIT
    assert give(story, VisitOpenOrder("", "x")) is Refused.PERSON_MISSING
    assert give(story, VisitOpenOrder("Wang", " ")) is Refused.REASON_MISSING
    assert give(story, VisitOpenOrder("Wang", "x")) is None
    assert give(story, VisitOpenOrder("Ma", "x")) is Refused.VISIT_OPEN
    assert give(story, VisitCloseOrder("")) is Refused.REASON_MISSING
    assert give(story, VisitCloseOrder("fine", "x" * 101)) is Refused.REASON_MISSING
    assert give(story, VisitCloseOrder("fine")) is None
    assert give(story, VisitCloseOrder("fine")) is Refused.NO_VISIT


def test_a_visit_that_nobody_closes_is_recalled_after_a_day() -> None:
    story = manned().commission().unhurried()
    assert give(story, VisitOpenOrder("Wang", "x")) is None
    story.after(DAY / 1000 - 60)
    assert K.VISIT_OPEN not in story.conditions
    story.after(120)
    assert story.conditions[K.VISIT_OPEN] is Action.WARN
    assert story.permitted
    assert give(story, VisitCloseOrder("fine")) is None
    assert K.VISIT_OPEN not in story.conditions


# --- relay tests -------------------------------------------------------------------------------


def test_a_relay_test_cuts_for_a_moment_and_starts_nothing() -> None:
    story = manned().commission().after(2)
    story.start()
    story.after(30)
    assert give(story, RelayTestOrder(10_000, "handover")) is None
    assert story.reasons == [K.RELAY_TEST]
    assert story.of(RelayTested)[-1] == RelayTested(
        10_000, permitted=True, running=True, reason="handover", author="li"
    )
    story.after(9)
    assert not story.permitted
    story.after(2)
    assert K.RELAY_TEST not in story.conditions
    assert story.after(180).permitted
    assert not story.running
    assert [one.permitted for one in story.of(RelayMoved)][-2:] == [False, True]


def test_a_relay_test_permits_nothing_that_is_cut() -> None:
    story = manned().commission().after(2)
    assert give(story, StopOrder("work")) is None
    assert give(story, RelayTestOrder(5_000, "x")) is None
    story.after(400)
    assert story.reasons == [K.STOPPED_ON_SITE]


def test_a_relay_test_ends_with_the_power_and_is_bounded() -> None:
    story = manned().commission().after(2)
    for wrong_ms in (0, 999, 60_001, HOUR, -5):
        assert give(story, RelayTestOrder(wrong_ms, "x")) is Refused.TEST_TIME
    assert give(story, RelayTestOrder(60_000, "")) is Refused.REASON_MISSING
    assert give(story, RelayTestOrder(60_000, "x")) is None
    story.power_off(5_000)
    story.after(1)
    assert K.RELAY_TEST not in story.conditions


# --- commissioning -----------------------------------------------------------------------------


def test_a_step_of_the_commissioning_is_written_down_with_what_was_seen() -> None:
    story = manned()
    facts = ("licence=兵取水14-0127", "flow_due=2028-01-01")
    assert give(story, SetupOrder(SetupStep.NAMEPLATE, SetupOutcome.DONE, facts=facts)) is None
    noted = story.of(SetupNoted)[-1]
    assert (noted.step, noted.facts, noted.author) == (SetupStep.NAMEPLATE, facts, "li")
    assert story.outcomes[-1].durable


def test_what_a_step_cannot_have_seen_is_refused() -> None:
    story = manned()
    done = SetupOutcome.DONE

    def refused(**fields: Any) -> Refused | None:
        return give(story, SetupOrder(SetupStep.CLOCK, **{"outcome": done} | fields))

    assert refused(outcome=SetupOutcome.SKIPPED) is Refused.REASON_MISSING
    assert refused(outcome=SetupOutcome.FAILED, reason=" ") is Refused.REASON_MISSING
    assert refused(facts=("no sign of equality",)) is Refused.SETUP_FACTS
    assert refused(facts=("x=1",) * (FACTS_MAX + 1)) is Refused.SETUP_FACTS
    assert refused(curve=(1, 2, 3)) is Refused.SETUP_FACTS
    assert refused(curve=(1,) * (CURVE_MAX + 4)) is Refused.SETUP_FACTS
    assert story.of(SetupNoted) == []


def test_a_signature_is_of_all_steps_and_ends_with_the_next_change_of_one() -> None:
    story = manned()
    sign = SetupOrder(SetupStep.SIGNATURE, SetupOutcome.DONE)
    others = [one for one in SetupStep if one is not SetupStep.SIGNATURE]
    for step in others[:-1]:
        assert give(story, SetupOrder(step, SetupOutcome.DONE)) is None
    assert give(story, SetupOrder(others[-1], SetupOutcome.FAILED, "no copy")) is None
    assert give(story, sign) is Refused.SETUP_OPEN
    assert give(story, SetupOrder(others[-1], SetupOutcome.SKIPPED, "no copy")) is None
    assert give(story, sign) is None
    assert [one.step for one in story.state.people.setup] == list(SetupStep)
    assert give(story, SetupOrder(SetupStep.RELAY, SetupOutcome.DONE)) is None
    assert [one.step for one in story.state.people.setup] == others
