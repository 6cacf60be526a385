"""Room rule: `wellkeeper simulate --fleet N`: runs the story and says what came of it."""

import argparse
import resource
import tempfile
from pathlib import Path

from agent.fleet import picture
from agent.fleet.course import Figures, play

OUTAGE_H_MAX = 24 * 365
DESCRIPTORS_EACH = 8
DESCRIPTORS_BESIDE = 512


def add_options(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("--fleet", type=int, metavar="N", help="instead: N light stations against two brokers")
    add("--outage-h", type=int, default=72, help="fleet: how long both brokers are away (72)")
    add("--picture", type=Path, help="fleet: draw the catch-up into this SVG file")


def run(options: argparse.Namespace) -> int:
    outage_h = min(max(1, options.outage_h), OUTAGE_H_MAX)
    _allow_descriptors(options.fleet)
    with tempfile.TemporaryDirectory(prefix="wk") as folder:
        figures = play(
            options.fleet, outage_h, Path(folder), lambda words: print(words, flush=True)
        )
    print("\n".join(lines(figures)))
    if options.picture is not None:
        options.picture.write_text(picture.svg(figures), "utf-8")
    return 0 if figures.caught_up_s is not None and figures.holes == 0 else 1


def _allow_descriptors(stations: int) -> None:
    """One for each link, and one more while it connects: Linux grants 1024 unasked."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = DESCRIPTORS_EACH * stations + DESCRIPTORS_BESIDE
    if soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(wanted, hard), hard))


def lines(figures: Figures) -> list[str]:
    """The figures, one a line."""
    attempts = [second.attempts for second in figures.morning]
    links = 2 * figures.stations
    late = next((n for n, one in enumerate(figures.morning, 1) if one.connected >= links), None)
    mib = ", ".join(f"{one:.0f}" for one in figures.broker_mib)
    steady = f"{figures.steady_batches_per_s:.1f} batches/s"
    payload = f"{figures.steady_octets_per_s / 1024:.1f} KiB/s of payload"
    average = sum(attempts) / len(attempts)
    return [
        f"steady: {steady}, {payload}, both platforms together",
        f"records that waited after {figures.outage_h} h: {figures.owed:,}",
        f"attempts to connect: {sum(attempts)} for {links} links",
        f"attempts in one second: at most {max(attempts)}, {average:.1f} on average",
        f"all connected after: {late} s; all caught up after: {figures.caught_up_s} s",
        f"memory of the brokers at most: {mib} MiB",
        f"records repeated: {figures.repeated}; missing: {figures.holes}",
        f"processor time of all stations together: {figures.processor_s:.0f} s",
    ]
