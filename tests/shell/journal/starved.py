"""A writer whose process may not make files larger: a real write that the kernel refuses.

Run as `python starved.py JOURNAL`; prints one line of JSON. RLIMIT_FSIZE stands for the disk: the
kernel cuts the write short in the middle of a page, as a full disk does.
"""

import json
import resource
import signal
import sys
import threading
from pathlib import Path

from agent.core.model import Started
from agent.journal import Journal, Stamped, Transaction, Writer

WAIT_S = 20.0


def started(n: int) -> Stamped:
    return Stamped(n, trusted=True, body=Started("x" * 3000, str(n), relay_permitted=False))


def main() -> None:
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    journal = Journal.open(Path(sys.argv[1]))
    told = threading.Event()
    writer = Writer(journal, lambda _: told.set(), retry_s=0.01)
    assert writer.commit(Transaction([started(0)], state=b"0"))
    free = resource.getrlimit(resource.RLIMIT_FSIZE)
    log_bytes = Path(sys.argv[1] + "-wal").stat().st_size
    resource.setrlimit(resource.RLIMIT_FSIZE, (log_bytes + 30000, free[1]))
    kept = 0
    while writer.commit(Transaction([started(kept + 1)], state=b"%d" % (kept + 1))):
        kept += 1
    why = writer.failing
    head = journal.head.number
    writer.submit(Transaction([started(kept + 1)]))
    told.clear()
    resource.setrlimit(resource.RLIMIT_FSIZE, free)
    recovered = told.wait(WAIT_S)
    writer.close()
    state = (journal.state() or b"").decode()
    print(
        json.dumps(
            {
                "kept": kept,
                "why": str(why),
                "head": head,
                "state": int(state),
                "recovered": recovered,
                "head_after": journal.head.number,
            }
        )
    )
    journal.close()


if __name__ == "__main__":
    main()
