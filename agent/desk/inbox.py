"""Room rule: commands between the desk's thread and the scan. Judges none of them.

A command is pending from the moment it is accepted until its verdict is durable, whether or not
its sender still listens. The scan takes some, and puts back those it could not write down.

A stop waits for no disk: the scan obeys it and holds it here, in its place among the others, until
it can be written down like every order.
"""

from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from threading import Lock
from typing import Protocol

from agent.catalogue import Told
from agent.core.model import Command, Origin, StopOrder, Verdict
from agent.desk.wire import BAD_FIELDS, TOO_BUSY, Refused

PENDING_MAX = 64
# Beside them: what else waits shuts no stop out.
STOPS_PENDING_MAX = 8


class Listener(Protocol):
    """Hears the verdict once it is `written`; of a stop that is held, before that as well."""

    def __call__(self, verdict: Verdict, *, written: bool) -> None: ...


@dataclass(slots=True)
class _Pending:
    command: Command
    listeners: list[Listener] = field(default_factory=list)
    obeyed: Verdict | None = None  # it is held, and its senders were told


class Inbox:
    """`accept` and `withdraw` are called in the desk's thread, the rest by the scan."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._waiting: deque[Command] = deque()
        self._pending: dict[str, _Pending] = {}

    def accept(self, command: Command, listener: Listener) -> None:
        """Queue it, or join the same command that is pending already. Refused when full."""
        key = _key(command.origin, command.actor, command.id)
        with self._lock:
            known = self._pending.get(key)
            if known is not None and known.command != command:
                raise Refused(BAD_FIELDS, "id belongs to another command that is pending")
            if known is None:
                beside = STOPS_PENDING_MAX if isinstance(command.order, StopOrder) else 0
                if len(self._pending) >= PENDING_MAX + beside:
                    raise Refused(TOO_BUSY, Told("desk_refused.commands_wait", most=PENDING_MAX))
                known = self._pending[key] = _Pending(command)
                self._waiting.append(command)
            known.listeners.append(listener)
            obeyed = known.obeyed
        if obeyed is not None:
            listener(obeyed, written=False)

    def withdraw(self, command: Command, listener: Listener) -> None:
        """Nobody listens there any more. The command stays."""
        with self._lock:
            known = self._pending.get(_key(command.origin, command.actor, command.id))
            if known is not None:
                known.listeners = [one for one in known.listeners if one is not listener]

    def take_back(self, command: Command) -> bool:
        """It never was, if it still waits and one alone waits for it; else it takes its course.

        A stop that is held has taken effect.
        """
        key = _key(command.origin, command.actor, command.id)
        with self._lock:
            known = self._pending.get(key)
            if known is None or len(known.listeners) > 1 or command not in self._waiting:
                return False
            self._waiting.remove(command)
            del self._pending[key]
            return True

    def take(self, at_most: int) -> tuple[Command, ...]:
        """The oldest that wait."""
        with self._lock:
            return tuple(self._waiting.popleft() for _ in range(min(at_most, len(self._waiting))))

    def put_back(self, commands: Sequence[Command]) -> None:
        """They were not written down: they are the oldest again."""
        with self._lock:
            self._waiting.extendleft(reversed(commands))

    def stops(self) -> tuple[Command, ...]:
        """The stops that wait, oldest first, held or not."""
        with self._lock:
            return tuple(one for one in self._waiting if isinstance(one.order, StopOrder))

    def hold(self, stops: Iterable[Command]) -> None:
        """These that wait are obeyed from now on, and no time ends them before they are judged."""
        with self._lock:
            for stop in stops:
                self._waiting[self._waiting.index(stop)] = replace(stop, held=True)

    def tell_held(self, verdicts: Sequence[Verdict]) -> None:
        """Of stops that are held: whoever listens hears that they took effect."""
        for verdict in verdicts:
            with self._lock:
                known = self._pending[_key(verdict.origin, verdict.actor, verdict.command_id)]
                known.obeyed = verdict
                listeners = tuple(known.listeners)
            for listener in listeners:
                listener(verdict, written=False)

    def restore(self, held: Sequence[Command]) -> None:
        """Stops that were held when control ended: they are the oldest.

        Who was faster and sent one again has joined it, and hears what becomes of it.
        """
        with self._lock:
            for stop in held:
                key, given = _key(stop.origin, stop.actor, stop.id), replace(stop, held=False)
                known = self._pending.setdefault(key, _Pending(given))
                if known.command in self._waiting:
                    self._waiting.remove(known.command)
                known.command = given
            self._waiting.extendleft(reversed(held))

    def answer(self, verdicts: Sequence[Verdict], obeyed: Callable[[Command], None]) -> None:
        """Each verdict ends its command and reaches whoever listens.

        One that took effect is `obeyed` first: who hears of it finds it done.
        """
        for verdict in verdicts:
            key = _key(verdict.origin, verdict.actor, verdict.command_id)
            with self._lock:
                known = self._pending.pop(key, None)
            if known is None:
                continue
            if verdict.refusal is None:
                obeyed(known.command)
            for listener in known.listeners:
                listener(verdict, written=True)


def _key(origin: Origin, actor: str, command_id: str) -> str:
    """Platforms choose their ids without knowing each other's."""
    return f"{actor}\n{command_id}" if origin is Origin.PLATFORM else command_id
