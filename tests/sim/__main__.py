"""Room rule: the command line of the years: `python -m tests.sim SEED`. Simulates nothing itself.

A seed is repeated as it was: the same well, the same deeds, the same second of each.
"""

import argparse
import sys
from collections import Counter

from tests.core.story import DAY
from tests.sim.deeds import fill
from tests.sim.recovery import recover
from tests.sim.tally import table, told
from tests.sim.year import Year


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.sim", description="repeat years")
    parser.add_argument("seeds", type=int, nargs="+", metavar="SEED")
    parser.add_argument("--days", type=int, default=365)
    parser.add_argument("--density", type=int, default=1, help="so many times as much happens")
    options = parser.parse_args(arguments)
    years, refused = [], Counter[str]()
    for seed in options.seeds:
        year = Year(seed, options.days * DAY, options.density).run(fill, recover)
        print(f"seed {seed}: {year.scans:,} scans, {sum(year.injected.values())} deeds", flush=True)
        years.append(told(year))
        refused.update(year.refused)
    print("\n".join(table(years)))
    print("refused: " + ", ".join(f"{name} {many}" for name, many in sorted(refused.items())))
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
