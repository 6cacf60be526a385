"""Room rule: the relay process, the line and its lease. Knows no meter, no water and no driver.

The line is driven to permit while a lease runs and to cut otherwise. Only a controller's `permit`
starts a lease; that the controller goes away ends nothing by itself, so that control may be
restarted without stopping a pump. A controller that stood still while its lease lapsed does not
know it yet: what it says next is `renew`, and that brings nothing back. When this process is asked
to end, it cuts.

One message, one answer, over a Unix SOCK_SEQPACKET socket, in ASCII:
    permit <ms>   the pump may run for so long from now
    renew <ms>    the same while a lease runs, and nothing otherwise
    cut           it may not
    ask           how it stands
Each is answered with the level that was read back from the line, `permitted <ms left>` or
`cut 0`, or with `error <why>`. A message that is none of these changes nothing.
"""

import re
import select
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Final, Protocol, Self

from agent.catalogue import Told
from agent.lease import ANSWER_WITHIN_S, LEASE_MAX_MS, seqpacket
from agent.ports import Clock, Line, LineGone, Watchdog

# The line is compared with the lease at least so often: a line that slipped is driven again, and
# a host that was suspended notices that its lease lapsed meanwhile.
TICK_MS: Final = 1000
MESSAGE_BYTES_MAX: Final = 64
MESSAGES_PER_TURN_MAX: Final = 8
CONTROLLERS_WAITING_MAX: Final = 4

_GRANT: Final = re.compile(rb"(permit|renew) ([1-9][0-9]{0,5})")


class Stop(Protocol):
    """Becomes readable when the process is to end."""

    def fileno(self) -> int: ...


class RelayTaken(Told):
    """The relay's socket is not to be had; says which, why and what to do."""


# --- the process -------------------------------------------------------------------------------


def serve(
    claim: Callable[[], Line], path: Path, clock: Clock, stop: Stop, watchdog: Watchdog
) -> None:
    """Hold the line by the lease until `stop` becomes readable; then cut and let go.

    Claiming the line cuts: it is done once the socket is ours, so that a second relay process
    stops no pump. RelayTaken when the socket is not to be had.
    """
    with _listen(path) as door, _Room(door) as room:
        try:
            line = claim()
            try:
                watchdog.ready()
                _hold(_Held(line), room, clock, stop, watchdog)
            finally:
                line.close()
        finally:
            path.unlink(missing_ok=True)


def _hold(held: "_Held", room: "_Room", clock: Clock, stop: Stop, watchdog: Watchdog) -> None:
    while True:
        # Petted only while the line obeys: a line that does not is left to the service manager.
        if held.obeys(clock.monotonic_ms()):
            watchdog.pet()
        # Rounded up by one: waking early would turn the last millisecond into a busy loop.
        wait_ms = min(TICK_MS, held.left_ms(clock.monotonic_ms()) + 1) if held.leased else TICK_MS
        if room.wait(stop, wait_ms):
            return
        room.answer(held, clock)


class _Held:
    """The line with its lease. `answer` is all that a controller can do to it."""

    def __init__(self, line: Line) -> None:
        self._line = line
        self._until_ms: int | None = None
        self._driven: bool | None = None  # the level last driven; None when that failed

    @property
    def leased(self) -> bool:
        return self._until_ms is not None

    def left_ms(self, now_ms: int) -> int:
        return 0 if self._until_ms is None else max(0, self._until_ms - now_ms)

    def obeys(self, now_ms: int) -> bool:
        """Drop a lease that lapsed, drive the line if it differs, and say whether it follows."""
        return self._disobedience(now_ms) == ""

    def answer(self, message: bytes, now_ms: int, *, heard: bool) -> bytes:
        """Obey a message. `heard`: its sender still listens, as far as anyone can tell."""
        before_ms = self._until_ms
        if message == b"cut":
            self._until_ms = before_ms = None
        elif grant := _GRANT.fullmatch(message):
            lease_ms = int(grant[2])
            if lease_ms > LEASE_MAX_MS:
                return b"error a lease is at most %d ms" % LEASE_MAX_MS
            # A permit that lay here while this process was stopped is older than it says.
            if heard and (grant[1] == b"permit" or self.left_ms(now_ms) > 0):
                self._until_ms = now_ms + lease_ms
        elif message != b"ask":
            return b"error expected: permit <ms>, renew <ms>, cut or ask"
        if why := self._disobedience(now_ms):
            self._until_ms = before_ms  # what is answered with an error was not granted
            return b"error " + why.encode()
        return b"permitted %d" % self.left_ms(now_ms) if self.leased else b"cut 0"

    def _disobedience(self, now_ms: int) -> str:
        """Make the line follow the lease. Why it does not; empty when it does."""
        if self.left_ms(now_ms) == 0:
            self._until_ms = None
        wanted = self.leased
        try:
            # A change is driven before anything is read: cutting waits for no answer.
            if self._driven is wanted and self._line.permitted() is wanted:
                return ""
            self._driven = None
            self._line.drive(permitted=wanted)
            self._driven = wanted
            reads = self._line.permitted()
        except LineGone as gone:
            return str(gone)
        words = {True: "permitted", False: "cut"}
        return (
            "" if reads is wanted else f"driven to {words[wanted]}, the line reads {words[reads]}"
        )


# --- its socket --------------------------------------------------------------------------------


def _listen(path: Path) -> socket.socket:
    """A listening socket at `path`. One that a dead process left is replaced, a live one not."""
    door = seqpacket()
    try:
        _make_way(path)
        door.bind(str(path))
        path.chmod(0o660)  # control's group; nobody else moves the pump
        door.listen(CONTROLLERS_WAITING_MAX)
        door.settimeout(0)
    except OSError as error:
        door.close()
        raise RelayTaken("relay.no_socket", socket=path, raw=error.strerror) from error
    except RelayTaken:
        door.close()
        raise
    return door


def _make_way(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.is_socket():
        if _is_served(path):
            raise RelayTaken("relay.taken", socket=path)
        path.unlink()


def _is_served(path: Path) -> bool:
    with seqpacket() as probe:
        probe.settimeout(ANSWER_WITHIN_S)
        try:
            probe.connect(str(path))
        except ConnectionRefusedError:
            return False
        except OSError:
            return True  # its owner is stopped and controllers queue, or it is another user's
        return True


class _Room:
    """The door and at most one controller in the room: the newest."""

    def __init__(self, door: socket.socket) -> None:
        self._door = door
        self._controller: socket.socket | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._leave()

    def wait(self, stop: Stop, wait_ms: int) -> bool:
        """Wait for something to do; True when the process is to end."""
        poll = select.poll()
        poll.register(stop, select.POLLIN)
        poll.register(self._door, select.POLLIN)
        if self._controller is not None:
            poll.register(self._controller, select.POLLIN)
        return any(ready == stop.fileno() for ready, _ in poll.poll(wait_ms))

    def answer(self, held: _Held, clock: Clock) -> None:
        """Let the newest controller in and answer what it has said."""
        for _ in range(CONTROLLERS_WAITING_MAX + 1):
            try:
                newest, _ = self._door.accept()
            except BlockingIOError:
                break
            # What its predecessor said before it was replaced: a cut counts, a permit is void.
            self._answer_all(held, clock, replaced=True)
            self._leave()
            newest.settimeout(0)
            self._controller = newest
        self._answer_all(held, clock, replaced=False)

    def _answer_all(self, held: _Held, clock: Clock, *, replaced: bool) -> None:
        for _ in range(MESSAGES_PER_TURN_MAX):
            if self._controller is None:
                return
            heard = not replaced and not _hung_up(self._controller)
            try:
                message = self._controller.recv(MESSAGE_BYTES_MAX + 1)
                if message:
                    answer = held.answer(message, clock.monotonic_ms(), heard=heard)
                    self._controller.send(answer)
                else:
                    self._leave()
            except BlockingIOError:
                return  # it has said nothing more, or reads no answers
            except ConnectionError:
                continue  # it left unanswered; what it said before that is still to be read

    def _leave(self) -> None:
        if self._controller is not None:
            self._controller.close()
            self._controller = None


def _hung_up(controller: socket.socket) -> bool:
    poll = select.poll()
    poll.register(controller, 0)  # a hang-up is told unasked
    return bool(poll.poll(0))
