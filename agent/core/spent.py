"""Room rule: which signed commands were used up. Each is good for one time, on this station.

A command is remembered until it has expired, and no id is forgotten to make room: when the memory
of a platform is full, its next command is refused. A calendar that was set back would make an
expired command good again: none that expires before one which was forgotten is taken any more.
And a memory that was lost says so: what was signed before it began again may have been used.
"""

from dataclasses import dataclass

from agent.core.model import Moment, Refused
from agent.core.replacing import replace

# Of one platform. A week of an order every hour; about 10 kB of the checkpoint when it is full.
SPENT_MAX = 200
LIFETIME_MAX_MS = 7 * 24 * 3_600_000
# A platform's clock may be ahead of ours by so much.
SKEW_MS = 5 * 60_000


@dataclass(frozen=True, slots=True)
class Used:
    """A command that was judged. `refused` None: it took effect."""

    platform: str
    id: str
    expires_utc_ms: int
    refused: Refused | None = None


@dataclass(frozen=True, slots=True)
class Spent:
    """`epoch` is the journal's. `begun_utc_ms` None: the memory was lost, and no clock knew when.

    Up to `forgotten_utc_ms` something may have been forgotten, because it had expired.
    """

    used: tuple[Used, ...] = ()
    forgotten_utc_ms: int = 0
    begun_utc_ms: int | None = 0
    epoch: str = ""


LOST = Spent(begun_utc_ms=None)


def of_epoch(spent: Spent, epoch: str) -> Spent:
    """As it is for a journal. One that began again remembers less than was done."""
    if spent.epoch in ("", epoch):
        return replace(spent, epoch=epoch)
    return replace(LOST, epoch=epoch, forgotten_utc_ms=spent.forgotten_utc_ms)


def aged(spent: Spent, moment: Moment, latest_ms: int | None) -> Spent:
    """Forget what has expired by the latest calendar that can be vouched for."""
    if spent.begun_utc_ms is None and moment.trusted:
        spent = replace(spent, begun_utc_ms=moment.utc_ms)
    over = [one.expires_utc_ms for one in spent.used if _is_over(one, latest_ms)]
    if not over:
        return spent
    return replace(
        spent,
        used=tuple(one for one in spent.used if not _is_over(one, latest_ms)),
        forgotten_utc_ms=max(*over, spent.forgotten_utc_ms),
    )


def _is_over(one: Used, latest_ms: int | None) -> bool:
    return latest_ms is not None and one.expires_utc_ms <= latest_ms


def find(spent: Spent, platform: str, command_id: str) -> Used | None:
    wanted = (platform, command_id)
    return next((one for one in spent.used if (one.platform, one.id) == wanted), None)


def is_full(spent: Spent, platform: str) -> bool:
    return sum(one.platform == platform for one in spent.used) >= SPENT_MAX


def used_up(spent: Spent, used: Used) -> Spent:
    """Also beyond the bound: a stop that was obeyed while there was room is written down later."""
    return replace(spent, used=(*spent.used, used))
