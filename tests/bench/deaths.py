"""Room rule: what dies or is taken away, and what the pin did: the table of docs/operations.md.

`python -m tests.bench.deaths` on an idle machine. Each row is a station of its own, with the
lease of 15 s that stations have, real processes and the simulator's pin. The watch on the pin
looks every LOOK_S; nothing here is judged, for the tests do that (tests/shell/station).
"""

import select
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from drivers.host import monotonic_ms
from tests.shell.station.stand import Stand, standing

LOOK_S: Final = 0.02
WATCHED_S: Final = 30.0
LEASE: Final = {"relay.lease_s": 15, "interlock.short_cycle_s": 3}


@dataclass(frozen=True, slots=True)
class Trial:
    """`harm` is done to a pump that runs; `heal` comes when the pin has been watched."""

    name: str
    harm: Callable[[Stand], object]
    heal: Callable[[Stand], object] = lambda _: None
    changes: Mapping[str, Any] = field(default_factory=dict)


TRIALS: Final = (
    Trial("`kill -9` of control", lambda stand: stand.kill("control")),
    Trial("`SIGSTOP` of control", lambda stand: stand.stop("control"), lambda s: s.release()),
    Trial("`kill -9` of the relay process", lambda stand: stand.kill("relay")),
    Trial(
        'full disk, `on_failure = "run_on"`',
        lambda stand: stand.limit_files("control", 0),
        lambda stand: stand.limit_files("control", None),
    ),
    Trial(
        'full disk, `on_failure = "cut"`',
        lambda stand: stand.limit_files("control", 0),
        lambda stand: stand.limit_files("control", None),
        {"journal.on_failure": "cut"},
    ),
    Trial(
        "the RS-485 adapter is pulled, both meters silent for 10 s (300 s by default)",
        lambda stand: stand.panel.ask("pull"),
        lambda stand: stand.panel.ask("plug"),
        {"interlock.both_meters_cut_s": 10},
    ),
)


def main() -> None:
    print("| done to the station | opened after | permitted again after | drops of the pump |")
    print("|---|---|---|---|")
    for trial in TRIALS:
        with tempfile.TemporaryDirectory(prefix="wk") as folder:
            print(_row(trial, Path(folder)), flush=True)


def _row(trial: Trial, folder: Path) -> str:
    with standing(folder, {**LEASE, **trial.changes}) as stand:
        stand.commission()
        stand.pump()
        drops = stand.panel.ask("truth")["drops"]
        begun_ms = monotonic_ms()
        trial.harm(stand)
        opened = _until(stand, permitted=False, since_ms=begun_ms)
        healed_ms = monotonic_ms()
        trial.heal(stand)
        again = None if opened is None else _until(stand, permitted=True, since_ms=healed_ms)
        dropped = stand.panel.ask("truth")["drops"] - drops
    return f"| {trial.name} | {_said(opened, 'never')} | {_said(again, '-')} | {dropped} |"


def _until(stand: Stand, *, permitted: bool, since_ms: int) -> int | None:
    """Milliseconds until the pin is so; None when it is not within the watch."""
    while monotonic_ms() - since_ms < 1000 * WATCHED_S:
        if stand.panel.ask("truth")["permitted"] is permitted:
            return monotonic_ms() - since_ms
        select.select([], [], [], LOOK_S)
    return None


def _said(milliseconds: int | None, otherwise: str) -> str:
    return otherwise if milliseconds is None else f"{milliseconds / 1000:.1f} s"


if __name__ == "__main__":
    main()
