"""Room rule: what a rating test says of a well, and its coefficients, as stories."""

import pytest

from agent.core.model import (
    BeginRatingOrder,
    EndRatingOrder,
    Quantity,
    Rate,
    RateMethod,
    RateProposed,
)
from tests.core.situations import A, coefficient, give, rated
from tests.core.story import HOUR, plan


def test_coefficients_are_versioned() -> None:
    story = rated()
    assert story.order(coefficient(2_500, 30_000, 38_000)) is None
    first, second = story.of(Rate)
    assert (first.version, second.version) == (1, 2)
    assert second.author == "li"
    assert story.state.ledger.rate == second


def test_a_rating_test_proposes_and_changes_nothing() -> None:
    story = rated()
    assert story.order(plan(1, 2027)) is None
    assert story.order(give(A.ADDITION, 10**9)) is None
    story.after(200).start()
    story.after(60)
    assert story.order(BeginRatingOrder(30_000)) is None
    begun_l = story.total_l
    story.after(HOUR // 1000)
    story.beside = {Quantity.LEVEL_MM: 38_500}
    assert story.order(EndRatingOrder()) is None
    (found,) = story.of(RateProposed)
    assert found.method is RateMethod.TEST
    assert found.litres_per_kwh == pytest.approx(3_000, abs=5)
    assert found.volume_l == pytest.approx(story.total_l - begun_l, abs=60)
    assert found.lasted_ms >= HOUR
    assert (found.static_mm, found.dynamic_mm) == (30_000, 38_500)
    assert found.in_force == 3_000
    assert story.state.ledger.rate is not None
    assert story.state.ledger.rate.version == 1
    assert story.state.rating is None
