"""An old journal is opened by this version and goes on. Run under strace by `capture.py`.

What stood in it is a promise that the version before gave.
"""

from agent.core.model import Sample
from agent.journal import Journal, Stamped, Transaction
from tests.shell.journal.powercut.workload import begun

# What tests/shell/journal/old/version-1.db holds.
OLD_EPOCH, OLD_NUMBER, OLD_ENTRIES = "f703d987fd00408b", 34, 2
OLD_HASH = "e7fb93b9f8280576b1591d9e111403db1b85b90529d28164e1723ef611831cc8"
RECORDS = 12


def main() -> None:
    path, promise = begun()
    journal = Journal.open(path)
    promise(journal)
    for _ in range(RECORDS):
        n = journal.head.number + 1
        sample = Sample(n, 1, 2, 3, 4, permitted=True, allocated_l=5, withdrawn_l=6)
        journal.append(Transaction([Stamped(n, trusted=True, body=sample)], b"%d" % n))
        promise(journal)
    journal.close()


if __name__ == "__main__":
    main()
