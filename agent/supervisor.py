"""Room rule: `wellkeeper run`: holds the processes of one station. Knows no well and no wire.

For the demo and for development; under systemd the same commands run as units. One thread waits
for a request to stop, for the death of a child and for what the children say. Nothing here is a
safety function: the relay process and its lease are.

How a process is started, what the time is and how a stop is requested are arguments: they are
the host's. The start must be one that ends the child when we die (`drivers.children`).
"""

import os
import select
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol, assert_never

from agent import restarts
from agent.ports import Clock
from agent.supervised import Died, Event, Said, Stopped, Up

# How long a child may take to go before it is killed.
STOP_MS = 5_000
LINE_BYTES_MAX = 8_192
READ_BYTES_MAX = 65_536

GAVE_UP = 1


@dataclass(frozen=True, slots=True)
class Child:
    """One process of the station."""

    name: str
    argv: tuple[str, ...]


class StopRequest(Protocol):
    """A descriptor that becomes readable when the operator wants an end."""

    def fileno(self) -> int: ...

    def requested(self) -> bool: ...


Process = subprocess.Popen[bytes]


class Start(Protocol):
    """Starts a process; `output` and `errors` are as for subprocess."""

    def __call__(self, argv: Sequence[str], *, output: int, errors: int) -> Process: ...


def run(
    children: Sequence[Child],
    *,
    start: Start,
    clock: Clock,
    stop: StopRequest,
    tell: Callable[[Event], None],
) -> int:
    """Hold the children up until `stop`; the last of them stops first. Returns the exit code.

    When one of them cannot be kept alive all are stopped: a station without one of its organs
    would look alive.
    """
    names = {child.name for child in children}
    assert len(names) == len(children), "each process has a name of its own"
    held = [_Held(child, start, tell) for child in children]
    exit_code = 0
    try:
        while not stop.requested() and exit_code == 0:
            now_ms = clock.monotonic_ms()
            for one in held:
                one.start_if_due(now_ms)
            _wait(held, stop, now_ms)
            for one in held:
                exit_code = one.attend(clock.monotonic_ms()) or exit_code
    finally:
        for one in reversed(held):
            one.stop()
    return exit_code


def _wait(held: "Sequence[_Held]", stop: StopRequest, now_ms: int) -> None:
    """Until the operator, a death, a line, or a restart that is due."""
    waiter = select.poll()
    for descriptor in (stop.fileno(), *(number for one in held for number in one.filenos())):
        waiter.register(descriptor, select.POLLIN)
    dues_ms = [one.due_ms for one in held if one.due_ms is not None]
    waiter.poll(max(0, min(dues_ms) - now_ms) if dues_ms else None)


class _Held:
    """One child: its process and what it writes while it lives, its next start while it does not.

    `due_ms` is None while it lives, and when it is given up.
    """

    def __init__(self, child: Child, start: Start, tell: Callable[[Event], None]) -> None:
        self.due_ms: int | None = 0
        self._child = child
        self._start = start
        self._tell = tell
        self._process: Process | None = None
        self._pidfd = -1
        self._output = -1  # -1 once the child has closed it
        self._begun = b""  # a line that has not ended yet
        self._deaths_ms: tuple[int, ...] = ()

    def filenos(self) -> list[int]:
        return [number for number in (self._pidfd, self._output) if number >= 0]

    def start_if_due(self, now_ms: int) -> None:
        if self.due_ms is None or self.due_ms > now_ms:
            return
        process = self._start(self._child.argv, output=subprocess.PIPE, errors=subprocess.STDOUT)
        assert process.stdout is not None
        self._process = process
        self._pidfd = os.pidfd_open(process.pid)
        self._output = process.stdout.fileno()
        os.set_blocking(self._output, False)
        self.due_ms = None
        self._tell(Up(self._child.name, process.pid))

    def attend(self, now_ms: int) -> int:
        """Pass on what it said, and judge its death. Not 0 when it is given up."""
        if self._process is None:
            return 0
        exit_code = self._process.poll()  # asked first: what it said before is read below
        self._listen()
        if exit_code is None:
            return 0
        self._release()
        verdict, self._deaths_ms = restarts.after_death(self._deaths_ms, now_ms, exit_code)
        match verdict:
            case restarts.Restart(delay_ms):
                self.due_ms = now_ms + delay_ms
                self._tell(Died(self._child.name, exit_code, delay_ms, len(self._deaths_ms)))
                return 0
            case restarts.GiveUp(deaths):
                self._tell(Died(self._child.name, exit_code, None, deaths))
                return restarts.BAD_SETTINGS if exit_code == restarts.BAD_SETTINGS else GAVE_UP
            case _:
                assert_never(verdict)

    def stop(self) -> None:
        if self._process is None:
            return
        self._process.terminate()
        try:
            self._process.wait(STOP_MS / 1000)
            killed = False
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
            killed = True
        self._listen()
        self._release()
        self._tell(Stopped(self._child.name, killed))

    def _listen(self) -> None:
        """Whole lines, as they stand; a line without an end is cut at its bound."""
        if self._output < 0:
            return
        try:
            octets = os.read(self._output, READ_BYTES_MAX)
        except BlockingIOError:
            return
        if not octets:
            self._output = -1  # closed by the child, which lives on
        *lines, self._begun = (self._begun + octets).split(b"\n")
        if len(self._begun) > LINE_BYTES_MAX:
            lines, self._begun = [*lines, self._begun], b""
        for line in lines:
            self._tell(Said(self._child.name, line.decode("utf-8", "replace").rstrip()))

    def _release(self) -> None:
        """The process is gone: let go of all that was its own."""
        assert self._process is not None
        assert self._process.stdout is not None
        if self._begun:
            self._tell(Said(self._child.name, self._begun.decode("utf-8", "replace").rstrip()))
        os.close(self._pidfd)
        self._process.stdout.close()
        self._process, self._pidfd, self._output, self._begun = None, -1, -1, b""
