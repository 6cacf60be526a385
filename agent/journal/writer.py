"""Room rule: the one thread that writes. Knows when to try again, not what is written.

A scan that needs durability waits in `commit`; everything else is handed over by `submit`, which
never waits for a disk. Both keep their order. While the file takes no writes the thread keeps
what was submitted, tries again by itself, and says why in `failing`. Between two writes it does
the journal's upkeep, one step for each time the scan offers the moment for it.
"""

from collections.abc import Callable
from threading import Condition

from agent import threads
from agent.journal.backlog import Backlog
from agent.journal.chain import Head, JournalDamaged
from agent.journal.database import JournalFailed
from agent.journal.retention import Now
from agent.journal.store import Journal, Transaction
from agent.journal.upkeep import Upkeep

# A day of minute samples and the events among them, about 1 MB of memory.
PENDING_RECORDS_MAX = 2000
RETRY_S = 5.0


class _Urgent:
    """A transaction that somebody waits for."""

    def __init__(self, transaction: Transaction) -> None:
        self.transaction = transaction
        self.kept: bool | None = None  # None until it is known


class Writer:
    """Owns the journal's writing from here on; `on_commit` is called in its thread."""

    def __init__(
        self,
        journal: Journal,
        on_commit: Callable[[Head], None],
        upkeep: Upkeep | None = None,
        *,
        records_max: int = PENDING_RECORDS_MAX,
        retry_s: float = RETRY_S,
    ) -> None:
        self._journal = journal
        self._on_commit = on_commit
        self._upkeep = upkeep
        self._records_max = records_max
        self._retry_s = retry_s
        self._changed = Condition()
        self._backlog = Backlog(records_max)
        self._urgent: _Urgent | None = None
        self._now: Now | None = None
        self._failing: JournalFailed | JournalDamaged | None = None
        self._damaged: JournalDamaged | None = None  # no later success makes it good
        self._closing = False
        # A fault of ours in the thread reaches the scan with its next call and ends the process.
        self._thread = threads.begin("journal", self._run)
        self._thread.add_done_callback(lambda _: self._wake())

    @property
    def failing(self) -> JournalFailed | JournalDamaged | None:
        """Why the journal is not to be relied on; None while it is."""
        self._assert_alive()
        return self._damaged or self._failing

    def commit(self, transaction: Transaction) -> bool:
        """Wait until it is durable, after all that was submitted before. False: not written."""
        urgent = _Urgent(transaction)
        with self._changed:
            self._assert_alive()
            assert self._urgent is None, "one thread commits"
            self._urgent = urgent
            self._changed.notify_all()
            self._changed.wait_for(lambda: urgent.kept is not None or self._thread.done())
            self._assert_alive()
        assert urgent.kept is not None
        return urgent.kept

    def submit(self, transaction: Transaction) -> None:
        """Hand over; written soon and in order, or given up oldest sample first and said so."""
        with self._changed:
            self._assert_alive()
            self._backlog.add(transaction)
            self._changed.notify_all()

    def tend(self, now: Now) -> None:
        """The scan needs nothing just now: time for one step of upkeep. Never waits."""
        with self._changed:
            self._assert_alive()
            self._now = now
            self._changed.notify_all()

    def close(self) -> None:
        """Try once more to write what waits, then end the thread. The journal stays open."""
        with self._changed:
            self._closing = True
            self._changed.notify_all()
        self._thread.result()

    def _wake(self) -> None:
        with self._changed:
            self._changed.notify_all()

    def _assert_alive(self) -> None:
        if self._thread.done():
            self._thread.result()  # raises what ended it
            raise AssertionError("the journal's writer was closed")

    def _run(self) -> None:
        closing = False
        while not closing:
            with self._changed:
                wait_s = None if self._failing is None else self._retry_s
                self._changed.wait_for(self._has_work, wait_s)
                closing = self._closing
                taken, self._backlog = self._backlog, Backlog(self._records_max)
                urgent = self._urgent
                now, self._now = self._now, None
            if urgent is None and not taken and self._failing is None:
                if closing:
                    return
                self._tend(now)
                continue
            kept = self._write(taken, urgent)
            with self._changed:
                if not kept:
                    self._backlog.put_before(taken)
                if urgent is not None:
                    urgent.kept = kept
                    self._urgent = None
                    self._changed.notify_all()

    def _has_work(self) -> bool:
        """While the file fails, what was submitted waits for the next try."""
        idle = self._now is not None and self._upkeep is not None
        ready = self._failing is None and (bool(self._backlog) or idle)
        return ready or self._urgent is not None or self._closing

    def _write(self, taken: Backlog, urgent: _Urgent | None) -> bool:
        """Write all that waits in one transaction, or nothing of it."""
        reason = str(self._failing or "the disk is slower than the records")
        last = Transaction() if urgent is None else urgent.transaction
        try:
            self._journal.append(taken.transaction(reason, last))
        except (JournalFailed, JournalDamaged) as why:
            self._failing = why
            return False
        self._failing = None
        self._on_commit(self._journal.head)
        return True

    def _tend(self, now: Now | None) -> None:
        if now is None or self._upkeep is None or self._damaged is not None:
            return
        head = self._journal.head
        try:
            self._upkeep.step(now)
        except JournalFailed as why:
            self._failing = why
        except JournalDamaged as why:
            self._damaged = why
        if self._journal.head != head:
            self._on_commit(self._journal.head)
