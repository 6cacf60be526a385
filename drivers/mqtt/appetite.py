"""Room rule: how large a batch this broker takes, learned where it does not say. Pure.

MQTT 5 names a maximum packet size. A 3.1.1 broker cuts the connection instead, and so may a box
on the way: twice so in a row, with nothing accepted in between, halves the batch. A size that was
cut is tried again after an hour, since a bad line looks just the same.
"""

from dataclasses import dataclass

BATCH_BYTES_MAX = 65_536
BATCH_BYTES_MIN = 1_024  # a broker that says it takes less cannot be used
# The least that is learned: any single record fits, the station's own health with all that ails.
# A record that does not would stay, with all behind it, as long as the link stands.
LEARNED_BYTES_MIN = 4_096
STRIKES = 2
GROW_AFTER_MS = 3_600_000


@dataclass(slots=True)
class Appetite:
    """`bytes_max` is for the next connection; it never falls below LEARNED_BYTES_MIN."""

    bytes_max: int = BATCH_BYTES_MAX
    _strikes: int = 0
    _changed_ms: int = 0

    def connected(self, now_ms: int) -> int:
        """What one batch may weigh on this connection."""
        if self.bytes_max < BATCH_BYTES_MAX and now_ms - self._changed_ms >= GROW_AFTER_MS:
            self.bytes_max = min(BATCH_BYTES_MAX, self.bytes_max * 2)
            self._changed_ms = now_ms
        return self.bytes_max

    def accepted(self) -> None:
        self._strikes = 0

    def cut(self, now_ms: int) -> None:
        """The connection ended with batches under way and none of its batches accepted."""
        self._strikes += 1
        if self._strikes >= STRIKES:
            self.refused(now_ms)

    def refused(self, now_ms: int) -> None:
        """The broker said that a batch was too large."""
        self._strikes = 0
        self.bytes_max = max(LEARNED_BYTES_MIN, self.bytes_max // 2)
        self._changed_ms = now_ms
