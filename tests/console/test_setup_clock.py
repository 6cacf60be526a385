"""The commissioning guide on a station whose calendar is put right while it goes on."""

from typing import Any

import pytest

from agent.core.model import SetupOutcome, SetupStep
from tests.console.test_setup import UNTIL_WET, House, guided, noted, outcomes
from tests.core.story import HOUR

LOOKS_BEFORE = 5


class Stepped(House):
    """Its calendar steps while the pump of the wet test runs."""

    def __init__(self, step_ms: int) -> None:
        super().__init__()
        self.step_ms = step_ms
        self.looks = 0

    def _status(self, **asked: Any) -> dict[str, Any]:
        self.looks += self.story.running
        if self.looks > LOOKS_BEFORE:
            self.story.calendar_off_ms = self.step_ms
        assert self.looks < 100, "the test goes on and on"
        return super()._status(**asked)


@pytest.mark.parametrize("step_ms", [-HOUR, HOUR, -1_000, 25_000])
def test_a_step_of_the_calendar_neither_ends_a_wet_test_nor_draws_it_out(step_ms: int) -> None:
    """An hour back it ran until the owner stopped; an hour forward the meters seemed to differ."""
    house = Stepped(step_ms)
    guided(house, "setup 20s", *UNTIL_WET, "quit")
    assert outcomes(house)[SetupStep.WET_TEST] is SetupOutcome.DONE
    facts = noted(house, SetupStep.WET_TEST)
    assert facts["wet_lasted_ms"] == "20000"
