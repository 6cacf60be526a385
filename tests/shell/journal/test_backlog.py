"""What waits while the journal takes no writes, and what is given up first."""

from hypothesis import given
from hypothesis import strategies as st

from agent.core.model import Body, Gap, Sample, Started
from agent.journal import Parked, Stamped, Transaction
from agent.journal.backlog import Backlog

NOTHING = Transaction()


def _at(n: int, body: Body) -> Stamped:
    return Stamped(n, trusted=True, body=body)


def _event(n: int) -> Stamped:
    return _at(n, Started("0.1", str(n), relay_permitted=False))


def _sample(n: int) -> Stamped:
    return _at(
        n, Sample(n, None, None, None, None, permitted=True, allocated_l=None, withdrawn_l=None)
    )


def test_the_oldest_sample_goes_first_and_the_gap_says_so() -> None:
    backlog = Backlog(3)
    backlog.add(Transaction([_event(1), _sample(2), _sample(3)]))
    backlog.add(Transaction([_event(4), _event(5)]))
    written = backlog.transaction("disk full", NOTHING).bodies
    assert written == [_at(3, Gap(2, 2, 3, "disk full")), _event(1), _event(4), _event(5)]


def test_without_samples_the_oldest_of_any_kind_goes() -> None:
    backlog = Backlog(2)
    backlog.add(Transaction([_event(1), _event(2), _event(3)]))
    gap, *rest = backlog.transaction("", NOTHING).bodies
    assert gap.body == Gap(1, 1, 1, "")
    assert rest == [_event(2), _event(3)]


def test_state_and_book_are_the_newest_and_cursors_are_joined() -> None:
    backlog = Backlog(9)
    park = Parked("a", 4, "schema")
    backlog.add(Transaction(state=b"1", book=b"x", cursors={"a": 1, "b": 1}, parked=[park]))
    backlog.add(Transaction(state=b"2", cursors={"a": 2}, parked=[park]))
    last = Transaction([_event(1)], cursors={"b": 3})
    assert backlog.transaction("", last) == Transaction(
        [_event(1)], b"2", {"a": 2, "b": 3}, (park,), b"x"
    )


@given(st.lists(st.tuples(st.booleans(), st.booleans()), max_size=40), st.integers(1, 6))
def test_what_is_written_and_what_the_gap_counts_is_all_there_was(
    steps: list[tuple[bool, bool]], bound: int
) -> None:
    """Each step adds a record, and perhaps a write begins and fails while the next is added."""
    backlog = Backlog(bound)
    in_flight: Backlog | None = None
    for n, (is_event, write_begins) in enumerate(steps):
        if write_begins and in_flight is None:
            in_flight, backlog = backlog, Backlog(bound)
        elif in_flight is not None:
            backlog.put_before(in_flight)
            in_flight = None
        backlog.add(Transaction([_event(n) if is_event else _sample(n)]))
    if in_flight is not None:
        backlog.put_before(in_flight)
    bodies = list(backlog.transaction("", NOTHING).bodies)
    lost = 0
    if bodies and isinstance(gap := bodies[0].body, Gap):
        lost = gap.lost
        del bodies[0]
    assert lost + len(bodies) == len(steps)
    assert len(bodies) <= bound
    assert bodies == sorted(bodies, key=lambda item: item.at_utc_ms)
