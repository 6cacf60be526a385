"""Room rule: the live picture as Prometheus metrics, in a text file that node_exporter reads.

The text exposition format 0.0.4: base units, `_total` for what only grows, HELP and TYPE once for
each name. What is not known has no sample. Control writes it, in a folder of the run directory
that anybody may read: another process would need a door at the desk, and control has the right
already. docs/operations.md lists the names.
"""

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

FILE_MODE: Final = 0o644
FOLDER_MODE: Final = 0o755
_JOULES_PER_WH: Final = 3600

Labels = Mapping[str, object]
Sample = tuple[Labels, float]


@dataclass(frozen=True, slots=True)
class Family:
    """One name with all its samples."""

    name: str
    kind: Literal["counter", "gauge"]
    means: str
    samples: Sequence[Sample]


class MetricsFile:
    """Whole under its name, or as it was. Not synced: it stands in memory and is made anew."""

    def __init__(self, file: Path, station: str) -> None:
        self._file = file
        self._station = station

    def write(self, picture: Mapping[str, Any]) -> str:
        """Why it could not be written; empty when it was."""
        unfinished = self._file.with_name(f".{self._file.name}.new")
        try:
            self._file.parent.mkdir(exist_ok=True)
            self._file.parent.chmod(FOLDER_MODE)
            with unfinished.open("w", encoding="utf-8") as into:
                into.write(page(picture, self._station))
                os.fchmod(into.fileno(), FILE_MODE)
            unfinished.rename(self._file)
        except OSError as why:
            return f"{self._file}: {why.strerror}"
        return ""


def page(picture: Mapping[str, Any], station: str) -> str:
    """All metrics, every sample labelled with the station."""
    lines: list[str] = []
    for family in families(picture):
        name = f"wellkeeper_{family.name}"
        if not family.samples:
            continue
        lines += [f"# HELP {name} {family.means}", f"# TYPE {name} {family.kind}"]
        for labels, value in family.samples:
            said = {"station": station, **labels}
            inside = ",".join(f'{key}="{_escaped(str(text))}"' for key, text in said.items())
            lines.append(f"{name}{{{inside}}} {value!r}")
    return "\n".join(lines) + "\n"


def families(picture: Mapping[str, Any]) -> Iterator[Family]:
    yield from _of_well(picture)
    yield from _of_agent(picture)
    health = picture["health"]
    if health is not None:
        yield from _of_host(health)
        yield from _of_modem(health["modem"])
        yield from _of_counts(health)


def _gauge(name: str, means: str, *samples: Sample | None) -> Family:
    return Family(name, "gauge", means, [one for one in samples if one is not None])


def _one(value: int | None, per: int = 1) -> Sample | None:
    """A sample without labels of its own; None for what is not known."""
    return None if value is None else ({}, value if per == 1 else value / per)


def _of_well(picture: Mapping[str, Any]) -> Iterator[Family]:
    good = {one["quantity"]: one["value"] for one in picture["readings"] if one["fault"] is None}
    balance = picture["balance"] or {}
    yield _gauge("permitted", "1 while the pump may run.", _one(int(picture["permitted"])))
    relay = {"permitted": 1, "cut": 0}.get(picture["relay"])
    yield _gauge("relay_permitted", "What the relay process says of its line.", _one(relay))
    yield _gauge(
        "condition",
        "A condition that stands.",
        *(({"kind": one["kind"], "action": one["action"]}, 1) for one in picture["conditions"]),
    )
    total = _one(good.get("forward_total_l"), 1000)
    meter = "The flow meter's forward totalizer."
    yield Family("meter_cubic_meters_total", "counter", meter, [total] if total else [])
    flow = _one(good.get("flow_l_per_h"), 1000 * 3600)
    yield _gauge("flow_cubic_meters_per_second", "Flow now.", flow)
    energy = good.get("energy_wh")
    joules = _one(None if energy is None else energy * _JOULES_PER_WH)
    meter = "The electricity meter's total."
    yield Family("meter_energy_joules_total", "counter", meter, [joules] if joules else [])
    yield _gauge("power_watts", "Active power now.", _one(good.get("power_w")))
    yield _gauge(
        "water_level_meters", "Water below the wellhead.", _one(good.get("level_mm"), 1000)
    )
    for name in ("allocated", "withdrawn", "remaining"):
        means = f"Of the plan year: {name}."
        yield _gauge(f"{name}_cubic_meters", means, _one(balance.get(f"{name}_l"), 1000))


def _of_agent(picture: Mapping[str, Any]) -> Iterator[Family]:
    info = ({"version": picture["version"], "epoch": picture["epoch"]}, 1)
    yield _gauge("info", "Program and epoch of the journal.", info)
    at = _one(picture["at_utc_ms"], 1000)
    yield _gauge("scan_timestamp_seconds", "When the newest scan began.", at)
    trusted = _one(int(picture["trusted"]))
    yield _gauge("clock_trusted", "1 while calendar time is believed.", trusted)
    failing = _one(int(picture["journal"]["failing"] is not None))
    yield _gauge("journal_failing", "1 while the journal takes no writes.", failing)
    records = "Newest record's number in its epoch."
    yield Family("records_total", "counter", records, [({}, picture["head"][0])])
    links = picture["uplinks"].items()
    up = (({"platform": name}, int(one["connected"])) for name, one in links)
    yield _gauge("uplink_connected", "1 while the platform is reached.", *up)
    waiting = (({"platform": name}, one["waiting"]) for name, one in links)
    yield _gauge("uplink_waiting_records", "Records the platform has not acknowledged.", *waiting)
    parked = (({"platform": name}, one["parked"]) for name, one in links)
    yield _gauge("uplink_parked_records", "Records the platform rejects.", *parked)


def _of_host(health: Mapping[str, Any]) -> Iterator[Family]:
    host = health["host"]

    def truth(name: str) -> Sample | None:
        return None if host[name] is None else ({}, int(host[name]))

    temperature = _one(host["cpu_millicelsius"], 1000)
    yield _gauge("cpu_temperature_celsius", "Hottest zone of the processor.", temperature)
    yield _gauge("throttled", "1 while the processor is slowed down.", truth("throttled"))
    means = "1 when the supply was too low, now or since boot."
    yield _gauge("under_voltage", means, truth("under_voltage"))
    yield _gauge("on_mains", "0 while the host runs on its battery.", truth("on_mains"))
    yield _gauge("battery_ratio", "Charge.", _one(host["battery_percent"], 100))
    used = _one(host["card_used_percent"], 100)
    yield _gauge("card_used_ratio", "Of the writes the card was made for.", used)
    yield _gauge("disk_size_bytes", "File system of the journal.", _one(host["disk_bytes"]))
    yield _gauge("disk_free_bytes", "Free for us on it.", _one(host["disk_free_bytes"]))
    yield _gauge("disk_free_inodes", "Inodes free for us on it.", _one(host["inodes_free"]))
    yield _gauge("memory_size_bytes", "Memory of the host.", _one(host["memory_bytes"]))
    available = _one(host["memory_available_bytes"])
    yield _gauge("memory_available_bytes", "Memory that can still be had.", available)
    yield _gauge("load_ratio", "Load of 15 minutes per core.", _one(host["load_percent"], 100))
    yield _gauge("host_up_seconds", "Since the host booted.", _one(host["up_s"]))
    yield _gauge("control_up_seconds", "Since control started.", _one(health["running_s"]))
    means = "1 while something disciplines the host's clock."
    yield _gauge("clock_synchronised", means, truth("clock_synchronised"))
    error = _one(host["clock_error_ms"], 1000)
    yield _gauge("clock_error_seconds", "At the most, as the kernel reckons.", error)


def _of_modem(modem: Mapping[str, Any] | None) -> Iterator[Family]:
    if modem is None:
        return
    info = {name: modem[name] for name in ("iccid", "operator", "registration", "access")}
    yield _gauge("modem_info", "The SIM card and its network.", (info, 1))
    yield _gauge(
        "modem_signal_ratio", "Strength of the signal.", _one(modem["signal_percent"], 100)
    )
    expires = _one(modem["sim_expires_utc_ms"], 1000)
    yield _gauge("sim_expiry_timestamp_seconds", "When the SIM's contract ends.", expires)


def _of_counts(health: Mapping[str, Any]) -> Iterator[Family]:
    means = {
        "requests": "Requests to an instrument.",
        "timeouts": "Requests that stayed without an answer.",
        "garbled": "Answers that were spoilt on the wire.",
        "exceptions": "Requests that the instrument refused.",
    }
    for name, words in means.items():
        samples = [
            ({"instrument": one["instrument"], "bus": one["bus"]}, one[name])
            for one in health["instruments"]
        ]
        yield Family(f"bus_{name}_total", "counter", words, samples)
    starts = [({"process": one["name"]}, one["starts"]) for one in health["processes"]]
    yield Family("process_starts_total", "counter", "Starts of each process, ever.", starts)
    month = {"month": health["month"]}
    traffic = (
        ({"platform": one["platform"], **month}, one["month_bytes"]) for one in health["traffic"]
    )
    yield _gauge("month_traffic_bytes", "On the wire in this calendar month, both ways.", *traffic)
    ails = (
        ({name: one[name] for name in ("kind", "grade", "about")}, 1) for one in health["ailments"]
    )
    yield _gauge("ailment", "What ails the station itself.", *ails)


def _escaped(text: str) -> str:
    return text.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")
