"""What the journal's tests share: a minute sample, an entry, and a journal in a folder."""

from collections.abc import Callable, Iterator
from concurrent.futures import Future
from pathlib import Path

import pytest

from agent import signing
from agent.core.model import Allocate, AllocationKind, Sample
from agent.journal import Journal, Signer, Stamped

EPOCH_UTC_MS = 1_767_200_000_000


@pytest.fixture
def sample() -> Callable[[int], Stamped]:
    """The n-th minute sample of a pump that runs."""

    def nth(n: int) -> Stamped:
        body = Sample(
            45_678_901 + 1400 * n,
            83_000,
            35_210_000 + 350 * n,
            22_000,
            31_250,
            permitted=True,
            allocated_l=1,
            withdrawn_l=2,
        )
        return Stamped(EPOCH_UTC_MS + 60_000 * n, trusted=True, body=body)

    return nth


@pytest.fixture
def entry() -> Callable[[int], Stamped]:
    def of_year(year: int) -> Stamped:
        body = Allocate(
            year, AllocationKind.PLAN, 62_500_000, "师水〔2026〕7号", "supervisor", None
        )
        return Stamped(EPOCH_UTC_MS, trusted=True, body=body)

    return of_year


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "journal.db"


@pytest.fixture
def journal(path: Path) -> Iterator[Journal]:
    opened = Journal.open(path)
    yield opened
    opened.close()


def signer_of(folder: Path, said: Callable[[bytes], bytes] = lambda message: message) -> Signer:
    """The key of a folder, whose signatures are there at once."""

    def begin(message: bytes) -> Future[bytes]:
        signed: Future[bytes] = Future()
        signed.set_result(signing.sign(folder, said(message)))
        return signed

    public = signing.public_half(folder)
    return Signer(lambda: public, begin)
