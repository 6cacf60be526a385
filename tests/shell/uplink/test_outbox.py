"""The outbox against every platform Hypothesis can think of: repeat, never miss, never reorder."""

from hypothesis import given
from hypothesis import strategies as st

from agent.ports import RawRecord
from agent.uplink.outbox import Outbox

RECORDS = 40


def read_all(outbox: Outbox) -> None:
    unread = range(outbox.read + 1, RECORDS + 1)
    outbox.add([RawRecord(n, 0, trusted=True, kind="sample", body=[]) for n in unread])


class Exchange:
    """Plays desk and platform; `got` is what the platform accepted, batch by batch."""

    def __init__(self, bad: frozenset[int]) -> None:
        self.outbox = Outbox("epoch", 0)
        self.bad = bad
        self.sent: dict[int, list[int]] = {}
        self.got: list[int] = []
        self.parked: list[int] = []
        self.tokens = 0

    def send(self, size: int) -> None:
        outbox = self.outbox
        read_all(outbox)
        blocked = outbox.refused is not None or (outbox.searching and outbox.outstanding > 0)
        if blocked or not outbox.waiting:
            return
        count = min(outbox.batch_size(size), len(outbox.waiting))
        self.tokens += 1
        self.sent[self.tokens] = [record.number for record in list(outbox.waiting)[:count]]
        outbox.sent(count, self.tokens, 0)

    def answer(self, *, kept: bool) -> None:
        """The platform answers its oldest batch."""
        if not self.sent:
            return
        token = min(self.sent)
        numbers = self.sent.pop(token)
        if kept:
            self.outbox.kept(token)
        elif self.bad & set(numbers):
            self.outbox.rejected(token)
        else:
            self.got += numbers
            self.outbox.accepted(token, 0)
        if self.outbox.refused is not None:
            self.parked.append(self.outbox.refused)
            self.outbox.parked()

    def cut(self) -> None:
        self.sent.clear()
        self.outbox.link_lost()


actions = st.lists(
    st.one_of(
        st.tuples(st.just("send"), st.integers(1, 10)),
        st.tuples(st.just("answer"), st.just(0)),
        st.tuples(st.just("keep"), st.just(0)),
        st.tuples(st.just("cut"), st.just(0)),
    ),
    max_size=60,
)


@given(actions, st.frozensets(st.integers(1, RECORDS), max_size=4))
def test_the_cursor_never_passes_what_was_neither_accepted_nor_parked(
    acts: list[tuple[str, int]], bad: frozenset[int]
) -> None:
    exchange = Exchange(bad)
    for act, size in acts:
        match act:
            case "send":
                exchange.send(size)
            case "answer":
                exchange.answer(kept=False)
            case "keep":
                exchange.answer(kept=True)
            case _:
                exchange.cut()
        owed = set(range(1, exchange.outbox.cursor + 1))
        assert owed <= set(exchange.got) | set(exchange.parked)


@given(actions, st.frozensets(st.integers(1, RECORDS), max_size=4))
def test_once_the_faults_heal_everything_arrives_and_only_bad_records_are_parked(
    acts: list[tuple[str, int]], bad: frozenset[int]
) -> None:
    exchange = Exchange(bad)
    for act, size in acts:
        if act == "send":
            exchange.send(size)
        elif act == "cut":
            exchange.cut()
        else:
            exchange.answer(kept=act == "keep")
    for _ in range(20 * RECORDS):
        exchange.send(7)
        exchange.answer(kept=False)
    assert exchange.outbox.cursor == RECORDS
    assert set(exchange.got) == set(range(1, RECORDS + 1)) - bad
    assert set(exchange.parked) == bad
    expected = 1
    for number in exchange.got:
        while expected in bad:
            expected += 1
        expected += number == expected
    assert expected > max(set(range(1, RECORDS + 1)) - bad), "in turn, they are all there"
