"""Room rule: orders about people: who signs in, who has an account, who came to work.

Each becomes what is recorded and who is known from now on, or a refusal. A sign-in that fails is
both: it is refused, and counted.
"""

import re
from dataclasses import dataclass
from typing import Final, assert_never

from agent.core.attendance import (
    ACCOUNTS_MAX,
    Attendance,
    Progress,
    Trial,
    Visit,
    account_of,
    failed,
    forgiven,
    open_steps,
    supervisors,
    wait_ms,
    with_account,
    with_step,
    without_account,
)
from agent.core.model import (
    Account,
    AccountChange,
    AccountChanged,
    AccountOrder,
    Body,
    ChangePinOrder,
    Command,
    FirstSupervisorOrder,
    Origin,
    PeopleOrder,
    Rank,
    RankOrder,
    Refusal,
    Refused,
    RelayTested,
    RelayTestOrder,
    RemoveAccountOrder,
    SetupNoted,
    SetupOrder,
    SetupOutcome,
    SetupStep,
    SignInOrder,
    VisitClosed,
    VisitCloseOrder,
    VisitOpened,
    VisitOpenOrder,
)
from agent.core.present import Present, refuse_range, refuse_text
from agent.core.replacing import replace

NAME_MAX: Final = 24
# No blank, no quotation mark, nothing that a line would have to be told apart from a command.
_NAME: Final = re.compile(rf"[^\W_][\w.-]{{0,{NAME_MAX - 1}}}")
TEST_MS: Final = (1_000, 60_000)
TEXT_MAX: Final = 100
FACTS_MAX: Final = 32
_FACT: Final = re.compile(r"[a-z][a-z0-9_.-]{0,39}=.{0,120}")
# A point a second for ten minutes and some more, four numbers each.
CURVE_MAX: Final = 4 * 700


@dataclass(frozen=True, slots=True)
class Attended:
    """Who is known from now on, and what is written down. `refusal`: it was counted, not done."""

    people: Attendance
    bodies: tuple[Body, ...] = ()
    refusal: Refusal | None = None


def judge_people(  # noqa: C901  # a line each
    order: PeopleOrder, command: Command, present: Present
) -> Attended | Refusal:
    """What an order about people comes to."""
    match order:
        case SignInOrder():
            return _sign_in(order, present)
        case FirstSupervisorOrder():
            return _first(order, command, present)
        case AccountOrder():
            return _account(order, command, present)
        case RankOrder():
            return _rank(order, command, present)
        case RemoveAccountOrder():
            return _remove(order, command, present)
        case ChangePinOrder():
            return _change_pin(order, command, present)
        case VisitOpenOrder():
            return _open_visit(order, command, present)
        case VisitCloseOrder():
            return _close_visit(order, command, present)
        case RelayTestOrder():
            return _test_relay(order, command, present)
        case SetupOrder():
            return _note_step(order, command, present)
    assert_never(order)


# --- signing in ----------------------------------------------------------------------------------


def _sign_in(order: SignInOrder, present: Present) -> Attended | Refusal:
    """An unknown account, a wrong PIN and a PIN that was changed meanwhile are one answer."""
    people, moment = present.state.people, present.moment
    account = account_of(people, order.account)
    port = f"port:{order.port}"
    keys = (port,) if account is None else (port, f"account:{order.account}")
    left_ms = wait_ms(people, keys, moment)
    if left_ms > 0:
        return Refusal(Refused.SIGN_IN_DELAYED, str(-(-left_ms // 1000)))
    if account is None or not order.proof or order.proof != account.pin_id:
        people = failed(people, keys, moment)
        left_s = -(-wait_ms(people, keys, moment) // 1000)
        return Attended(people, refusal=Refusal(Refused.SIGN_IN_WRONG, str(left_s)))
    return Attended(forgiven(people, *keys))


# --- accounts ------------------------------------------------------------------------------------


def _first(order: FirstSupervisorOrder, command: Command, present: Present) -> Attended | Refusal:
    if supervisors(present.state.people) > 0:
        return Refusal(Refused.SUPERVISOR_EXISTS)
    first = AccountOrder(order.name, Rank.SUPERVISOR, order.language, order.pin_id)
    return _account(first, replace(command, actor=order.name), present)


def _account(order: AccountOrder, command: Command, present: Present) -> Attended | Refusal:
    people = present.state.people
    if not _NAME.fullmatch(order.name):
        return Refusal(Refused.ACCOUNT_NAME, order.name[:NAME_MAX], f"1-{NAME_MAX}")
    if account_of(people, order.name) is not None:
        return Refusal(Refused.ACCOUNT_EXISTS, order.name)
    if len(people.accounts) >= ACCOUNTS_MAX:
        return Refusal(Refused.ACCOUNTS_FULL, order.name, str(ACCOUNTS_MAX))
    account = Account(order.name, order.rank, order.language, order.pin_id)
    opened = _changed(AccountChange.OPENED, account, command)
    return Attended(with_account(people, account), (opened,))


def _rank(order: RankOrder, command: Command, present: Present) -> Attended | Refusal:
    people = present.state.people
    account = account_of(people, order.name)
    if account is None:
        return _unknown(order.name, people)
    if order.rank is not Rank.SUPERVISOR and _is_last(account, people):
        return Refusal(Refused.LAST_SUPERVISOR, order.name)
    account = replace(account, rank=order.rank)
    ranked = _changed(AccountChange.RANKED, account, command)
    return Attended(with_account(people, account), (ranked,))


def _remove(order: RemoveAccountOrder, command: Command, present: Present) -> Attended | Refusal:
    people = present.state.people
    account = account_of(people, order.name)
    if account is None:
        return _unknown(order.name, people)
    if _is_last(account, people):
        return Refusal(Refused.LAST_SUPERVISOR, order.name)
    removed = _changed(AccountChange.REMOVED, account, command)
    return Attended(without_account(people, order.name), (removed,))


def _change_pin(order: ChangePinOrder, command: Command, present: Present) -> Attended | Refusal:
    """One's own with any rank; another's as a supervisor. It forgives what failed before."""
    people = present.state.people
    account = account_of(people, order.name)
    if account is None:
        return _unknown(order.name, people)
    supervises = command.origin is Origin.ADMIN or command.rank is Rank.SUPERVISOR
    if not (supervises or (order.own and command.actor == order.name)):
        return Refusal(Refused.NOT_ALLOWED, command.rank or "-", Rank.SUPERVISOR)
    account = replace(account, pin_id=order.pin_id)
    people = forgiven(with_account(people, account), f"account:{order.name}")
    return Attended(people, (_changed(AccountChange.PIN_CHANGED, account, command),))


def _is_last(account: Account, people: Attendance) -> bool:
    return account.rank is Rank.SUPERVISOR and supervisors(people) == 1


def _unknown(name: str, people: Attendance) -> Refusal:
    known = ", ".join(one.name for one in people.accounts)
    return Refusal(Refused.ACCOUNT_UNKNOWN, name[:NAME_MAX], known or "-")


def _changed(change: AccountChange, account: Account, command: Command) -> AccountChanged:
    return AccountChanged(
        change, account.name, account.rank, account.language, account.pin_id, command.actor
    )


# --- at work -------------------------------------------------------------------------------------


def _open_visit(order: VisitOpenOrder, command: Command, present: Present) -> Attended | Refusal:
    people = present.state.people
    if refusal := refuse_text(order.person, Refused.PERSON_MISSING):
        return refusal
    if refusal := refuse_text(order.cause, Refused.REASON_MISSING):
        return refusal
    if people.visit is not None:
        return Refusal(Refused.VISIT_OPEN, people.visit.person)
    total_l, total_wh = present.last_total_l, present.last_total_wh
    visit = Visit(order.person, order.cause, present.moment, total_l, total_wh)
    opened = VisitOpened(order.person, order.cause, total_l, total_wh, command.actor)
    return Attended(replace(people, visit=visit), (opened,))


def _close_visit(order: VisitCloseOrder, command: Command, present: Present) -> Attended | Refusal:
    people, visit = present.state.people, present.state.people.visit
    if visit is None:
        return Refusal(Refused.NO_VISIT)
    if refusal := refuse_text(order.findings, Refused.REASON_MISSING):
        return refusal
    longest = max(order.parts, order.seals, key=len)
    if len(longest) > TEXT_MAX:
        return Refusal(Refused.REASON_MISSING, longest[:TEXT_MAX], f"1-{TEXT_MAX}")
    closed = VisitClosed(
        person=visit.person,
        cause=visit.cause,
        opened_utc_ms=visit.began.utc_ms,
        opened_total_l=visit.total_l,
        opened_total_wh=visit.total_wh,
        total_l=present.last_total_l,
        total_wh=present.last_total_wh,
        findings=order.findings,
        parts=order.parts,
        seals=order.seals,
        author=command.actor,
    )
    return Attended(replace(people, visit=None), (closed,))


def _test_relay(order: RelayTestOrder, command: Command, present: Present) -> Attended | Refusal:
    """A condition of the interlock's holds the relay open as long as the trial runs."""
    if refusal := refuse_text(order.reason, Refused.REASON_MISSING):
        return refusal
    if refusal := refuse_range(order.lasts_ms, *TEST_MS, Refused.TEST_TIME):
        return refusal
    state = present.state
    tested = RelayTested(
        order.lasts_ms, state.permitted, state.pump.running, order.reason, command.actor
    )
    return Attended(replace(state.people, trial=Trial(present.moment, order.lasts_ms)), (tested,))


def _note_step(order: SetupOrder, command: Command, present: Present) -> Attended | Refusal:
    """Only what came of a step: whatever a step changes, it changes by the order for that."""
    people = present.state.people
    if order.outcome is not SetupOutcome.DONE and (
        refusal := refuse_text(order.reason, Refused.REASON_MISSING)
    ):
        return refusal
    facts = [one for one in order.facts if not _FACT.fullmatch(one)]
    if facts or len(order.facts) > FACTS_MAX:
        return Refusal(Refused.SETUP_FACTS, "".join(facts[:1])[:40], str(FACTS_MAX))
    if len(order.curve) > CURVE_MAX or len(order.curve) % 4:
        return Refusal(Refused.SETUP_FACTS, str(len(order.curve)), str(CURVE_MAX))
    left = [one for one in open_steps(people) if one is not SetupStep.SIGNATURE]
    if order.step is SetupStep.SIGNATURE and order.outcome is SetupOutcome.DONE and left:
        return Refusal(Refused.SETUP_OPEN, ", ".join(left))
    noted = SetupNoted(
        order.step, order.outcome, order.reason, order.facts, command.actor, order.curve
    )
    return Attended(with_step(people, Progress(order.step, order.outcome)), (noted,))
