"""Room rule: is a signed command still good: its lifetime, its time and its single use.

The signature was checked before. A clock that is not believed cannot tell whether a command has
expired: such a station still obeys a stop, and may be told the time; nothing else.
"""

from agent.core import spent
from agent.core.model import Command, Refusal, Refused, SetClockOrder, StopOrder
from agent.core.present import Present
from agent.core.replacing import replace
from agent.core.spent import LIFETIME_MAX_MS, SKEW_MS, Used
from agent.core.state import State

# After these it is as good as before: never, or not yet.
_NOT_USED_UP = (
    Refused.DUPLICATE,
    Refused.IDS_FULL,
    Refused.LIFETIME,
    Refused.EXPIRED,
    Refused.NOT_YET,
    Refused.ISSUED_BEFORE,
)


def refuse_warrant(command: Command, present: Present) -> Refusal | None:
    """Nothing to say of a command that nobody signed."""
    if command.issued_utc_ms is None:
        return None
    assert command.not_after_utc_ms is not None, "a signed command has an end"
    memory = present.state.spent
    known = spent.find(memory, command.actor, command.id)
    if known is not None:
        return Refusal(Refused.DUPLICATE, command.id, known.refused or "accepted")
    if command.held:
        return None  # it was good when it was obeyed
    if spent.is_full(memory, command.actor):
        return Refusal(Refused.IDS_FULL, str(spent.SPENT_MAX))
    issued_ms, until_ms = command.issued_utc_ms, command.not_after_utc_ms
    return _refuse_lifetime(issued_ms, until_ms) or _refuse_time(
        command, issued_ms, until_ms, present
    )


def _refuse_lifetime(issued_ms: int, until_ms: int) -> Refusal | None:
    if 0 < until_ms - issued_ms <= LIFETIME_MAX_MS:
        return None
    return Refusal(Refused.LIFETIME, str(until_ms - issued_ms), f"1-{LIFETIME_MAX_MS}")


def _refuse_time(
    command: Command, issued_ms: int, until_ms: int, present: Present
) -> Refusal | None:
    """Expired is at or before the latest calendar that can be vouched for."""
    memory, latest_ms = present.state.spent, present.latest_ms
    if until_ms <= max(memory.forgotten_utc_ms, latest_ms or 0):
        return Refusal(Refused.EXPIRED, str(until_ms), str(latest_ms or memory.forgotten_utc_ms))
    harmless = isinstance(command.order, StopOrder | SetClockOrder)
    if not present.moment.trusted:
        return None if harmless else Refusal(Refused.CLOCK_UNTRUSTED)
    if issued_ms > present.moment.utc_ms + SKEW_MS:
        return Refusal(Refused.NOT_YET, str(issued_ms), str(present.moment.utc_ms))
    if memory.begun_utc_ms is None or issued_ms < memory.begun_utc_ms:
        return Refusal(Refused.ISSUED_BEFORE, str(issued_ms), str(memory.begun_utc_ms or 0))
    return None


def used_up(state: State, command: Command, refused: Refused | None) -> State:
    """A signed command that was judged is good for nothing more, also when it was refused.

    Otherwise whoever can repeat it chooses the moment at which it is taken after all.
    """
    if command.issued_utc_ms is None or refused in _NOT_USED_UP:
        return state
    assert command.not_after_utc_ms is not None, "a signed command has an end"
    full = spent.is_full(state.spent, command.actor)
    assert command.held or not full, "a full memory takes no command"
    used = Used(command.actor, command.id, command.not_after_utc_ms, refused)
    return replace(state, spent=spent.used_up(state.spent, used))
