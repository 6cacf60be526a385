"""A journal turns out to be an old copy: a new epoch begins. Run under strace by `capture.py`."""

from agent.core.model import Allocate, AllocationKind, Sample
from agent.journal import Ahead, Journal, Stamped, Transaction, begin_epoch
from tests.shell.journal.powercut.workload import begun

OLD, NEW = 40, 12
PASSED = {"a": 30, "b": 20}
AHEAD = Ahead("a", 500)
UPLINKS = tuple(PASSED)
ENTRY_EVERY = 4


def stamped(n: int) -> Stamped:
    if n % ENTRY_EVERY == 0:
        plan = Allocate(2026, AllocationKind.ADDITION, n, "document", "author", None)
        return Stamped(n, trusted=True, body=plan)
    sample = Sample(n, 1, 2, 3, 4, permitted=True, allocated_l=5, withdrawn_l=6)
    return Stamped(n, trusted=True, body=sample)


def main() -> None:
    path, promise = begun()
    journal = Journal.open(path)
    for n in range(1, OLD + 1):
        journal.append(Transaction([stamped(n)], b"%d" % n, PASSED if n == OLD else {}))
        promise(journal)
    journal.close()
    begin_epoch(path, AHEAD, OLD, trusted=True, uplinks=UPLINKS, alive=list)
    journal = Journal.open(path)
    promise(journal)
    for _ in range(NEW):
        n = journal.head.number + 1
        journal.append(Transaction([stamped(n)], b"%d" % n))
        promise(journal)
    journal.close()


if __name__ == "__main__":
    main()
