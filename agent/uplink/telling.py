"""Room rule: what the desk is told of this uplink, and when: health, counts, warnings."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from agent.catalogue import Told
from agent.ports import Certificate, Clock
from agent.uplink import expiry
from agent.uplink.inquiry import Inquiry
from agent.uplink.link import Link
from agent.uplink.live import Health, Report, one_line

LOOK_MS = 60_000  # how often the certificates' ends are looked at


@dataclass(slots=True)
class Telling:
    """`delivered` counts records whose receipt moved the cursor; the rest counts what was sent."""

    delivered: int = 0
    batches: int = 0
    bytes: int = 0
    connects: int = 0
    rejected: int = 0
    foreign: int = 0  # messages that mean nothing to us
    wire_bytes: int = 0  # both ways, headers included
    began_ms: int = 0
    _last_error: str = ""
    _last_error_utc_ms: int | None = None
    _certificates: dict[str, Certificate] = field(default_factory=dict)
    _warning: Told | None = None
    _look_at_ms: int = 0
    _report: Report = field(default_factory=Report)

    def sent(self, size: int) -> None:
        self.batches += 1
        self.bytes += size

    def depends_on(self, certificates: Sequence[Certificate]) -> None:
        self._certificates |= {one.whose: one for one in certificates}
        self._look_at_ms = 0

    def forget(self) -> None:
        """A new desk was told nothing."""
        self._report.forget()

    def tell(self, desk: Inquiry, link: Link, clock: Clock, now_ms: int) -> None:
        if now_ms >= self._look_at_ms:
            self._warning = expiry.warning(tuple(self._certificates.values()), clock.now())
            self._look_at_ms = now_ms + LOOK_MS
        health = self._health(link, clock)
        due = self._report.due(health, now_ms) and not desk.under_way("report")
        if due and desk.ask("report", health._asdict(), now_ms):
            self._report.told(health, now_ms)

    def _health(self, link: Link, clock: Clock) -> Health:
        trouble = link.error
        error = "" if trouble is None else one_line(trouble.why)
        if error and error != self._last_error:
            # It stays when it is over: who comes later wants to know what it was.
            self._last_error, self._last_error_utc_ms = error, clock.now().utc_ms
        return Health(
            connected=link.limits is not None,
            fault="" if trouble is None else trouble.fault,
            error=error,
            warning=None if self._warning is None else self._warning.named(),
            delivered=self.delivered,
            batches=self.batches,
            bytes=self.bytes,
            reconnects=max(0, self.connects - 1),
            rejected=self.rejected,
            foreign=self.foreign,
            last_error=self._last_error,
            last_error_utc_ms=self._last_error_utc_ms,
            wire_bytes=self.wire_bytes,
            began_ms=self.began_ms,
        )
