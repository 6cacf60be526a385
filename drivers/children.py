"""Room rule: how a Linux host starts a child process that cannot outlive us. Knows no station.

Used by everything that holds other processes: `wellkeeper run`, the demo and the simulator's
brokers. The kernel ends a child when its parent dies (PR_SET_PDEATHSIG): that also holds for
SIGKILL of the parent, and for children that are not ours to change, such as a broker. A pipe
that the child watches, the other way, would need the child's help.

setpriv (util-linux, in every Debian) asks for it: Python's own `preexec_fn` may deadlock where
the parent has threads. The kernel means the parent's *thread*: start children from a thread that
lives as long as they may.
"""

import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from typing import IO

# Between the fork and setpriv's request we may have died: then nobody is there to be told.
_ONLY_WHILE_PARENT_LIVES = '[ "$PPID" = "$0" ] && exec "$@"'


def start(
    argv: Sequence[str],
    *,
    output: int | IO[bytes] | None = None,
    errors: int | IO[bytes] | None = None,
    environment: Mapping[str, str] | None = None,
    farewell: signal.Signals = signal.SIGTERM,
) -> subprocess.Popen[bytes]:
    """Start a child in a session of its own: a Ctrl-C at the terminal is ours to pass on.

    `farewell` is what it gets when we die. A program that does not exist ends with 127.
    """
    guard = ["setpriv", "--pdeathsig", farewell.name.removeprefix("SIG"), "--"]
    guard += ["sh", "-c", _ONLY_WHILE_PARENT_LIVES, str(os.getpid())]
    return subprocess.Popen(
        [*guard, *argv],
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=errors,
        env=environment,
        start_new_session=True,
    )
