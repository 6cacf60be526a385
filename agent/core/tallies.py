"""Room rule: how many refusals are worth a record. Refuses nothing itself.

Whoever sends to a station over a network may send without end. The first refusal of a sender for a
reason is written down whole; those of the minute after it are counted, and the count is one more
record. So a flood costs two records a minute for each reason, and hides nothing.
"""

from dataclasses import dataclass

from agent.core.model import Moment, RefusalsCounted, Refused, elapsed_ms
from agent.core.replacing import replace

MINUTE_MS = 60_000
# Of all senders and reasons; those beyond them are counted together, without a name.
TALLIES_MAX = 32


@dataclass(frozen=True, slots=True)
class Tally:
    """`count` more than the one that was written down at `since`."""

    actor: str
    reason: Refused
    since: Moment
    count: int = 0


Tallies = tuple[Tally, ...]


def noted(
    tallies: Tallies, actor: str, reason: Refused, count: int, moment: Moment
) -> tuple[Tallies, bool]:
    """After so many refusals more. True when one of them is to be written down."""
    if len(tallies) >= TALLIES_MAX and _find(tallies, actor, reason) is None:
        actor, reason = "", Refused.TOO_MANY
    known = _find(tallies, actor, reason)
    if known is None:
        return (*tallies, Tally(actor, reason, moment, count - 1)), True
    more = replace(known, count=known.count + count)
    return tuple(more if one is known else one for one in tallies), False


def _find(tallies: Tallies, actor: str, reason: Refused) -> Tally | None:
    return next((one for one in tallies if (one.actor, one.reason) == (actor, reason)), None)


def closed(tallies: Tallies, moment: Moment) -> tuple[Tallies, tuple[RefusalsCounted, ...]]:
    """The minutes that are over, and what was counted in them."""
    over = tuple(one for one in tallies if _is_over(one, moment))
    if not over:
        return tallies, ()
    said = tuple(
        RefusalsCounted(one.actor, one.reason, one.count, one.since.utc_ms, moment.utc_ms)
        for one in over
        if one.count > 0
    )
    return tuple(one for one in tallies if one not in over), said


def _is_over(one: Tally, moment: Moment) -> bool:
    passed_ms = elapsed_ms(one.since, moment)
    return passed_ms is None or passed_ms >= MINUTE_MS
