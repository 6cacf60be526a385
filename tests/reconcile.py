"""Room rule: what a platform does with the batches it gets: reconcile by number. No codec of ours.

Written from docs/mqtt.md, not from the code: it is the reader the document promises to serve.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any


@dataclass
class Ledger:
    """Records by (station, epoch, number), as a platform would keep them.

    `in_turn` is a reader that takes only the next number it expects, and sees whether that alone
    would have got everything. `late` counts records whose first copy came after a higher number.
    """

    records: dict[tuple[str, str, int], Any] = field(default_factory=dict)
    duplicates: int = 0
    altered: int = 0
    late: int = 0
    in_turn: dict[tuple[str, str], int] = field(default_factory=dict)
    _highest: dict[tuple[str, str], int] = field(default_factory=dict)

    def take(self, payloads: Iterable[bytes]) -> "Ledger":
        for payload in payloads:
            batch = json.loads(payload)
            assert batch["schema"] == 1
            for group in batch["records"]:
                for row in group["rows"]:
                    named = dict(zip(group["columns"], row, strict=True))
                    self._take_one((batch["station"], batch["epoch"]), group["kind"], named)
        return self

    def holds(self, at_least: int) -> bool:
        return len(self.records) >= at_least

    def _take_one(self, stream: tuple[str, str], kind: str, record: dict[str, Any]) -> None:
        number = record["number"]
        key = (*stream, number)
        if key in self.records:
            self.duplicates += 1
            self.altered += self.records[key] != (kind, record)
        else:
            self.late += number < self._highest.get(stream, 0)
            self.records[key] = (kind, record)
        self._highest[stream] = max(number, self._highest.get(stream, 0))
        if number == self.in_turn.get(stream, 0) + 1:
            self.in_turn[stream] = number

    def missing(self, station: str, epoch: str, up_to: int) -> list[int]:
        return [n for n in range(1, up_to + 1) if (station, epoch, n) not in self.records]
