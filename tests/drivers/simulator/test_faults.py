"""The faults are values with bounds, and one seed tells them all."""

from typing import Any

import pytest

from drivers.simulator import faults
from drivers.simulator.faults import Dice, Faults


def test_one_seed_gives_one_series_of_faults() -> None:
    often = Faults(noise=0.3, silence=0.2, refusal=0.2, late=0.2, torn=0.2)
    first, again, other = ([dice.fate(often) for _ in range(50)] for dice in map(Dice, (7, 7, 8)))
    assert first == again
    assert first != other


def test_turning_one_fault_on_does_not_move_the_others() -> None:
    noisy, noisy_and_late = Dice(7), Dice(7)
    for _ in range(100):
        alone = noisy.fate(Faults(noise=0.3))
        both = noisy_and_late.fate(Faults(noise=0.3, late=0.5))
        assert (alone.request_noise, alone.reply_noise) == (both.request_noise, both.reply_noise)


def test_a_rate_of_zero_never_happens_and_a_rate_of_one_always() -> None:
    dice = Dice(1)
    for _ in range(100):
        fate = dice.fate(Faults(late=1.0))
        assert (fate.late, fate.silent, fate.reply_noise) == (True, False, False)


def test_spoiled_characters_are_as_many_and_never_the_same() -> None:
    dice, octets = Dice(3), bytes(range(16))
    for _ in range(200):
        spoiled = dice.spoiled(octets)
        assert len(spoiled) == 16
        wrong = [at for at in range(16) if spoiled[at] != octets[at]]
        assert 1 <= len(wrong) <= 3


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"noise": 1.5}, "noise is 1.5"),
        ({"noise": "much"}, "noise is 'much'"),
        ({"torn": True}, "torn is True"),
        ({"late_ms": -1}, "late_ms is -1"),
        ({"echo": 1}, "echo is 1"),
        ({"silent_units": [0]}, r"silent_units is \(0,\)"),
        ({"silent_units": 4}, "silent_units is 4"),
        ({"gremlins": 1}, "there is no fault gremlins"),
    ],
)
def test_a_fault_that_cannot_be_is_refused_by_name(change: dict[str, Any], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        faults.changed(Faults(), change)


def test_a_change_leaves_the_other_faults_as_they_were() -> None:
    before = Faults(noise=0.1, silent_units=(2,))
    assert faults.changed(before, {"echo": True}) == Faults(noise=0.1, echo=True, silent_units=(2,))
