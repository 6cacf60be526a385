"""Room rule: adds up what the years of one run saw, and prints it as a table. Checks no year.

A soak of 200 station-years must have met every condition, entry and row of acceptance a hundred
times; `rare` says which it has not.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

from agent import rows
from agent.core.model import ConditionKind
from tests.core.story import DAY
from tests.sim.year import Year

ROWS = (
    "same or forward",
    "backward a little: stood",
    "rolled over",
    "withheld",
    "withheld, then confirmed",
    "jumped: condition",
    "jumped, and came back",
    "reversed: condition",
    "after a gap, bounded by electricity",
    "after a gap, unbounded",
    "bad (timeout)",
    "bad (garbled)",
    "bad (invalid)",
    "bad (disconnected)",
    "bad (no_signal)",
    "bad (empty_pipe)",
)
ENOUGH = 100
WORST = (
    ("worst_l", "litres off without an interruption, beyond the meter's steps"),
    ("worst_estimate_l", "litres between an estimate and the water it stood for"),
    ("worst_overshoot_l", "litres withdrawn beyond the allocation, the pump at rest"),
)

Told = dict[str, Any]


def told(year: Year) -> Told:
    """What is kept of a year; plain values, so that a parallel worker can hand it over."""
    watch = year.watch
    return {
        "seed": year.seed,
        "days": year.now_ms // DAY,
        "scans": year.scans,
        "resolution_l": year.site.flow_resolution_l,
        "seen": dict(watch.seen),
        "injected": dict(year.injected),
        "worst_l": max(0, watch.worst_l - watch.resolution_l(year.site)),
        "worst_estimate_l": watch.worst_estimate_l,
        "worst_overshoot_l": watch.worst_overshoot_l,
    }


def rare(years: Sequence[Told]) -> list[str]:
    """What was not seen often enough."""
    seen = _sum(years, "seen")
    wanted = [name for line in _lines_of(seen) for name in line[3]]
    return [f"{name}: {seen[name]}" for name in wanted if seen[name] < ENOUGH]


def table(years: Sequence[Told]) -> Iterator[str]:
    """All of it, line by line."""
    seen, injected = _sum(years, "seen"), _sum(years, "injected")
    scans = sum(year["scans"] for year in years)
    seeds = [year["seed"] for year in years]
    days = sum(year["days"] for year in years)
    yield f"{days / 365:.1f} station-years, {len(seeds)} seeds ({min(seeds)} to {max(seeds)}),"
    yield f"{scans:,} scans, {sum(injected.values()):,} deeds"
    for name, unit in WORST:
        worst = max(years, key=lambda year: (year[name], -year["resolution_l"]))
        steps = f"a meter that shows {worst['resolution_l']} L"
        yield f"worst: {worst[name]} {unit} (seed {worst['seed']}, {steps})"
    stops = {name: many for name, many in seen.items() if name.startswith("pump stopped")}
    lapses = sum(many for name, many in stops.items() if name.endswith(("lapsed", "no lease")))
    yield (
        f"pump stopped {sum(stops.values())} times by its relay; {lapses} times by a lease, with"
        " control or the relay process away for longer than it; by our software 0 times"
    )
    yield ""
    for kind, first, second, _ in _lines_of(seen):
        yield f"{kind:44} {first:>12} {second:>9}".rstrip()
    yield ""
    yield f"{'injected':44} {'times':>12}"
    for name, many in sorted(injected.items()):
        yield f"{name:44} {many:>12,}"


def _lines_of(seen: Counter[str]) -> Iterator[tuple[str, str, str, tuple[str, ...]]]:
    """The lines of coverage, and the counts that each shows."""
    yield "condition", "raised", "cleared", ()
    for kind in sorted(ConditionKind):
        names = (f"{kind} raised", f"{kind} cleared")
        yield kind, f"{seen[names[0]]:,}", f"{seen[names[1]]:,}", names
    yield "entry", "made", "", ()
    for entry in sorted(rows.ENTRIES):
        yield entry, f"{seen[f'entry {entry}']:,}", "", (f"entry {entry}",)
    yield "row of acceptance", "scans", "", ()
    for row in ROWS:
        yield row, f"{seen[f'row: {row}']:,}", "", (f"row: {row}",)


def _sum(years: Sequence[Told], name: str) -> Counter[str]:
    total: Counter[str] = Counter()
    for year in years:
        total.update(year[name])
    return total
