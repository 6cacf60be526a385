"""A technician's questions between scans: they get what is left of the period, and no more."""

from collections import deque
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import pytest

from agent.control.loop import FOLLOW_UP_MS, INQUIRY_MARGIN_MS, answer_inquiries
from agent.core.model import Fault
from agent.ports import Finding, Inquiry

DUE_MS = 1_000


@dataclass
class Bench:
    """A desk with questions, and meters that need `takes_ms` for each or have no time for it."""

    questions: deque[Inquiry]
    takes_ms: int
    now_ms: int = 300
    found: list[Inquiry] = field(default_factory=list)
    ended_ms: list[int] = field(default_factory=list)
    # What is asked only when the one before is answered, and how long that takes.
    next_ones: deque[Inquiry] = field(default_factory=deque)
    thinks_ms: int = 0

    def monotonic_ms(self) -> int:
        return self.now_ms

    def inquiry(self, within_ms: int) -> Inquiry | None:
        if not self.questions and within_ms > 0:
            self.now_ms += min(within_ms, self.thinks_ms or within_ms)
            if self.next_ones and self.thinks_ms <= within_ms:
                self.questions.append(self.next_ones.popleft())
        return self.questions[0] if self.questions else None

    def inquire(self, _question: Inquiry, within_ms: int) -> Finding:
        if within_ms < self.takes_ms:
            return Finding(fault=Fault.NOT_READ)
        self.now_ms += self.takes_ms
        self.ended_ms.append(self.now_ms)
        return Finding(words=(7,))

    def take(self, question: Inquiry, _finding: Finding) -> None:
        assert self.questions.popleft() is question
        self.found.append(question)

    def organs(self) -> Any:
        desk = SimpleNamespace(inquiry=self.inquiry, found=self.take)
        return SimpleNamespace(clock=self, meters=self, desk=desk)


def asking(count: int) -> deque[Inquiry]:
    return deque(Inquiry("meters", unit, 3, 0, 1, 100) for unit in range(1, count + 1))


@pytest.mark.parametrize(("takes_ms", "answered"), [(100, 6), (680, 1), (681, 0), (60, 11)])
def test_the_next_scan_is_never_late_for_a_question(takes_ms: int, answered: int) -> None:
    bench = Bench(asking(20), takes_ms)
    answer_inquiries(bench.organs(), DUE_MS)
    assert len(bench.found) == answered
    assert bench.now_ms <= DUE_MS - INQUIRY_MARGIN_MS


@pytest.mark.parametrize(("thinks_ms", "answered"), [(5, 6), (FOLLOW_UP_MS, 5), (41, 1)])
def test_who_asks_one_after_the_other_is_answered_within_one_period(
    thinks_ms: int, answered: int
) -> None:
    """A console asks the next unit when it has heard of the last one."""
    bench = Bench(asking(1), takes_ms=100, next_ones=asking(20), thinks_ms=thinks_ms)
    answer_inquiries(bench.organs(), DUE_MS)
    assert len(bench.found) == answered
    assert bench.now_ms <= DUE_MS - INQUIRY_MARGIN_MS


def test_what_found_no_room_is_the_first_of_the_next_period() -> None:
    bench = Bench(asking(3), takes_ms=400)
    for scan in range(1, 4):
        bench.now_ms = scan * DUE_MS + 300
        answer_inquiries(bench.organs(), (scan + 1) * DUE_MS)
    assert [one.unit for one in bench.found] == [1, 2, 3]


def test_after_a_scan_that_took_its_whole_period_nothing_is_asked() -> None:
    bench = Bench(asking(1), takes_ms=1, now_ms=DUE_MS)
    answer_inquiries(bench.organs(), DUE_MS)
    assert bench.found == []
