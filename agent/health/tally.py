"""Room rule: what is counted across restarts: starts of processes, octets of a month. Pure.

Its memory is the newest health record. What an uplink sent between that and a power cut is lost to
the count: an hour at the most.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from agent.core.model import Health, ProcessHealth, Traffic

CONTROL = "control"
RELAY = "relay"


@dataclass(frozen=True, slots=True)
class Link:
    """What an uplink has told: when its process began, and its octets on the wire since then."""

    began_ms: int
    wire_bytes: int


def uplink(platform: str) -> str:
    """How an uplink's process is called, as its unit."""
    return f"uplink@{platform}"


@dataclass(slots=True)
class Tally:
    """Goes on from the newest record; `boot` is this one."""

    boot: str
    month: str
    processes: dict[str, ProcessHealth]
    traffic: dict[str, Traffic]

    @classmethod
    def after(cls, last: Health | None, boot: str) -> "Tally":
        """A control has just started. Whatever ran before the host booted runs no more."""
        if last is None:
            tally = cls(boot, "", {}, {})
        else:
            tally = cls(
                boot,
                last.month,
                {one.name: one for one in last.processes},
                {one.platform: one for one in last.traffic},
            )
            if last.boot != boot:
                tally._forget_identities()
        starts = tally._starts(CONTROL)
        tally.processes[CONTROL] = ProcessHealth(CONTROL, starts + 1)
        return tally

    def count(self, month: str, relay: int | None, links: Mapping[str, Link]) -> None:
        """Another look. `month` empty: no clock is trusted, and the month stays as it was."""
        self._began(RELAY, relay)
        for platform, link in links.items():
            told = bool(link.began_ms)
            known = self.processes.get(uplink(platform))
            same = known is not None and known.identity == link.began_ms
            self._began(uplink(platform), link.began_ms if told else None)
            if told:
                self._add(platform, link.wire_bytes, same=same)
        if month and month != self.month:
            if self.month:
                self.traffic = {
                    name: Traffic(name, 0, one.process_bytes) for name, one in self.traffic.items()
                }
            self.month = month

    def starts_since(self, earlier: Iterable[ProcessHealth]) -> Sequence[ProcessHealth]:
        """How often each process started since then, the first time not counted."""
        before = {one.name: one.starts for one in earlier}
        return [
            ProcessHealth(one.name, one.starts - before.get(one.name, one.starts))
            for one in self.processes.values()
        ]

    def _began(self, name: str, identity: int | None) -> None:
        known = self.processes.get(name)
        if identity is not None and (known is None or known.identity != identity):
            self.processes[name] = ProcessHealth(name, self._starts(name) + 1, identity)

    def _add(self, platform: str, wire_bytes: int, *, same: bool) -> None:
        """What the same process told before is counted already."""
        was = self.traffic.get(platform, Traffic(platform, 0))
        counted = was.process_bytes if same else 0
        more = max(0, wire_bytes - counted)
        self.traffic[platform] = Traffic(platform, was.month_bytes + more, wire_bytes)

    def _starts(self, name: str) -> int:
        known = self.processes.get(name)
        return 0 if known is None else known.starts

    def _forget_identities(self) -> None:
        """A number of the boot before may come again."""
        self.processes = {
            name: ProcessHealth(name, one.starts) for name, one in self.processes.items()
        }
