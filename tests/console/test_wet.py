"""What a wet test proves of two meters, point by point."""

import pytest

from agent.commissioning import Point
from agent.console.setup.wet import proved

FLOW_L_PER_H, POWER_W = 90_000, 30_000


def points(
    *, flow: int = FLOW_L_PER_H, power: int = POWER_W, factor: int = 100, step_l: int = 1
) -> list[Point]:
    """Three minutes, a point a second; the total moves by `factor` per cent of the true flow."""
    return [
        Point(ms, flow, power, 7_000 + FLOW_L_PER_H * ms * factor // 360_000_000 // step_l * step_l)
        for ms in range(0, 180_001, 1_000)
    ]


def test_meters_that_agree_have_their_ratio() -> None:
    proof = proved(points(), 30_000, 85)
    assert proof.wrong == ()
    assert (proof.water_l, proof.integrated_l, proof.worked_wh) == (4_500, 4_500, 1_500)
    assert proof.water_l_per_kwh == 3_000
    assert proof.lasted_ms == 180_000


@pytest.mark.parametrize(
    ("factor", "agrees"), [(94, False), (96, True), (104, True), (106, False), (10, False)]
)
def test_the_total_follows_the_flow_within_five_per_cent(factor: int, *, agrees: bool) -> None:
    assert ("total_deviates" not in proved(points(factor=factor), None, None).wrong) is agrees


def test_a_total_of_whole_cubic_metres_is_known_to_one_of_them() -> None:
    coarse = proved(points(step_l=1_000), None, None)
    assert coarse.water_l == 4_000
    assert coarse.deviation_permille == -112
    assert coarse.wrong == ()


@pytest.mark.parametrize(
    ("told", "wrong"),
    [
        ({"flow": 0}, "flow_not_positive"),
        ({"flow": -90_000}, "flow_not_positive"),
        ({"power": 0}, "no_power"),
        ({"power": 1_000}, "load"),
        ({"power": 60_000}, "load"),
    ],
)
def test_each_mistake_has_its_name(told: dict[str, int], wrong: str) -> None:
    assert wrong in proved(points(**told), 30_000, None).wrong


def test_a_phase_that_counts_backward_shows_in_the_power_factor() -> None:
    assert proved(points(), None, 31).wrong == ("phase_sign",)


def test_a_pump_that_stopped_at_once_proves_nothing() -> None:
    assert proved(points()[:4], None, None).wrong == ("too_few",)
