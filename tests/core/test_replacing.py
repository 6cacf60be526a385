"""`replace` makes what that of `dataclasses` makes."""

import dataclasses
from typing import Any

import pytest

from agent.core.model import Fault, Quality, Quantity
from agent.core.replacing import replace
from agent.core.state import State
from agent.core.terms import Facts
from tests.core.story import reading


@pytest.mark.parametrize(
    ("value", "changes"),
    [
        (State(), {}),
        (State(), {"permitted": True, "backflow_l": 7}),
        (Facts(), {"creeping": None}),
        (
            reading(Quantity.POWER_W, 7),
            {"quality": Quality.SUSPECT, "fault": Fault.IMPLAUSIBLE},
        ),
    ],
)
def test_it_is_the_value_that_dataclasses_make(value: Any, changes: dict[str, Any]) -> None:
    before = dataclasses.asdict(value)
    assert replace(value, **changes) == dataclasses.replace(value, **changes)
    assert dataclasses.asdict(value) == before


def test_what_must_hold_of_a_value_holds_of_a_new_one() -> None:
    with pytest.raises(AssertionError, match="a good reading has a value"):
        replace(reading(Quantity.POWER_W, 7), value=None)


def test_a_value_of_which_nothing_changes_is_not_made_again() -> None:
    was = State()
    assert replace(was) is was
    assert replace(was, permitted=False, stops=was.stops) is was


def test_a_field_that_is_not_there_is_our_fault() -> None:
    with pytest.raises(AttributeError, match="permitt"):
        replace(State(), permitt=True)  # type: ignore[call-arg]  # the claim
