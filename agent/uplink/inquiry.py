"""Room rule: our end of the desk: what was asked, and which answers are still wanted.

One question of each kind is under way at a time. A question that no longer matters is dropped:
its answer, when it comes, is not believed. The desk bounds how many may be under way; so do we.
Where those that were dropped leave no room (a link that comes and goes drops some each time, and
the desk waits before it answers them), a new connection ends them all.
"""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, Protocol

from agent.desk.client import DeskGone, DeskRefused, Reply
from agent.desk.wire import JOURNAL_FAILING, TAKEN

ANSWER_S = 5.0
UNDER_WAY_MAX = 7  # the desk refuses more than 8 on one connection
RETRY_FIRST_MS = 200
RETRY_MAX_MS = 5_000
TAKEN_MS = 3_000
# A card that gives no page now is asked again so much later.
UNREADABLE_MS = 5_000


class Greeting(NamedTuple):
    station: str
    epoch: str
    cursor: int


class Answer(NamedTuple):
    method: str
    result: Any


class Asking(Protocol):
    """A connection to the desk, as `agent.desk.client.Client` is one."""

    def call(self, method: str, fields: Mapping[str, Any], within_s: float, /) -> Any: ...

    def post(self, method: str, fields: Mapping[str, Any]) -> int: ...

    def take(self) -> list[Reply]: ...

    def fileno(self) -> int: ...

    def close(self) -> None: ...


class Inquiry:
    """The connection to the desk, which control may end at any time and offers again later.

    No method raises for a desk that is gone: `connected` turns False and `error` says why.
    """

    def __init__(self, reach: Callable[[], Asking]) -> None:
        self._reach = reach
        self._client: Asking | None = None
        self._wanted: dict[int, str] = {}  # id to the name of what was asked
        self._dropped: set[int] = set()
        self._refusable: set[int] = set()
        self._unreadable: dict[str, int] = {}  # what was asked, to when it may be asked again
        self._failures = 0
        self._retry_at_ms = 0
        self._taken_since_ms: int | None = None
        self.error = ""

    @property
    def connected(self) -> bool:
        return self._client is not None

    def fileno(self) -> int:
        return -1 if self._client is None else self._client.fileno()

    def retry_in_ms(self, now_ms: int) -> int:
        return max(0, self._retry_at_ms - now_ms)

    def open(self, now_ms: int) -> Greeting | None:
        """None when nobody is there; it may be tried again after `retry_in_ms`.

        DeskRefused when another process has been this client's uplink for TAKEN_MS.
        """
        try:
            self._client = self._reach()
            hello = self._client.call("hello", {}, ANSWER_S)
            cursor = self._client.call("cursor", {}, ANSWER_S)
        except DeskRefused as fault:
            self._close(str(fault), now_ms)
            self._bear(fault, now_ms)
            return None
        except DeskGone as fault:
            self._close(str(fault), now_ms)
            return None
        self._taken_since_ms = None
        self._failures = 0
        self.error = ""
        epoch = hello["epoch"]
        # A cursor of another epoch counts other records.
        return Greeting(
            hello["station"], epoch, cursor["number"] if cursor["epoch"] == epoch else 0
        )

    def _bear(self, fault: DeskRefused, now_ms: int) -> None:
        """A process that was killed holds its place for a moment; one that lives goes on."""
        if fault.code != TAKEN:
            self._taken_since_ms = None
        elif self._taken_since_ms is None:
            self._taken_since_ms = now_ms
        elif now_ms - self._taken_since_ms >= TAKEN_MS:
            raise fault

    def under_way(self, method: str) -> bool:
        return method in self._wanted.values()

    def ask(
        self,
        method: str,
        fields: Mapping[str, Any],
        now_ms: int,
        *,
        answer_to: str = "",
        may_refuse: bool = False,
    ) -> bool:
        """False when it was not asked: too many at once, or nobody is there. Ask again later.

        What was dropped stands in nobody's way: then we begin afresh, as with a desk that went.
        Nor does what no card gives: it alone is not asked for a while.
        `answer_to` is the name under which the answer comes, when it is not the method's. A
        refusal ends the connection, unless it may be: then nothing comes of it.
        """
        name = answer_to or method
        assert not self.under_way(name), f"{name} is under way"
        if self._client is None or now_ms < self._unreadable.get(name, now_ms):
            return False
        if len(self._wanted) + len(self._dropped) >= UNDER_WAY_MAX:
            if self._dropped:
                self.close()  # `retry_in_ms` is 0
            return False
        try:
            number = self._client.post(method, fields)
        except DeskGone as fault:
            self._close(str(fault), now_ms)
            return False
        self._wanted[number] = name
        if may_refuse:
            self._refusable.add(number)
        return True

    def drop(self, method: str) -> None:
        for number in [number for number, asked in self._wanted.items() if asked == method]:
            del self._wanted[number]
            self._dropped.add(number)

    def take(self, now_ms: int) -> list[Answer]:
        """The answers that are still wanted. A refusal ends the connection: we begin afresh.

        Not that of a card that gives nothing: else nobody heard anything any more.
        """
        if self._client is None:
            return []
        try:
            replies = self._client.take()
        except DeskGone as fault:
            self._close(str(fault), now_ms)
            return []
        answers = []
        for reply in replies:
            method = self._wanted.pop(reply.id, None)
            self._dropped.discard(reply.id)
            harmless = reply.id in self._refusable
            self._refusable.discard(reply.id)
            if method is None:
                continue
            if reply.error is None:
                answers.append(Answer(method, reply.result))
            elif reply.error.code == JOURNAL_FAILING:
                self._unreadable[method] = now_ms + UNREADABLE_MS
            elif not harmless:
                self._close(f"the desk refused {method}: {reply.error}", now_ms)
                return []
        return answers

    def close(self) -> None:
        if self._client is not None:
            self._client.close()
        self._client = None
        self._wanted.clear()
        self._dropped.clear()
        self._refusable.clear()
        self._unreadable.clear()

    def _close(self, why: str, now_ms: int) -> None:
        self.close()
        self.error = why
        self._retry_at_ms = now_ms + min(RETRY_FIRST_MS << self._failures, RETRY_MAX_MS)
        self._failures = min(self._failures + 1, 8)
