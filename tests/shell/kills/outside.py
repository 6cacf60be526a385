"""Room rule: SIGKILL at a system call, from outside. Knows nothing of who is killed.

The kernel stops a life as it enters its nth call of one kind in one thread (strace, as in
docs/decisions/0007-power-cuts.md) and kills it there: the call is not made. To die before a write,
a sync or a send is to die after the one before it, so the calls of a life are its crash points,
whatever the program thinks of itself. Nothing of the program is replaced and nothing is told to it.
"""

import ctypes
import os
import re
import select
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Final

# What leaves a process, or makes something last.
CALLS: Final = ("pwrite64", "fdatasync", "fsync", "ftruncate", "sendto", "recvfrom")
LIFE_S: Final = 3.0
ATTACH_S: Final = 20.0
_PR_SET_PTRACER: Final = 0x59616D61
_ANYBODY: Final = ctypes.c_ulong(-1)
_FILE: Final = re.compile(r"\(\d+<([^>]*)>")
_SAID: Final = re.compile(r', "(?:\{\\")?([a-z]+)')
_STOPPED: Final = re.compile(r"^(\d+) +(\w+)(\(.*)")


def killed_at(call: str, nth: int, live: Callable[[], None], log: Path) -> str | None:
    """Fork a life. Where it was killed, in a few words; None when it lived through it."""
    go, hold = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(hold)
        # Where the Yama module guards processes only an ancestor may trace, or who is let.
        ctypes.CDLL(None).prctl(_PR_SET_PTRACER, _ANYBODY, 0, 0, 0)
        os.read(go, 1)
        live()
        os._exit(0)
    os.close(go)
    watcher = subprocess.Popen(
        [
            *("strace", "-f", "-yy", "-s", "24", "-o", str(log), "-p", str(child)),
            *("-e", f"trace={','.join(CALLS)}", "-e", f"inject={call}:signal=KILL:when={nth}"),
        ],
        stderr=subprocess.PIPE,
    )
    _await_attached(watcher)
    os.write(hold, b"1")
    os.close(hold)
    died = _end(child)
    assert watcher.stderr is not None
    watcher.stderr.close()
    watcher.wait(ATTACH_S)
    return _place(log, call) if died else None


def _await_attached(watcher: subprocess.Popen[bytes]) -> None:
    assert watcher.stderr is not None
    said = b""
    while b"attached" not in said:
        assert select.select([watcher.stderr], [], [], ATTACH_S)[0], f"strace: {said!r}"
        more = os.read(watcher.stderr.fileno(), 4096)
        assert more, f"strace ended: {said!r}"
        said += more


def _end(child: int) -> bool:
    """Whether the kernel killed it; a life that meets no death is ended as one ends a process."""
    ended = os.pidfd_open(child)
    met = bool(select.select([ended], [], [], LIFE_S)[0])
    os.close(ended)
    if not met:
        os.kill(child, signal.SIGTERM)
    _, status = os.waitpid(child, 0)
    killed = os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL
    assert killed or os.waitstatus_to_exitcode(status) == 0, f"it ended by itself: {status}"
    return killed


def _place(log: Path, call: str) -> str:
    """`pwrite64 journal.db-wal`, `sendto permit`: the last such call that strace saw begin."""
    begun = [found for line in log.read_text("utf-8", "replace").splitlines()
             if (found := _STOPPED.match(line)) is not None and found[2] == call]  # fmt: skip
    rest = begun[-1][3]
    file, said = _FILE.search(rest), _SAID.search(rest)
    path = file[1] if file is not None else ""
    if path.startswith("/"):
        return f"{call} {Path(path).name}"
    return f"{call} {said[1] if said is not None else 'socket'}"
