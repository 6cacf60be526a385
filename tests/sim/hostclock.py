"""Room rule: what the host says o'clock it is, and how it lies. Believes nothing."""

from dataclasses import dataclass

from agent.core.model import Moment


@dataclass(slots=True)
class HostClock:
    """`now_ms` is true time since the simulation began; `off_ms` is how wrong the calendar is."""

    begins_utc_ms: int
    now_ms: int = 0
    off_ms: int = 0
    trusted: bool = True
    boots: int = 1
    booted_ms: int = 0

    @property
    def moment(self) -> Moment:
        utc_ms = self.true_utc_ms + self.off_ms
        return Moment(utc_ms, self.now_ms - self.booted_ms, f"boot-{self.boots}", self.trusted)

    @property
    def true_utc_ms(self) -> int:
        return self.begins_utc_ms + self.now_ms

    def boot(self, *, trusted: bool, off_ms: int = 0) -> None:
        self.boots, self.booted_ms = self.boots + 1, self.now_ms
        self.trusted, self.off_ms = trusted, off_ms

    def synchronise(self) -> None:
        self.trusted, self.off_ms = True, 0
