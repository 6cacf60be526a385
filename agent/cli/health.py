"""Room rule: the station's own health in words, for `status`. Judges nothing."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from agent import rows, words
from agent.cli.asking import labelled
from agent.core.model import AilmentKind, Grade, Moment
from agent.health.grading import Found, ailments
from agent.ports import Host
from agent.settings.paths import MODEM_DECLARED
from drivers.health.looks import MODEM_FILE

# What no finding says, by where it was seen.
LOOKED_AT = {
    AilmentKind.CPU_HOT: "/sys/class/thermal",
    AilmentKind.THROTTLED: "get_throttled",
    AilmentKind.UNDER_VOLTAGE: "get_throttled",
    AilmentKind.ON_BATTERY: "/sys/class/power_supply",
    AilmentKind.BATTERY_LOW: "/sys/class/power_supply",
    AilmentKind.CARD_WORN: "/sys/block",
    AilmentKind.MEMORY_LOW: "/proc/meminfo",
    AilmentKind.MODEM_SILENT: f"/{MODEM_FILE}",
    AilmentKind.MODEM_UNREGISTERED: f"/{MODEM_FILE}",
    AilmentKind.SIGNAL_WEAK: f"/{MODEM_FILE}",
    AilmentKind.SIM_EXPIRES: MODEM_DECLARED,
}

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MEGABYTE = 1_000_000
MARKS = {Grade.WARN: "!", Grade.ALARM: "✗"}


def health_lines(health: Mapping[str, Any] | None, language: str) -> list[str]:
    """What ails first, each with what to do; then what is known. Empty before the first look."""
    if health is None:
        return []

    def line(name: str, value: str) -> str:
        return labelled(name, value, language)

    none = words.say("state.none", language)
    host, modem = health["host"], health["modem"]
    known = ", ".join(_known(host, language))
    return [
        line("health", "" if health["ailments"] else none),
        *(f"    {MARKS[one['grade']]} {ailment(one, language)}" for one in health["ailments"]),
        *([line("host", known)] if known else []),
        *([line("modem", ", ".join(_modem(modem, language)))] if modem else []),
        *(line("traffic", _traffic(one, health["month"], language)) for one in health["traffic"]),
    ]


def ailment(one: Mapping[str, Any], language: str) -> str:
    """What ails, whom, and what to do."""
    wrong = words.say(f"ailment.{one['kind']}", language)
    remedy = words.say(f"ailment_remedy.{one['kind']}", language)
    about = f" ({one['about']})" if one["about"] else ""
    colon, space = ("：", "") if language == "zh" else (":", " ")
    return f"{wrong}{about}{colon}{space}{remedy}"


def host_ailments(host: Host, now: Moment, language: str) -> Iterator[tuple[str, str]]:
    """Mark and sentence of what ails the computer and is no finding of `check` already."""
    found = Found(
        host.host(),
        host.modem(),
        instruments=(),
        processes=(),
        metrics_written=True,
        sealed=True,
        utc_ms=now.utc_ms,
        trusted=now.trusted,
    )
    colon = "：" if language == "zh" else ": "
    for one in ailments(found, ()):
        if one.kind in LOOKED_AT:
            yield (
                MARKS[one.grade],
                f"{LOOKED_AT[one.kind]}{colon}{ailment(rows.named(one), language)}",
            )


def _known(host: Mapping[str, Any], language: str) -> Iterator[str]:
    """In the order in which a technician would ask."""
    if host["cpu_millicelsius"] is not None:
        yield f"{host['cpu_millicelsius'] / 1000:.0f} °C"
    for name in ("disk_free", "memory_available"):
        if (octets := host[f"{name}_bytes"]) is not None:
            yield words.say(f"health.{name}", language, megabytes=octets // _MEGABYTE)
    for name in ("card_used_percent", "battery_percent"):
        if host[name] is not None:
            yield words.say(f"health.{name}", language, percent=host[name])
    if host["up_s"] is not None:
        lasted = words.duration(host["up_s"] * 1000, language)
        yield words.say("health.up", language, lasted=lasted)


def _modem(modem: Mapping[str, Any], language: str) -> Iterator[str]:
    for name in ("operator", "access", "registration"):
        if modem[name]:
            yield modem[name]
    if modem["signal_percent"] is not None:
        yield words.say("health.signal", language, percent=modem["signal_percent"])
    if modem["iccid"]:
        yield f"ICCID {modem['iccid']}"
    if modem["sim_expires_utc_ms"] is not None:
        last = _EPOCH + timedelta(milliseconds=modem["sim_expires_utc_ms"] - 1)
        yield words.say("health.sim_expires", language, day=f"{last:%Y-%m-%d}")


def _traffic(one: Mapping[str, Any], month: str, language: str) -> str:
    megabytes = f"{one['month_bytes'] / _MEGABYTE:.1f}"
    values = {"platform": one["platform"], "megabytes": megabytes, "month": month}
    return words.say("health.traffic", language, **values)
