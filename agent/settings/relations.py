"""Room rule: what must hold between two options, and why. Each relation is one short function.

A relation is judged when all its parts were read well, so that one mistake is told once. None of
them looks at the disk: what an option names there is judged in `named`.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

from agent.settings.paths import (
    ADMIN,
    CONSOLE,
    SOCKET_BYTES_MAX,
    console_client,
    desk_socket_in,
    relay_socket_in,
)
from agent.settings.problems import Found, Reason

LEASE_PERIODS: Final = 3
# Relay modules that keep their relay as it is when nobody speaks to them.
WITHOUT_WATCHDOG: Final = frozenset({"waveshare"})
# Options of the relay that one driver alone reads, and what it is to lack or to leave one.
_READ_BY: Final = (
    ("line", "gpio", Reason.LINE_MISSING, Reason.LINE_UNUSED),
    ("chip", "gpio", None, Reason.CHIP_UNUSED),
    ("socket", "simulated", Reason.SOCKET_MISSING, Reason.SOCKET_UNUSED),
    ("module", "modbus", Reason.MODULE_MISSING, Reason.MODULE_UNUSED),
)
# Where a well may run on over its plan.
RUN_ON_USES: Final = ("domestic", "livestock")
INSTRUMENTS: Final = ("flow_meter", "power_meter", "level_probe")


@dataclass(slots=True)
class Good:
    """What read well: each option by key path, defaults too, and the length of each list."""

    values: dict[str, Any] = field(default_factory=dict)
    lengths: dict[str, int] = field(default_factory=dict)

    def get(self, key: str) -> Any:
        """None for an option that is absent or was refused."""
        return self.values.get(key)

    def each(self, key: str) -> list[str]:
        """The key paths of a list's members."""
        return [f"{key}[{number}]" for number in range(self.lengths.get(key, 0))]


def broken(good: Good) -> Iterator[Found]:
    for relation in RELATIONS:
        yield from relation(good)


def unknown_profiles(good: Good, known: Sequence[str]) -> Iterator[Found]:
    """Instruments whose register table nobody has."""
    for instrument in INSTRUMENTS:
        name = good.get(f"{instrument}.profile")
        if name is not None and name not in known:
            yield Found(f"{instrument}.profile", Reason.PROFILE_UNKNOWN, name, ", ".join(known))


def _lease(good: Good) -> Iterator[Found]:
    # Two scans may fail to renew (one late, one lost) before the third has to: a single slow
    # answer on the bus must not stop a pump.
    period_s, lease_s = good.get("scan.period_s"), good.get("relay.lease_s")
    if period_s and lease_s and lease_s < LEASE_PERIODS * period_s:
        yield Found(
            "relay.lease_s", Reason.LEASE_SHORT, str(lease_s), str(LEASE_PERIODS * period_s)
        )


def _budget(good: Good) -> Iterator[Found]:
    # What the bus may use is less than the period: the rest of it is for judging and writing.
    period_s, budget_ms = good.get("scan.period_s"), good.get("scan.bus_budget_ms")
    if period_s and budget_ms and budget_ms >= 1000 * period_s:
        yield Found("scan.bus_budget_ms", Reason.BUDGET_LONG, str(budget_ms), str(1000 * period_s))


def _buses(good: Good) -> Iterator[Found]:
    # An instrument names its bus, so a name is one bus; and a tty has one owner.
    yield from _twice(good, "bus", "name", Reason.BUS_TWICE)
    yield from _twice(good, "bus", "port", Reason.PORT_TWICE)


def _instruments(good: Good) -> Iterator[Found]:
    names = [good.get(f"{bus}.name") for bus in good.each("bus")]
    seen: dict[tuple[str, int], str] = {}
    for instrument in INSTRUMENTS:
        bus, unit = good.get(f"{instrument}.bus"), good.get(f"{instrument}.unit")
        if bus and names and None not in names and bus not in names:
            yield Found(f"{instrument}.bus", Reason.BUS_UNKNOWN, bus, " ".join(names))
        if not bus or not unit:
            continue
        # Two instruments with one address answer at the same time and garble each other.
        if (bus, unit) in seen:
            yield Found(f"{instrument}.unit", Reason.UNIT_TWICE, str(unit), seen[bus, unit])
        seen.setdefault((bus, unit), instrument)


def _platform_names(good: Good) -> Iterator[Found]:
    # A platform's name is its desk socket, and the desk socket is its identity.
    yield from _twice(good, "platform", "name", Reason.PLATFORM_TWICE)
    for platform in good.each("platform"):
        name = good.get(f"{platform}.name") or ""
        if name == ADMIN or name.startswith(CONSOLE):
            yield Found(f"{platform}.name", Reason.PLATFORM_RESERVED, name)


def _consoles(good: Good) -> Iterator[Found]:
    # A console's name is its desk socket; its tty is nobody else's.
    yield from _twice(good, "console", "name", Reason.CONSOLE_TWICE)
    yield from _twice(good, "console", "port", Reason.PORT_TWICE)
    ports = {good.get(f"{bus}.port"): bus for bus in good.each("bus")}
    ports[good.get("relay.module.port")] = "relay.module"
    for console in good.each("console"):
        port = good.get(f"{console}.port")
        if port is not None and port in ports:
            yield Found(f"{console}.port", Reason.PORT_TWICE, str(port), ports[port])


def _relay(good: Good) -> Iterator[Found]:
    # An option that nothing reads is a mistake, also where the driver alone decides that.
    driver = good.get("relay.driver")
    for option, reader, missing, unused in _READ_BY:
        key = f"relay.{option}"
        if driver is None or key not in good.values:
            continue
        value = good.get(key)
        if driver == reader and value is None and missing is not None:
            yield Found(key, missing)
        if driver != reader and value is not None:
            yield Found(key, unused, str(value) if option != "module" else "", driver)


def _relay_module(good: Good) -> Iterator[Found]:
    # Nothing else may speak on a relay's line: what it waits for would delay a cut.
    port = good.get("relay.module.port")
    for bus in good.each("bus"):
        if port is not None and good.get(f"{bus}.port") == port:
            yield Found("relay.module.port", Reason.PORT_TWICE, str(port), bus)
    # A relay that stays as it was told would hold the pump for ever when we die.
    kind = good.get("relay.module.kind")
    if kind in WITHOUT_WATCHDOG and not (good.get("relay.module.lease_held_by") or "").strip():
        yield Found("relay.module.kind", Reason.LEASE_UNHELD, kind)


def _inputs(good: Good) -> Iterator[Found]:
    yield from _twice(good, "input", "name", Reason.INPUT_TWICE)
    taken = {(good.get("relay.chip"), good.get("relay.line")): "relay.line"}
    for each in good.each("input"):
        place = (good.get(f"{each}.chip"), good.get(f"{each}.line"))
        if place[1] is not None and place in taken:
            yield Found(f"{each}.line", Reason.LINE_TWICE, str(place[1]), taken[place])
        taken.setdefault(place, f"{each}.line")


def _platforms(good: Good) -> Iterator[Found]:
    for platform in good.each("platform"):
        # MQTT 3.1.1 acknowledges even what its access list discards: only a platform's own
        # receipts or a declared trust may move a cursor.
        if good.get(f"{platform}.protocol") == "mqtt311" and not (
            good.values.get(f"{platform}.trust_puback", True)
            or good.values.get(f"{platform}.receipts", True)
        ):
            yield Found(f"{platform}.trust_puback", Reason.PUBACK_UNTRUSTED, "false", "true")
        password = good.get(f"{platform}.password_file")
        if password is None:
            continue
        if f"{platform}.user" in good.values and good.get(f"{platform}.user") is None:
            yield Found(f"{platform}.user", Reason.PASSWORD_WITHOUT_USER)
        # Whoever shares the wire would read it. On loopback there is no wire.
        host, in_clear = good.get(f"{platform}.host"), good.values.get(f"{platform}.tls", True)
        if in_clear is None and host and not _is_loopback(host):
            yield Found(f"{platform}.tls", Reason.PASSWORD_IN_CLEAR, host)


def _warnings(good: Good) -> Iterator[Found]:
    # Each stage is graver than the one before it.
    percents = good.get("interlock.warn_percent")
    if percents and any(left >= right for left, right in pairwise(percents)):
        yield Found(
            "interlock.warn_percent",
            Reason.WARNINGS_UNORDERED,
            str(list(percents)),
            str(sorted(set(percents))),
        )


def _exhausted(good: Good) -> Iterator[Found]:
    # Only where people or animals drink may a well run on over its plan, and somebody allowed it.
    if good.get("interlock.on_exhausted") != "warn":
        return
    use = good.get("station.use")
    if use not in (None, *RUN_ON_USES):
        yield Found("interlock.on_exhausted", Reason.WARN_NOT_ALLOWED, use, ", ".join(RUN_ON_USES))
    if not (good.get("interlock.on_exhausted_document") or "").strip():
        yield Found("interlock.on_exhausted_document", Reason.DOCUMENT_ABSENT)


def _dry_level(good: Good) -> Iterator[Found]:
    # A probe sees no water below itself.
    limit_mm = good.get("interlock.dry_level_mm")
    depth_mm = good.get("level_probe.depth_mm") or 0
    if limit_mm and limit_mm >= depth_mm:
        yield Found("interlock.dry_level_mm", Reason.DRY_LEVEL_UNSEEN, str(limit_mm), str(depth_mm))


def _licence(good: Good) -> Iterator[Found]:
    expires = good.get("licence.expires")
    if expires is None:
        return
    try:
        date.fromisoformat(expires)
    except ValueError:  # ten characters of the right form, and no day of the calendar
        yield Found("licence.expires", Reason.NOT_A_DAY, expires)


def _sockets(good: Good) -> Iterator[Found]:
    # The kernel keeps 107 bytes for a socket's path and refuses the 108th when it is bound.
    run_dir = good.get("station.run_dir")
    if run_dir:
        clients = [good.get(f"{platform}.name") for platform in good.each("platform")]
        names = [good.get(f"{console}.name") for console in good.each("console")]
        clients += [console_client(name) for name in names if name]
        paths = [desk_socket_in(run_dir, client) for client in (ADMIN, *clients) if client]
        longest = max((*paths, relay_socket_in(run_dir)), key=_bytes)
        yield from _fits("station.run_dir", longest)
    if pin := good.get("relay.socket"):
        yield from _fits("relay.socket", pin)


def _fits(key: str, path: Path) -> Iterator[Found]:
    if _bytes(path) > SOCKET_BYTES_MAX:
        yield Found(key, Reason.SOCKET_PATH_LONG, str(path), str(SOCKET_BYTES_MAX))


def _bytes(path: Path) -> int:
    return len(bytes(path))


def _twice(good: Good, key: str, name: str, reason: Reason) -> Iterator[Found]:
    seen: dict[Any, str] = {}
    for member in good.each(key):
        value = good.get(f"{member}.{name}")
        if value in seen:
            yield Found(f"{member}.{name}", reason, str(value), seen[value])
        elif value is not None:
            seen[value] = member


def _is_loopback(host: str) -> bool:
    return host in ("localhost", "::1") or bool(re.fullmatch(r"127(\.\d{1,3}){3}", host))


RELATIONS: Final[tuple[Callable[[Good], Iterator[Found]], ...]] = (
    _lease,
    _budget,
    _buses,
    _instruments,
    _platform_names,
    _consoles,
    _relay,
    _relay_module,
    _inputs,
    _platforms,
    _warnings,
    _exhausted,
    _dry_level,
    _licence,
    _sockets,
)
