"""Room rule: when the station's health is written down, and what is in it. Called by the scan.

Each hour, and when something begins to ail or ceases to or a process was started again, but not
sooner than some minutes after the last time: a value that flutters fills no card.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any, Final

from agent.core.model import BusHealth, Health, Moment, ProcessHealth
from agent.health.grading import Found, ailments
from agent.health.looking import Looking
from agent.health.tally import Link, Tally
from agent.ports import Counters

HOUR_MS: Final = 3_600_000
# So often what was seen is judged: processes and links are heard of between two looks.
JUDGE_MS: Final = 10_000
CHANGE_MIN_MS: Final = 300_000
HEARD_MS: Final = 60_000
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Around:
    """What the scan knows beside the host. `relay`: the process id of the relay process.

    `unsealed`: the journal's daily seal is owed, and nothing signs it.
    """

    counters: Sequence[Counters]
    links: Mapping[str, Link]
    relay: int | None
    unsealed: bool = False


@dataclass(frozen=True, slots=True)
class _Counted:
    """What only ever grows while control runs."""

    instruments: tuple[BusHealth, ...] = ()
    processes: tuple[ProcessHealth, ...] = ()


class Watch:
    """`last` is the newest health record, of whichever control wrote it."""

    def __init__(self, looking: Looking, version: str, zone: tzinfo, last: Health | None) -> None:
        self.latest: Health | None = None
        self._looking = looking
        self._version = version
        self._zone = zone
        self._last = last
        self._tally: Tally | None = None
        self._began_ms = 0
        self._judged_ms: int | None = None
        self._told: tuple[int, Health] | None = None
        # What was counted one to two hours ago, then what was counted up to an hour ago.
        self._before: _Counted = _Counted()
        self._lately: tuple[int, _Counted] | None = None

    def judges(self, moment: Moment) -> bool:
        """Whether it is time to look at all. Raises what ended the thread that looks."""
        seen = self._looking.seen() is not None
        judged_ms = self._judged_ms
        return seen and (judged_ms is None or moment.monotonic_ms - judged_ms >= JUDGE_MS)

    def due(self, moment: Moment, around: Around) -> Health | None:
        """What is to be written down now; mostly nothing. Never waits."""
        now_ms = moment.monotonic_ms
        if self._tally is None:
            self._tally = Tally.after(self._last, moment.boot)
            self._began_ms = now_ms
        health = self._judge(self._tally, moment, around)
        self._judged_ms, self.latest = now_ms, health
        heard = around.relay is not None and all(one.began_ms for one in around.links.values())
        if not self._is_due(now_ms, health, heard=heard):
            return None
        self._told = (now_ms, health)
        return health

    def show(self, picture: Mapping[str, Any]) -> None:
        """The live state, for the metrics."""
        self._looking.show(picture)

    def _is_due(self, now_ms: int, health: Health, *, heard: bool) -> bool:
        """`heard`: every process has told of itself. The first record waits a little for that."""
        if self._told is None:
            return heard or now_ms - self._began_ms >= HEARD_MS
        told_ms, told = self._told
        since_ms = now_ms - told_ms
        changed = (told.ailments, told.processes) != (health.ailments, health.processes)
        return since_ms >= HOUR_MS or (changed and since_ms >= CHANGE_MIN_MS)

    def _judge(self, tally: Tally, moment: Moment, around: Around) -> Health:
        seen = self._looking.seen()
        assert seen is not None, "judged after the first look"
        month = self._month(moment.utc_ms) if moment.trusted else ""
        tally.count(month, around.relay, around.links)
        instruments = tuple(_of_bus(one) for one in around.counters)
        processes = tuple(tally.processes.values())
        before = self._counted_before(moment.monotonic_ms, _Counted(instruments, processes))
        found = Found(
            host=seen.host,
            modem=seen.modem,
            instruments=_since(before.instruments, instruments),
            processes=tally.starts_since(before.processes),
            metrics_written=not seen.metrics_fault,
            sealed=not around.unsealed,
            utc_ms=moment.utc_ms,
            trusted=moment.trusted,
        )
        return Health(
            version=self._version,
            boot=moment.boot,
            running_s=(moment.monotonic_ms - self._began_ms) // 1000,
            host=seen.host,
            month=tally.month,
            instruments=instruments,
            processes=processes,
            traffic=tuple(tally.traffic.values()),
            modem=seen.modem,
            ailments=ailments(found, () if self.latest is None else self.latest.ailments),
        )

    def _counted_before(self, now_ms: int, now: "_Counted") -> "_Counted":
        """A window of one to two hours: a rate is never judged by its first minute."""
        if self._lately is None:
            self._before, self._lately = _Counted((), now.processes), (now_ms, now)
        elif now_ms - self._lately[0] >= HOUR_MS:
            self._before, self._lately = self._lately[1], (now_ms, now)
        return self._before

    def _month(self, utc_ms: int) -> str:
        """As the operator of the mobile network counts it."""
        local = (_EPOCH + timedelta(milliseconds=utc_ms)).astimezone(self._zone)
        return f"{local:%Y-%m}"


def _of_bus(one: Counters) -> BusHealth:
    return BusHealth(one.role, one.bus, one.requests, one.timeouts, one.garbled, one.exceptions)


def _since(then: Sequence[BusHealth], now: Sequence[BusHealth]) -> tuple[BusHealth, ...]:
    """What came since; all of it where nothing is known of then."""
    before = {one.instrument: one for one in then}
    return tuple(
        BusHealth(
            one.instrument,
            one.bus,
            one.requests - was.requests,
            one.timeouts - was.timeouts,
            one.garbled - was.garbled,
            one.exceptions - was.exceptions,
        )
        if (was := before.get(one.instrument)) is not None
        else one
        for one in now
    )
