"""Room rule: a platform at the end of a bad link: the real outbox, the real reader's pages.

The link keeps, loses, answers late and rejects as a seed decides. The platform takes only the next
number that it expects: what it holds is then complete and in order, or visibly is not.
"""

import random
from dataclasses import dataclass, field

from agent.journal import Reader
from agent.ports import RawRecord
from agent.uplink.outbox import BATCH_RECORDS_MAX, Outbox

WINDOW = 4
PAGE_RECORDS = 500
TURNS_MAX = 200


@dataclass(slots=True)
class Stored:
    """What one platform has. `repeated` counts what it was sent again."""

    numbers: int = 0
    bodies: list[tuple[str, bytes]] = field(default_factory=list)
    repeated: int = 0
    refused: set[int] = field(default_factory=set)

    def take(self, number: int, kind: str, body: bytes) -> None:
        if number <= self.numbers:
            self.repeated += 1
            assert (kind, body) == self.bodies[number - 1], f"record {number} was altered"
            return
        while self.numbers + 1 in self.refused:
            self.numbers += 1
            self.bodies.append(("refused", b""))
        if number == self.numbers + 1:
            self.numbers = number
            self.bodies.append((kind, body))


@dataclass(slots=True)
class Uplink:
    """Store and forward to one platform, a step at a time."""

    name: str
    rng: random.Random
    reader: Reader
    stored: Stored = field(default_factory=Stored)
    outbox: Outbox = field(init=False)
    up: bool = True
    poison: set[int] = field(default_factory=set)
    parked: list[tuple[str, int, str]] = field(default_factory=list)
    tokens: int = 0
    cursor_told: int = 0
    _bodies: dict[int, tuple[str, bytes]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.outbox = Outbox(self.reader.epoch, 0)

    def die(self, committed: int) -> None:
        """The process is killed; it goes on from the cursor that the journal holds."""
        self.outbox = Outbox(self.reader.epoch, committed)
        self.cursor_told = committed
        self._bodies.clear()

    def fall(self) -> None:
        self.up = False
        self.outbox.link_lost()

    def step(self, now_ms: int) -> None:
        """Send what there is. A receipt may be lost with the link, after the platform stored."""
        for _ in range(TURNS_MAX):
            if not self.up or not self._turn(now_ms):
                break
        self.cursor_told = self.outbox.cursor

    def _turn(self, now_ms: int) -> bool:
        outbox = self.outbox
        page = self.reader.page(outbox.read, PAGE_RECORDS)
        outbox.add(
            [
                RawRecord(one.number, one.at_utc_ms, bool(one.trusted), one.kind, None)
                for one in page.rows
            ]
        )
        self._bodies |= {one.number: (one.kind, one.body) for one in page.rows}
        sent: list[tuple[int, list[int]]] = []
        while outbox.waiting and len(sent) < (1 if outbox.searching else WINDOW):
            size = min(outbox.batch_size(BATCH_RECORDS_MAX), len(outbox.waiting))
            numbers = [outbox.waiting[place].number for place in range(size)]
            self.tokens += 1
            outbox.sent(size, self.tokens, now_ms)
            sent.append((self.tokens, numbers))
            if self.poison & set(numbers):
                break
        for token, numbers in sent:
            if not self._answer(token, numbers, now_ms):
                break
        return bool(sent)

    def _answer(self, token: int, numbers: list[int], now_ms: int) -> bool:
        if self.poison & set(numbers):
            self.outbox.rejected(token)
            if self.outbox.refused is not None:
                self._park(self.outbox.refused)
            return False
        lot = self.rng.random()
        if lot < 0.02:  # it never arrived
            self.outbox.kept(token)
            return False
        for number in numbers:
            self.stored.take(number, *self._bodies[number])
        if lot < 0.04:  # it arrived, and the link broke before the receipt
            self.outbox.link_lost()
            return False
        self.outbox.accepted(token, now_ms)
        for number in [one for one in self._bodies if one <= self.outbox.cursor]:
            del self._bodies[number]
        return True

    def _park(self, number: int) -> None:
        self.parked.append((self.name, number, "the platform rejects it"))
        self.poison.discard(number)
        self.stored.refused.add(number)
        self.outbox.parked()
