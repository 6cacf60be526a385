"""Room rule: an order becomes entries, or one refusal with its reason. Changes nothing itself.

Whoever asks, and through whichever door, meets the same checks here. What an order needs of the
present (the account, the meters' readings, the moment) is passed in.
"""

from typing import assert_never

from agent.core.allocations import judge_allocate, judge_allocate_energy, judge_limit
from agent.core.fittings import judge_correct, judge_fit_meter, judge_remove_meter
from agent.core.model import (
    AllocateEnergyOrder,
    AllocateOrder,
    Command,
    CorrectOrder,
    Entry,
    FitMeterOrder,
    LimitOrder,
    Refusal,
    Refused,
    RemoveMeterOrder,
)
from agent.core.present import Present


def judge_command(command: Command, present: Present) -> Entry | Refusal:
    """The entry that a command makes, or why it makes none."""
    if command.id in present.seen_ids:
        return Refusal(Refused.DUPLICATE, command.id)
    if command.not_after_utc_ms is not None and command.not_after_utc_ms < present.moment.utc_ms:
        return Refusal(Refused.EXPIRED)
    order, author = command.order, command.actor
    match order:
        case AllocateOrder():
            return judge_allocate(order, author, present)
        case AllocateEnergyOrder():
            return judge_allocate_energy(order, author, present)
        case LimitOrder():
            return judge_limit(order, author, present)
        case FitMeterOrder():
            return judge_fit_meter(order, author, present)
        case RemoveMeterOrder():
            return judge_remove_meter(order, author, present)
        case CorrectOrder():
            return judge_correct(order, author, present)
    assert_never(order)
