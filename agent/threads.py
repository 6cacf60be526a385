"""Room rule: how a thread of ours lives and ends. Knows no work.

A thread lives no longer than its process: when the scan dies of a fault of ours, nothing waits for
another thread to come to its end first, so whoever restarts the process sees at once that it died.
And a fault of ours in the thread is kept for whoever asks, so that it reaches the scan.
"""

from collections.abc import Callable
from concurrent.futures import Future
from threading import Thread


def begin(name: str, work: Callable[[], None]) -> Future[None]:
    """Run `work` in a thread; its `result()` raises what ended it."""
    ended: Future[None] = Future()
    # Not an executor's thread: those are joined before the interpreter may end.
    Thread(target=_live, args=(work, ended), name=name, daemon=True).start()
    return ended


def _live(work: Callable[[], None], ended: Future[None]) -> None:
    try:
        work()
    except BaseException as fault:  # noqa: BLE001 - not swallowed: it is raised where it is asked for
        ended.set_exception(fault)
    else:
        ended.set_result(None)
