"""Room rule: what a platform orders, from its link to the desk, and the answer back. Reads none.

A command is settled at the link only when its verdict is known: until then the broker keeps it, so
a kill on the way costs a repetition, which control knows. What comes faster than the desk is asked
waits here, as much as the broker is told we take at once; the rest is dropped, and counted.
"""

from collections import deque
from typing import Any, Final

from agent.ports import Codec, Commanded, CommandsDropped, Platform
from agent.uplink.inquiry import Inquiry

# The broker is told that we take so many at once; one that does not care meets the bound here.
QUEUE_MAX: Final = 20
PER_S: Final = 5
# A desk that is busy is asked again, and not for ever: what nobody can check shuts the others out.
AGAIN_MS: Final = 1_000
TRIES_MAX: Final = 60
TELL_MS: Final = 1_000


class Commands:
    """Those of one link. The desk's answers come as `signed_command` and `turned_away`."""

    def __init__(self, platform: Platform, codec: Codec) -> None:
        self._platform = platform
        self._codec = codec
        self._waiting: deque[Commanded] = deque()
        self._asked: Commanded | None = None
        self._tries = 0
        self._free_at_ms = 0
        self._dropped: dict[str, int] = {}
        self._tell_at_ms = 0

    def take(self, command: Commanded) -> None:
        if len(self._waiting) >= QUEUE_MAX:
            self._platform.settle(command.token)
            self.drop(CommandsDropped(1))
        else:
            self._waiting.append(command)

    def drop(self, dropped: CommandsDropped) -> None:
        reason = "oversized" if dropped.oversized else "too_many"
        self._dropped[reason] = self._dropped.get(reason, 0) + dropped.count

    def link_lost(self) -> None:
        """What was not settled comes again with the next link; an answer under way is void."""
        self._waiting.clear()
        self._asked, self._tries = None, 0

    def dues_ms(self) -> tuple[int, ...]:
        due = (self._free_at_ms,) if self._waiting and self._asked is None else ()
        return (*due, self._tell_at_ms) if self._dropped else due

    def ask(self, desk: Inquiry, now_ms: int) -> None:
        """The oldest, when it is time; and what was dropped since it was last told."""
        if not desk.under_way("signed_command"):
            self._ask_oldest(desk, now_ms)
        due = self._dropped and now_ms >= self._tell_at_ms and not desk.under_way("turned_away")
        if due:
            reason = next(iter(self._dropped))
            told = {"reason": reason, "count": self._dropped[reason]}
            if desk.ask("turned_away", told, now_ms, may_refuse=True):
                del self._dropped[reason]
                self._tell_at_ms = now_ms + TELL_MS

    def _ask_oldest(self, desk: Inquiry, now_ms: int) -> None:
        if self._asked is not None:  # it was refused: the desk is busy, or went
            self._asked, self._free_at_ms = None, now_ms + AGAIN_MS
            self._tries += 1
            if self._tries >= TRIES_MAX:
                self._settle(self._waiting.popleft())
                self.drop(CommandsDropped(1))
        if not self._waiting or now_ms < self._free_at_ms:
            return
        oldest = self._waiting[0]
        asked = {"token": _text(oldest.payload), "retained": oldest.retained}
        if desk.ask("signed_command", asked, now_ms, may_refuse=True):
            self._asked, self._free_at_ms = oldest, now_ms + 1000 // PER_S

    def answered(self, answer: dict[str, Any]) -> None:
        """The verdict. Of a link that fell meanwhile nobody is left to hear it."""
        asked, self._asked = self._asked, None
        if asked is None:
            return
        if answer["result"] is not None:
            self._platform.send_result(self._codec.encode_result(answer["result"]))
        assert self._waiting, "what was asked waits"
        assert self._waiting[0] is asked, "the oldest was asked"
        self._settle(self._waiting.popleft())

    def _settle(self, command: Commanded) -> None:
        self._tries = 0
        self._platform.settle(command.token)


def _text(payload: bytes) -> str:
    """Whatever it is: what is no token proves nothing, and that is for the desk to say."""
    text = payload.decode("ascii", "replace").strip()
    return text if text.isprintable() else "?"
