"""Room rule: what one document says is entered once, and how long that is known, as stories."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from agent.core.entered import ENTERED_MAX
from agent.core.ledger import grant_of
from agent.core.model import AllocateEnergyOrder, AllocateOrder, CorrectOrder, Entry, Record
from agent.core.rebuild import rebuilt
from tests.core.situations import (
    AUGUST,
    JULY,
    A,
    commissioned,
    correct,
    energy,
    give,
    new_year,
    planned,
    powered,
)
from tests.core.story import Story, plan, provisional


@pytest.mark.parametrize(
    ("situation", "order"),
    [
        (planned, give(A.ADDITION, 5_000)),
        (planned, give(A.REDUCTION, 5_000)),
        (planned, give(A.TRANSFER_IN, 5_000)),
        (planned, give(A.TRANSFER_OUT, 5_000)),
        (planned, give(A.CORRECTION, -5_000)),
        (new_year, give(A.CORRECTION, -5_000)),
        (powered, energy(A.ADDITION, 5_000)),
        (planned, correct(700)),
        (new_year, correct(700)),
    ],
    ids=lambda part: getattr(part, "__name__", str(part)),
)
def test_what_one_document_says_is_entered_once(
    situation: Callable[[], Story], order: AllocateOrder | AllocateEnergyOrder | CorrectOrder
) -> None:
    """Whoever did not hear the answer asks again, and his command has an id of its own."""
    story = situation()
    assert story.order(order) is None
    once = story.state.ledger
    assert story.order(order) == "entered_already"
    assert story.order(replace(order, document=f" {order.document}")) == "entered_already"
    assert story.state.ledger == once
    assert story.order(replace(order, document="another")) is None
    assert story.state.ledger != once


def test_another_year_amount_or_kind_by_one_document_is_another_entry() -> None:
    story = new_year()
    for order in (
        give(A.ADDITION, 5_000, 2027),
        give(A.ADDITION, 5_001, 2027),
        give(A.TRANSFER_IN, 5_000, 2027),
        give(A.CORRECTION, 5_000),
        give(A.CORRECTION, 5_000, 2027),
    ):
        assert story.order(order) is None


def test_what_was_entered_is_known_after_the_state_was_made_again_from_its_entries() -> None:
    story = planned()
    assert story.order(give(A.ADDITION, 5_000)) is None
    entries = [one for one in story.records if isinstance(one, Entry)]
    records = [Record(n, story.moment.utc_ms, True, one) for n, one in enumerate(entries, 1)]
    assert rebuilt(records).entered == story.state.entered != ()


@pytest.mark.parametrize(
    "replaced_by",
    [plan(100_000), provisional(50_000, AUGUST)],
    ids=str,
)
def test_what_went_with_the_allocation_that_was_replaced_may_be_entered_again(
    replaced_by: AllocateOrder,
) -> None:
    story = commissioned()
    assert story.order(provisional(40_000, JULY)) is None
    assert story.order(correct(700)) is None
    assert story.order(give(A.CORRECTION, 5_000)) is None
    assert story.order(replaced_by) is None
    assert grant_of(story.state.ledger.grants, 2026).adjusted == 0
    assert story.order(give(A.CORRECTION, 5_000)) is None
    assert story.order(give(A.CORRECTION, 5_000)) == "entered_already"
    assert story.order(correct(700)) == "entered_already"


def test_documents_beyond_the_bound_are_forgotten_and_the_newest_are_not() -> None:
    story = planned()
    for number in range(ENTERED_MAX + 1):
        assert story.order(replace(give(A.ADDITION, 5), document=str(number))) is None
    assert len(story.state.entered) == ENTERED_MAX
    assert story.order(replace(give(A.ADDITION, 5), document="1")) == "entered_already"
