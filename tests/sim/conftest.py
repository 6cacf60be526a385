"""Room rule: adds up what the years of one run saw, and says what a soak has not met often enough.

The years run in parallel workers; each reports its counts as a property of its test. A soak of 200
station-years must have met every condition, entry and row of acceptance a hundred times.
"""

from collections import Counter

import pytest

from agent import rows
from agent.core.model import ConditionKind

PROPERTY = "sim year"
ROWS = (
    "same or forward",
    "bad (timeout)",
    "bad (garbled)",
    "bad (invalid)",
    "bad (disconnected)",
    "bad (no_signal)",
    "bad (empty_pipe)",
    "backward a little: stood",
    "rolled over",
    "withheld",
    "withheld, then confirmed",
    "jumped: condition",
    "jumped, and came back",
    "reversed: condition",
    "after a gap, bounded by electricity",
    "after a gap, unbounded",
)
EXPECTED = (
    *(f"{kind} {how}" for kind in ConditionKind for how in ("raised", "cleared")),
    *(f"entry {kind}" for kind in sorted(rows.ENTRIES)),
    *(f"row: {row}" for row in ROWS),
)
ENOUGH, SOAK_ENOUGH = 100, 20


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    years = [
        row
        for report in terminalreporter.getreports("passed")
        for name, row in report.user_properties
        if name == PROPERTY
    ]
    if not years:
        return
    seen: Counter[str] = Counter()
    injected: Counter[str] = Counter()
    for year in years:
        seen.update(year["seen"])
        injected.update(year["injected"])
    terminalreporter.section("station-years")
    say = terminalreporter.write_line
    days = sum(year["days"] for year in years)
    say(
        f"{days / 365:.1f} station-years in {len(years)} seeds, "
        f"{sum(year['scans'] for year in years)} scans, {sum(injected.values())} deeds injected"
    )
    for name, unit in (
        ("worst_l", "L off without an interruption, beyond the meter's steps"),
        ("worst_estimate_l", "L between an estimate and the water it stood for"),
        ("worst_overshoot_l", "L withdrawn beyond the allocation, at rest"),
    ):
        worst = max(years, key=lambda year: year[name])
        say(f"worst of seed {worst['seed']}: {worst[name]} {unit}")
    say("injected: " + ", ".join(f"{name} {many}" for name, many in sorted(injected.items())))
    say("seen: " + ", ".join(f"{name} {seen[name]}" for name in EXPECTED))
    rare = [f"{name} {seen[name]}" for name in EXPECTED if seen[name] < ENOUGH]
    if config.getoption("--soak") >= SOAK_ENOUGH:
        say(f"fewer than {ENOUGH} times: " + (", ".join(rare) or "none"))
