"""Threads of ours: they keep nobody waiting, and their faults are kept for whoever asks."""

import subprocess
import sys
import threading

import pytest

from agent import threads

WAIT_S = 20.0
DIES = """
import threading
from agent import threads

threads.begin("waits", threading.Event().wait)
raise RuntimeError("a fault of ours")
"""


def test_a_process_that_dies_of_a_fault_waits_for_no_thread() -> None:
    died = subprocess.run(
        [sys.executable, "-c", DIES], capture_output=True, text=True, timeout=WAIT_S, check=False
    )
    assert died.returncode == 1
    assert died.stderr.endswith("RuntimeError: a fault of ours\n")


def test_what_ended_the_thread_is_raised_where_it_is_asked_for() -> None:
    def fails() -> None:
        raise RuntimeError("in the thread")

    with pytest.raises(RuntimeError, match="in the thread"):
        threads.begin("fails", fails).result(WAIT_S)


def test_work_that_ends_is_done() -> None:
    seen: list[str] = []
    threads.begin("names", lambda: seen.append(threading.current_thread().name)).result(WAIT_S)
    assert seen == ["names"]
