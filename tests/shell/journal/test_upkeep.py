"""The journal's own work: it follows its chain, seals its head, and says what is wrong."""

import sqlite3
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from dataclasses import replace
from pathlib import Path

import pytest

from agent.cli import main
from agent.core.model import Seal
from agent.journal import (
    Head,
    Journal,
    Now,
    Retention,
    Signer,
    Stamped,
    Transaction,
    Upkeep,
    Writer,
)
from agent.journal.retention import DAY_MS
from agent.journal.seals import SEALED_WITHIN
from agent.journal.upkeep import SEAL_AGAIN_MS
from agent.signing import KeyUnusable, signed_by

from .conftest import EPOCH_UTC_MS, signer_of

Minute = Callable[[int], Stamped]

RULES = Retention(samples_days=731, events_days=3652, bytes_max=1 << 40)
WAIT_S = 20.0


def at(days: int) -> Now:
    return Now(EPOCH_UTC_MS + days * DAY_MS, trusted=True, passed=1 << 40)


@pytest.fixture
def upkeep(journal: Journal, tmp_path: Path) -> Upkeep:
    return Upkeep(journal, RULES, signer_of(tmp_path))


def seals(journal: Journal) -> list[Seal]:
    found = [journal.newest("seal")]
    return [one[2] for one in found if one is not None and isinstance(one[2], Seal)]


def test_the_head_is_sealed_once_a_day_and_anyone_can_check_it(
    journal: Journal, upkeep: Upkeep, sample: Minute
) -> None:
    journal.append(Transaction([sample(n) for n in range(1, 6)]))
    head = journal.head
    for _ in range(5):
        upkeep.step(at(0))
    assert journal.head.number == 6
    (seal,) = seals(journal)
    assert (seal.through, seal.hash) == (5, head.hash.hex())
    said = f"wellkeeper seal {journal.epoch} 5 {head.hash.hex()}".encode()
    assert signed_by(seal.public_key, said, seal.signature)
    for _ in range(2):
        upkeep.step(at(1))
    assert journal.head.number == 7
    # A restart on the same day does not seal again.
    again = Upkeep(journal, RULES, None)
    for _ in range(5):
        again.step(at(1))
    assert journal.head.number == 7


def test_an_empty_journal_is_not_sealed(journal: Journal, upkeep: Upkeep) -> None:
    for _ in range(5):
        upkeep.step(at(0))
    assert journal.head.number == 0


def test_a_signature_that_takes_its_time_holds_up_nothing(
    journal: Journal, path: Path, tmp_path: Path, sample: Minute
) -> None:
    usual, signed = signer_of(tmp_path), Future[bytes]()
    first = journal.append(Transaction([sample(1)]))
    upkeep = Upkeep(journal, RULES, Signer(usual.public, lambda _: signed))
    for n in range(2, 5):
        upkeep.step(at(0))
        journal.append(Transaction([sample(n)]))
    said = f"wellkeeper seal {journal.epoch} 1 {first.hash.hex()}".encode()
    signed.set_result(usual.sign(said).result())
    upkeep.step(at(0))
    (seal,) = seals(journal)
    assert (seal.through, journal.head.number) == (1, 5)
    journal.close()
    assert main(["journal", "verify", str(path)]) == 0


def test_a_signature_that_came_before_a_long_failure_is_asked_for_afresh(
    journal: Journal, path: Path, tmp_path: Path, sample: Minute
) -> None:
    """Written behind all that had waited, it vouched for a head too far back: `verify` said 65."""
    usual = signer_of(tmp_path)
    journal.append(Transaction([sample(1)]))
    upkeep = Upkeep(journal, RULES, usual)
    upkeep.step(at(0))
    head = journal.append(Transaction([sample(n) for n in range(2, SEALED_WITHIN + 2)]))
    for _ in range(3):
        upkeep.step(at(0))
    (seal,) = seals(journal)
    assert (seal.through, upkeep.unsealed) == (head.number, False)
    journal.close()
    assert main(["journal", "verify", str(path)]) == 0


def test_a_signature_that_cannot_be_had_is_asked_for_again(
    journal: Journal, tmp_path: Path, sample: Minute
) -> None:
    usual, asked = signer_of(tmp_path), []

    def fails_at_first(message: bytes) -> Future[bytes]:
        asked.append(message)
        if len(asked) > 1:
            return usual.sign(message)
        failed = Future[bytes]()
        failed.set_exception(KeyUnusable("the card is gone"))
        return failed

    journal.append(Transaction([sample(1)]))
    upkeep = Upkeep(journal, RULES, Signer(usual.public, fails_at_first, (KeyUnusable,)))
    for _ in range(5):
        upkeep.step(at(0))
    assert (len(asked), seals(journal), upkeep.unsealed) == (1, [], True)
    for _ in range(2):
        upkeep.step(replace(at(0), utc_ms=EPOCH_UTC_MS + SEAL_AGAIN_MS))
    assert (len(asked), len(seals(journal)), upkeep.unsealed) == (2, 1, False)


@pytest.fixture
def heads() -> list[Head]:
    return []


@pytest.fixture
def writer(journal: Journal, upkeep: Upkeep, heads: list[Head]) -> Iterator[Writer]:
    one = Writer(journal, heads.append, upkeep, retry_s=0.01)
    yield one
    one.close()


def _tended(writer: Writer, now: Now, until: Callable[[], bool]) -> bool:
    """Offer time for upkeep until something holds; each offer is one step at most."""
    for _ in range(20_000):
        if until():
            return True
        writer.tend(now)
        threading.Event().wait(0.001)
    return until()


def test_a_break_in_the_middle_of_the_chain_is_found_while_the_scan_goes_on(
    path: Path, sample: Minute, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("agent.journal.opening.TAIL_RECORDS", 10)
    journal = Journal.open(path)
    journal.append(Transaction([sample(n) for n in range(1, 2001)]))
    outside = sqlite3.connect(path)
    outside.execute("UPDATE records SET at_utc_ms = at_utc_ms + 1 WHERE number = 1500")
    outside.commit()
    outside.close()
    journal.close()
    journal = Journal.open(path)  # the start checks the end of the chain only
    writer = Writer(journal, lambda _: None, Upkeep(journal, RULES, None))
    assert writer.failing is None
    assert _tended(writer, at(0), lambda: writer.failing is not None)
    assert "journal record 1500 is not what was written" in str(writer.failing)
    # It is still written to, and no success makes it good again.
    assert writer.commit(Transaction([sample(2001)]))
    assert "1500" in str(writer.failing)
    writer.close()
    journal.close()


def test_whoever_waits_for_records_hears_of_a_seal(
    journal: Journal, writer: Writer, heads: list[Head], sample: Minute
) -> None:
    assert writer.commit(Transaction([sample(1)]))
    assert _tended(writer, at(0), lambda: len(heads) == 2)
    assert heads[-1].number == 2


def test_old_records_go_while_the_scan_writes(
    journal: Journal, writer: Writer, sample: Minute, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("agent.journal.store.TAIL_RECORDS", 10)
    assert writer.commit(Transaction([sample(n) for n in range(1, 1501)]))
    assert _tended(writer, at(900), lambda: journal.mark("samples") >= 1400)
    assert writer.commit(Transaction([sample(1501)]))
    assert writer.failing is None


def test_a_failure_in_upkeep_is_said_and_heals(
    path: Path, journal: Journal, writer: Writer, sample: Minute
) -> None:
    assert writer.commit(Transaction([sample(1)]))
    taken = path.with_name("taken.db")
    path.rename(taken)
    assert _tended(writer, at(0), lambda: writer.failing is not None)
    taken.rename(path)
    assert _tended(writer, at(0), lambda: writer.failing is None)
    assert _tended(writer, at(0), lambda: journal.head.number == 2)
