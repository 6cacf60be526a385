"""Which registers share a request."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.plan import Block, Limits, SameCount, Speed, plan, wire_ms

WIDE = Limits((Block(3, 0, 1000),), registers_max=64, count_step=1)
SLOW, FAST = Speed(9600), Speed(115200)


@pytest.mark.parametrize(
    ("speed", "gap", "requests"),
    [(SLOW, 6, 1), (SLOW, 14, 1), (SLOW, 15, 2), (FAST, 50, 1)],
)
def test_neighbours_merge_while_the_gap_costs_less_than_a_request(
    speed: Speed, gap: int, requests: int
) -> None:
    often, _ = plan([Block(3, 0, 2), Block(3, 2 + gap, 3)], [], WIDE, speed)
    assert len(often) == requests


def test_the_quiet_that_an_instrument_wants_before_a_request_is_part_of_what_it_costs() -> None:
    spans = [Block(3, 0, 2), Block(3, 22, 3)]
    assert len(plan(spans, [], replace(WIDE, pause_ms=10), SLOW)[0]) == 2
    assert len(plan(spans, [], replace(WIDE, pause_ms=60), SLOW)[0]) == 1


def test_nothing_is_read_across_registers_that_the_manual_does_not_list() -> None:
    limits = Limits((Block(3, 0, 2), Block(3, 3, 2)), registers_max=64, count_step=1)
    often, _ = plan([Block(3, 0, 2), Block(3, 4, 1)], [], limits, SLOW)
    assert often == (Block(3, 0, 2), Block(3, 4, 1))


def test_two_functions_never_share_a_request() -> None:
    limits = Limits((Block(3, 0, 9), Block(4, 0, 9)), registers_max=64, count_step=1)
    often, _ = plan([Block(3, 0, 2), Block(4, 2, 2)], [], limits, SLOW)
    assert {block.function for block in often} == {3, 4}


def test_requests_that_cannot_be_told_apart_are_refused() -> None:
    limits = Limits((), registers_max=64, count_step=1)
    with pytest.raises(SameCount, match="a late reply could be taken for it"):
        plan([Block(3, 0, 2), Block(3, 100, 2)], [], limits, SLOW)


def test_what_was_refused_is_split_and_each_quantity_stays_whole() -> None:
    """Eight values; register 7 does not exist here. Each refusal leaves less to ask."""
    spans = [Block(3, 4 * at, 3) for at in range(8)]
    refused: set[Block] = set()
    for _ in range(8):
        often, _ = plan(spans, [], replace(WIDE, refused=frozenset(refused)), SLOW)
        assert all(any(block.covers(span) for block in often) for span in spans)
        touched = {block for block in often if block.covers(Block(3, 7, 1))}
        if not touched:
            break
        refused |= touched
    assert not touched
    assert len(often) <= 4


SPANS = st.lists(
    st.builds(Block, st.sampled_from([3, 4]), st.integers(0, 300), st.integers(1, 4)), max_size=8
)


@given(SPANS, SPANS, st.sampled_from([SLOW, FAST]), st.sampled_from([1, 2]))
def test_every_plan_reads_everything_and_tells_its_requests_apart(
    often: list[Block], seldom: list[Block], speed: Speed, step: int
) -> None:
    limits = Limits((Block(3, 0, 400), Block(4, 0, 400)), registers_max=64, count_step=step)
    first, second = plan(often, seldom, limits, speed)
    assert all(any(block.covers(span) for block in first) for span in often)
    assert all(any(block.covers(span) for block in second) for span in seldom)
    alike = [(block.function, block.count) for block in {*first, *second}]
    assert len(set(alike)) == len(alike)
    assert all(count <= 64 and count % step == 0 for _, count in alike)


def test_the_wire_limit_is_fifteen_requests_of_22_registers_a_second_at_9600_baud() -> None:
    """The figure that DESIGN compares every client with."""
    assert round(1000 / wire_ms(Block(3, 0, 22), SLOW), 1) == 15.0


@pytest.mark.parametrize(
    ("speed", "character_ms"),
    [(Speed(9600), 10 / 9.6), (Speed(9600, "E"), 11 / 9.6), (Speed(2400, "E", 2), 12 / 2.4)],
)
def test_a_character_takes_its_bits(speed: Speed, character_ms: float) -> None:
    assert speed.character_ms == pytest.approx(character_ms)
