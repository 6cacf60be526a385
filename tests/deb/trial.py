"""Room rule: the package's life on a fresh Debian, told once and judged. `make deb-test` runs it.

    python -m tests.deb.trial DEBS KEPT SUITE...

Installs, commissions against the simulated pump house, upgrades in mid-pumping, rolls back,
removes, puts a backup back, decommissions. Every line that begins with a tick was asserted. What
was said and seen is printed as Markdown; docs/transcripts keeps it.
"""

import sys
import tempfile
from pathlib import Path
from typing import Final

from tests.deb.beginning import commission, deaths, install, sandbox
from tests.deb.cards import decommission, new_card
from tests.deb.station import Trial
from tests.deb.upgrades import (
    boot,
    interrupted,
    relay_upgrade,
    removal,
    upgrade,
)
from tests.deb.working import console, half_written, signed, told

STORY: Final = (
    install,
    commission,
    sandbox,
    signed,
    console,
    told,
    deaths,
    half_written,
    upgrade,
    relay_upgrade,
    interrupted,
    boot,
    removal,
    new_card,
    decommission,
)


def main(debs: Path, kept: Path, suites: list[str]) -> None:
    for suite in suites:
        with tempfile.TemporaryDirectory(prefix="wk", dir=kept) as folder:
            trial = Trial(suite, debs, kept, Path(folder))
            trial.tell(f"# The package on Debian {suite}")
            trial.tell("\nMade by `make deb-test`. A line with a tick was asserted.")
            seconds = trial.box.start()
            trial.tell(
                f"\nA fresh root of debootstrap, booted with its own systemd ({seconds:.1f} s)."
            )
            try:
                for chapter in STORY:
                    chapter(trial)
            except BaseException:
                units = "relay control uplink@a"
                tails = f"for u in {units}; do journalctl -u wellkeeper-$u -n 20 -o cat; done"
                print(trial.box.sh(tails, check=False)[1])
                raise
            finally:
                trial.close_house()
                trial.box.stop()
            (kept / f"deb-{suite}.md").write_text("\n".join(trial.lines) + "\n", "utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]).resolve(), Path(sys.argv[2]).resolve(), sys.argv[3:])
