"""Room rule: commands between the desk's thread and the scan. Judges none of them.

A command is pending from the moment it is accepted until its verdict is durable, whether or not
its sender still listens. The scan takes some, and puts back those it could not write down.
"""

from collections import deque
from collections.abc import Callable, Sequence
from threading import Lock

from agent.catalogue import Told
from agent.core.model import Command, Verdict
from agent.desk.wire import BAD_FIELDS, TOO_BUSY, Refused

PENDING_MAX = 64

Listener = Callable[[Verdict], None]


class Inbox:
    """`accept` is called in the desk's thread, the rest by the scan."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._waiting: deque[Command] = deque()
        self._pending: dict[str, tuple[Command, list[Listener]]] = {}

    def accept(self, command: Command, listener: Listener) -> None:
        """Queue it, or join the same command that is pending already. Refused when full."""
        with self._lock:
            known = self._pending.get(command.id)
            if known is not None and known[0] != command:
                raise Refused(BAD_FIELDS, "id belongs to another command that is pending")
            if known is not None:
                known[1].append(listener)
                return
            if len(self._pending) >= PENDING_MAX:
                raise Refused(TOO_BUSY, Told("desk_refused.commands_wait", most=PENDING_MAX))
            self._pending[command.id] = (command, [listener])
            self._waiting.append(command)

    def take(self, at_most: int) -> tuple[Command, ...]:
        """The oldest that wait."""
        with self._lock:
            return tuple(self._waiting.popleft() for _ in range(min(at_most, len(self._waiting))))

    def put_back(self, commands: Sequence[Command]) -> None:
        """They were not written down: they are the oldest again."""
        with self._lock:
            self._waiting.extendleft(reversed(commands))

    def answer(self, verdicts: Sequence[Verdict]) -> None:
        """Each verdict ends its command and reaches whoever listens."""
        for verdict in verdicts:
            with self._lock:
                _, listeners = self._pending.pop(verdict.command_id, (None, []))
            for listener in listeners:
                listener(verdict)
