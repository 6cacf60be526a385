"""Room rule: a well that is reckoned, and the desk it would have. Implements inquiry.Asking.

Record n is written n minutes after the station began; nothing is kept but a cursor.
"""

from collections.abc import Mapping
from hashlib import sha256
from typing import Any

from agent.desk.client import Reply

RECORD_MS = 60_000
FLOW_L_PER_MIN = 1_400
EPOCH_CHARACTERS = 16


class Well:
    """One station as one of its uplinks sees it; answers wait in memory until they are taken."""

    def __init__(self, station: str, begun_ms: int, begun_utc_ms: int) -> None:
        self.station = station
        self.epoch = sha256(station.encode()).hexdigest()[:EPOCH_CHARACTERS]
        self.cursor = 0
        self._begun_ms = begun_ms
        self._begun_utc_ms = begun_utc_ms
        self._now_ms = begun_ms
        self._asked = 0
        self._waiting: dict[int, tuple[str, Mapping[str, Any], int]] = {}

    def at(self, now_ms: int) -> None:
        self._now_ms = now_ms

    @property
    def head(self) -> int:
        return 1 + (self._now_ms - self._begun_ms) // RECORD_MS

    def due_ms(self) -> int:
        """When a question that waits can be answered."""
        return min((self._answerable_ms(*asked) for asked in self._waiting.values()), default=2**62)

    def call(self, method: str, _fields: Mapping[str, Any], _within_s: float) -> Any:
        if method == "hello":
            return {"station": self.station, "epoch": self.epoch}
        assert method == "cursor", "an uplink waits for nothing else"
        return {"epoch": self.epoch, "number": self.cursor}

    def post(self, method: str, fields: Mapping[str, Any]) -> int:
        self._asked += 1
        self._waiting[self._asked] = (method, fields, self._now_ms)
        return self._asked

    def take(self) -> list[Reply]:
        ready = [
            number
            for number, asked in self._waiting.items()
            if self._answerable_ms(*asked) <= self._now_ms
        ]
        return [Reply(number, self._answer(*self._waiting.pop(number)[:2])) for number in ready]

    def fileno(self) -> int:
        return -1

    def close(self) -> None:
        self._waiting.clear()

    def _answerable_ms(self, method: str, fields: Mapping[str, Any], asked_ms: int) -> int:
        wait_ms = int(fields.get("wait_ms", 0))
        if method == "records":
            written_ms = self._begun_ms + int(fields["after"]) * RECORD_MS  # of the next one
            return min(asked_ms + wait_ms, max(written_ms, asked_ms))
        if method == "status" and fields["revision"] is not None:
            return asked_ms + wait_ms
        return asked_ms + wait_ms if method == "resend_wait" else asked_ms

    def _answer(self, method: str, fields: Mapping[str, Any]) -> Any:
        match method:
            case "records":
                last = min(self.head, fields["after"] + fields["limit"])
                rows = [self._row(number) for number in range(fields["after"] + 1, last + 1)]
                return {"epoch": self.epoch, "records": rows, "head": [self.head, ""]}
            case "status":
                return {"revision": 1, "state": self._state()}
            case "move_cursor":
                self.cursor = fields["number"]
                return {"number": self.cursor}
            case "resend_wait":
                return {"resend": None}
            case _:
                return {}

    def _row(self, number: int) -> list[Any]:
        total_l = 812_000_000 + number * FLOW_L_PER_MIN
        body = [total_l, 84_000, 5_000_000 + number * 350, 22_150, 45_123, True, 62_500_000,
                number * FLOW_L_PER_MIN]  # fmt: skip
        return [number, self._begun_utc_ms + number * RECORD_MS, True, "sample", body]

    def _state(self) -> dict[str, Any]:
        return {"station": self.station, "epoch": self.epoch, "head": [self.head, ""]}
