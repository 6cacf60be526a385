"""Room rule: how fast the records may leave, where a site says so. Pure: time is an argument."""

from dataclasses import dataclass


@dataclass(slots=True)
class Rate:
    """At most `records_per_s` on average, at most one second's worth at once; None is no bound."""

    records_per_s: int | None
    free_at_ms: int = 0

    def batch_size(self, records: int) -> int:
        return records if self.records_per_s is None else min(records, self.records_per_s)

    def allows(self, now_ms: int) -> bool:
        return now_ms >= self.free_at_ms

    def spend(self, records: int, now_ms: int) -> None:
        if self.records_per_s is not None:
            self.free_at_ms = now_ms + -(-records * 1000 // self.records_per_s)
