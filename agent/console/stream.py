"""Room rule: keys come in, text goes out, over one line. Knows no window and no words.

What is typed ahead waits here, bounded; input is taken also while output waits for the wire, so
that a paste loses nothing and Ctrl-C is seen. Ctrl-C throws away what was typed before it, as a
terminal's own driver does. Once the line has hung up nothing that was typed is acted upon.
"""

from collections import deque
from typing import Final

from agent.console.keys import Key, KeyDecoder, Press, Typed
from agent.ports import Clock, HungUp, TechnicianLine

# A paste of 500 lines. Beyond it nothing is read, and the tty's flow control holds the sender.
AHEAD_MAX: Final = 65_536
# Whoever stops the output (Ctrl-S, a terminal that is switched off) may do so for this long.
STALL_MAX_MS: Final = 120_000
# How much is offered to the line at a time, and for how long.
PIECE: Final = 1_024
OFFER_MS: Final = 200


class Stream:
    def __init__(self, line: TechnicianLine, clock: Clock) -> None:
        self.hung_up: HungUp | None = None
        self.baud = line.baud
        self._line = line
        self._clock = clock
        self._decoder = KeyDecoder()
        self._keys: deque[Key] = deque()
        self._ahead = 0
        self._heard_ms = clock.monotonic_ms()

    def now_ms(self) -> int:
        return self._clock.monotonic_ms()

    def key(self, within_ms: int) -> Key | HungUp | None:
        """The next key; None when there was none within the time."""
        ends_ms = self.now_ms() + within_ms
        while self.hung_up is None:
            if self._keys:
                key = self._keys.popleft()
                self._ahead -= _size(key)
                return key
            left_ms = ends_ms - self.now_ms()
            self._take(max(0, left_ms))
            if left_ms <= 0 and not self._keys:
                return self.hung_up
        return self.hung_up

    def unread(self, key: Key) -> None:
        """Give a key back: it was meant for whoever asks next."""
        self._keys.appendleft(key)
        self._ahead += _size(key)

    def typed_ahead(self) -> bool:
        """Whether a key waits already."""
        self._take(0)
        return bool(self._keys)

    def interrupted(self) -> bool:
        """Whether to stop what is being done: Ctrl-C was typed, or nobody is there any more."""
        self._take(0)
        if self._keys and self._keys[0] is Press.INTERRUPT:
            self._keys.popleft()
            self._ahead -= 1
            return True
        return self.hung_up is not None

    def send(self, text: str) -> None:
        """All of it, unless the terminal hangs up or takes nothing for STALL_MAX_MS."""
        octets = text.encode()
        taken_ms = self.now_ms()
        while octets and self.hung_up is None:
            taken = self._line.write(octets[:PIECE], OFFER_MS)
            if isinstance(taken, HungUp):
                self.hang_up(taken)
                return
            octets = octets[taken:]
            if not octets:
                return
            now_ms = self.now_ms()
            if taken:
                taken_ms = now_ms
            elif now_ms - taken_ms >= STALL_MAX_MS:
                self.hang_up(HungUp(f"the terminal took nothing for {STALL_MAX_MS // 1000} s"))
                return
            self._take(0)

    def hang_up(self, why: HungUp) -> None:
        """Nobody is there any more: nothing that was typed is acted upon."""
        self.hung_up = why
        self._keys.clear()
        self._ahead = 0

    def _take(self, within_ms: int) -> None:
        """What the line has, decoded; a sequence that was left off is settled."""
        if self.hung_up is not None or self._ahead >= AHEAD_MAX:
            return
        settles_ms = self._decoder.settles_after_ms
        if settles_ms is not None:
            quiet_at_ms = self._heard_ms + settles_ms
            within_ms = min(within_ms, max(0, quiet_at_ms - self.now_ms()))
        octets = self._line.read(within_ms)
        if isinstance(octets, HungUp):
            self.hang_up(octets)
            return
        now_ms = self.now_ms()
        if octets:
            self._heard_ms = now_ms
            self._queue(self._decoder.feed(octets))
        elif settles_ms is not None and now_ms - self._heard_ms >= settles_ms:
            self._queue(self._decoder.settle())

    def _queue(self, keys: list[Key]) -> None:
        for key in keys:
            if key is Press.INTERRUPT:
                self._keys.clear()
                self._ahead = 0
            self._keys.append(key)
            self._ahead += _size(key)


def _size(key: Key) -> int:
    return len(key.text) if isinstance(key, Typed) else 1
