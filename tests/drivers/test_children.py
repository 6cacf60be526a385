"""A child cannot outlive its parent: shown with real processes and real signals."""

import os
import select
import signal
import subprocess
import sys

import pytest

from drivers import children

WAIT_S = 20

PARENT = """
import signal, subprocess, sys
from drivers import children
child = children.start([sys.executable, "-c", "import signal; signal.pause()"])
print(child.pid, flush=True)
signal.pause()
"""


@pytest.mark.parametrize("ending", [signal.SIGKILL, signal.SIGTERM])
def test_a_child_ends_with_its_parent(ending: signal.Signals) -> None:
    parent = subprocess.Popen([sys.executable, "-c", PARENT], stdout=subprocess.PIPE)
    assert parent.stdout is not None
    with parent, parent.stdout:
        child = os.pidfd_open(int(parent.stdout.readline()))
        try:
            parent.send_signal(ending)
            readable, _, _ = select.select([child], [], [], WAIT_S)
            assert readable, "the child outlived its parent"
        finally:
            os.close(child)


def test_a_child_whose_parent_is_gone_already_does_not_start() -> None:
    """The shell that guards the start compares its parent with the one that asked."""
    nobody = "1" if os.getpid() != 1 else "2"
    script = children._ONLY_WHILE_PARENT_LIVES
    done = subprocess.run(
        ["sh", "-c", script, nobody, "echo", "started"], capture_output=True, check=False
    )
    assert done.stdout == b""
    assert done.returncode != 0


def test_a_child_gets_its_arguments_unchanged_and_its_exit_code_is_ours_to_see() -> None:
    odd = ["two words", "", "$HOME", "-n", "'"]
    child = children.start(
        [sys.executable, "-c", "import sys; print(sys.argv[1:]); sys.exit(7)", *odd],
        output=subprocess.PIPE,
    )
    output, _ = child.communicate(timeout=WAIT_S)
    assert output.decode().strip() == str(odd)
    assert child.returncode == 7
