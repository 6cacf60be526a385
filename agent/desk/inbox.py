"""Room rule: commands between the desk's thread and the scan. Judges none of them.

A command is pending from the moment it is accepted until its verdict is durable, whether or not
its sender still listens. The scan takes some, and puts back those it could not write down.
"""

from collections import deque
from collections.abc import Callable, Sequence
from threading import Lock

from agent.catalogue import Told
from agent.core.model import Command, Origin, Verdict
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
        key = _key(command.origin, command.actor, command.id)
        with self._lock:
            known = self._pending.get(key)
            if known is not None and known[0] != command:
                raise Refused(BAD_FIELDS, "id belongs to another command that is pending")
            if known is not None:
                known[1].append(listener)
                return
            if len(self._pending) >= PENDING_MAX:
                raise Refused(TOO_BUSY, Told("desk_refused.commands_wait", most=PENDING_MAX))
            self._pending[key] = (command, [listener])
            self._waiting.append(command)

    def take(self, at_most: int) -> tuple[Command, ...]:
        """The oldest that wait."""
        with self._lock:
            return tuple(self._waiting.popleft() for _ in range(min(at_most, len(self._waiting))))

    def put_back(self, commands: Sequence[Command]) -> None:
        """They were not written down: they are the oldest again."""
        with self._lock:
            self._waiting.extendleft(reversed(commands))

    def answer(self, verdicts: Sequence[Verdict], obeyed: Callable[[Command], None]) -> None:
        """Each verdict ends its command and reaches whoever listens.

        One that took effect is `obeyed` first: who hears of it finds it done.
        """
        for verdict in verdicts:
            key = _key(verdict.origin, verdict.actor, verdict.command_id)
            with self._lock:
                command, listeners = self._pending.pop(key, (None, []))
            if command is not None and verdict.refusal is None:
                obeyed(command)
            for listener in listeners:
                listener(verdict)


def _key(origin: Origin, actor: str, command_id: str) -> str:
    """Platforms choose their ids without knowing each other's."""
    return f"{actor}\n{command_id}" if origin is Origin.PLATFORM else command_id
