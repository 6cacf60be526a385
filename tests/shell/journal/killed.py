"""Kills a writing process again and again, and keeps the ledger of what it promised.

Run as `python killed.py FOLDER TRIALS SEED`; prints one line of JSON. Each trial forks a process
that opens the journal and, through the real writer, submits samples and commits entries. After
each commit that returned True it writes number and hash to the ledger, a file outside the
journal. This process kills it with SIGKILL at a random moment, opens the journal as control would
and compares. Every eighth trial starts a new file, so that kills also hit its creation.
"""

import json
import os
import random
import select
import signal
import sys
from pathlib import Path

from agent.core.model import Allocate, AllocationKind, Sample
from agent.journal import Journal, Reader, Stamped, Transaction, Writer


def write_until_killed(path: Path, ledger: int) -> None:
    journal = Journal.open(path)
    writer = Writer(journal, lambda _: None)
    n = journal.head.number
    while True:
        n += 1
        sample = Sample(n, 1, 2, 3, 4, permitted=True, allocated_l=5, withdrawn_l=6)
        writer.submit(Transaction([Stamped(n, trusted=True, body=sample)], cursors={"a": n}))
        n += 1
        entry = Allocate(2026, AllocationKind.ADDITION, n, "document", "author", None)
        stamped = Stamped(n, trusted=True, body=entry)
        assert writer.commit(Transaction([stamped], state=b"%d" % n))
        os.write(ledger, f"{journal.head.number} {journal.head.hash.hex()}\n".encode())


def killed_after(path: Path, promises: int, delay_s: float) -> tuple[list[str], bool]:
    """One process, killed; its promises, and whether it was really SIGKILL that ended it."""
    readable, ledger = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(readable)
        write_until_killed(path, ledger)
        os._exit(1)
    os.close(ledger)
    told = b""
    while told.count(b"\n") < promises and (more := os.read(readable, 65536)):
        told += more
    select.select([], [], [], delay_s)
    os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    while more := os.read(readable, 65536):
        told += more
    os.close(readable)
    return told.decode().splitlines(), os.WIFSIGNALED(status)


def main() -> None:
    folder, trials, seed = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
    chance = random.Random(seed)
    seen = {"kills": 0, "promised": 0, "lost": 0, "unreadable": 0, "unfinished": 0, "state_torn": 0}
    for trial in range(trials):
        path = folder / f"journal-{trial // 8}.db"
        promises, killed = killed_after(
            path, chance.randrange(16) if trial % 8 else 0, chance.uniform(0, 0.005)
        )
        seen["kills"] += killed
        seen["promised"] += len(promises)
        journal = Journal.open(path)
        reader = Reader(path)
        heads = {0: ""}
        for head in reader.verify():
            heads[head.number] = head.hash.hex()
        for promise in promises:
            number, digest = promise.split()
            page = reader._database.row("SELECT hash FROM records WHERE number = ?", int(number))
            seen["lost"] += page is None or page[0].hex() != digest
        seen["unreadable"] += max(heads) != journal.head.number
        # Records come in pairs, state with the second: whatever survived is whole.
        last_entry = max((entry.number for entry in journal.entries()), default=0)
        seen["state_torn"] += int(journal.state() or b"0") != last_entry
        seen["unfinished"] += journal.head.number > int(promises[-1].split()[0] if promises else 0)
        reader.close()
        journal.close()
    print(json.dumps(seen))


if __name__ == "__main__":
    main()
