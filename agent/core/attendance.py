"""Room rule: who may sign in, who tried and failed, who is at work. Judges no order.

Failures are counted for the port and for the account. After the fifth, whoever comes waits: longer
each time, judged on monotonic time, and from the beginning again after a boot.
"""

from dataclasses import dataclass
from typing import Final

from agent.core.model import Account, Moment, Rank, SetupOutcome, SetupStep
from agent.core.replacing import replace

ACCOUNTS_MAX: Final = 24
# So many failures are a slip of the finger; each further one doubles the wait.
FREE_FAILURES: Final = 5
DELAY_FIRST_MS: Final = 30_000
DELAY_MAX_MS: Final = 900_000
# An account and a port each have one place; a station has fewer ports than this.
FAILURES_MAX: Final = ACCOUNTS_MAX + 16


@dataclass(frozen=True, slots=True)
class Failed:
    """So many failures in a row at a port (`port:x`) or of an account (`account:x`)."""

    key: str
    count: int
    at: Moment


@dataclass(frozen=True, slots=True)
class Visit:
    """Somebody is at work on the well."""

    person: str
    cause: str
    began: Moment
    total_l: int | None
    total_wh: int | None


@dataclass(frozen=True, slots=True)
class Trial:
    """The relay is held open for a moment, to see what the pump does."""

    began: Moment
    lasts_ms: int


@dataclass(frozen=True, slots=True)
class Progress:
    """How a step of the commissioning ended, the last time that it was gone through."""

    step: SetupStep
    outcome: SetupOutcome


@dataclass(frozen=True, slots=True)
class Attendance:
    """Accounts and the commissioning are in the book and read from there at each start."""

    accounts: tuple[Account, ...] = ()
    failures: tuple[Failed, ...] = ()
    visit: Visit | None = None
    trial: Trial | None = None
    setup: tuple[Progress, ...] = ()  # the steps that were gone through, as the last one left them


def account_of(people: Attendance, name: str) -> Account | None:
    return next((one for one in people.accounts if one.name == name), None)


def supervisors(people: Attendance) -> int:
    return sum(one.rank is Rank.SUPERVISOR for one in people.accounts)


def with_account(people: Attendance, account: Account) -> Attendance:
    """The account as it is from now on, in its old place or as the last."""
    if account_of(people, account.name) is None:
        return replace(people, accounts=(*people.accounts, account))
    changed = tuple(account if one.name == account.name else one for one in people.accounts)
    return replace(people, accounts=changed)


def without_account(people: Attendance, name: str) -> Attendance:
    left = tuple(one for one in people.accounts if one.name != name)
    return forgiven(replace(people, accounts=left), f"account:{name}")


def on_trial(people: Attendance, moment: Moment) -> bool:
    """Whether the relay is held open now; a boot ends it, for a cut pump has stopped."""
    trial = people.trial
    if trial is None or trial.began.boot != moment.boot:
        return False
    return moment.monotonic_ms - trial.began.monotonic_ms < trial.lasts_ms


# --- commissioning -------------------------------------------------------------------------------


def with_step(people: Attendance, progress: Progress) -> Attendance:
    """A signature is of what stands above it: whatever is gone through again is signed again."""
    gone = {progress.step, SetupStep.SIGNATURE}
    kept = {one.step: one for one in people.setup if one.step not in gone} | {
        progress.step: progress
    }
    return replace(people, setup=tuple(kept[step] for step in SetupStep if step in kept))


def open_steps(people: Attendance) -> tuple[SetupStep, ...]:
    """Those that nobody has finished, nor said why he does not."""
    settled = {one.step for one in people.setup if one.outcome is not SetupOutcome.FAILED}
    return tuple(step for step in SetupStep if step not in settled)


# --- failures ------------------------------------------------------------------------------------


def wait_ms(people: Attendance, keys: tuple[str, ...], moment: Moment) -> int:
    """How long nobody may try with any of `keys`; 0 when somebody may."""
    return max((_left_ms(one, moment) for one in people.failures if one.key in keys), default=0)


def _left_ms(one: Failed, moment: Moment) -> int:
    if one.count < FREE_FAILURES:
        return 0
    delay_ms = min(DELAY_MAX_MS, DELAY_FIRST_MS << min(one.count - FREE_FAILURES, 10))
    # Monotonic time begins with the boot: after one, the whole delay is waited for again.
    since_ms = one.at.monotonic_ms if one.at.boot == moment.boot else 0
    return max(0, delay_ms - (moment.monotonic_ms - since_ms))


def failed(people: Attendance, keys: tuple[str, ...], moment: Moment) -> Attendance:
    """One more failure for each of `keys`; the oldest give way where there is no room."""
    counts = {one.key: one.count for one in people.failures}
    others = tuple(one for one in people.failures if one.key not in keys)
    ours = tuple(Failed(key, counts.get(key, 0) + 1, moment) for key in keys)
    return replace(people, failures=(*others, *ours)[-FAILURES_MAX:])


def forgiven(people: Attendance, *keys: str) -> Attendance:
    left = tuple(one for one in people.failures if one.key not in keys)
    return replace(people, failures=left)
