"""Room rule: writes docs/security-rights.md: who may order what, from the table that decides it.

Run it after a change to a right: `python docs/rights.py`. A test compares what it would write.
"""

from pathlib import Path

from agent.core.model import Capability, Origin, Rank
from agent.core.rights import RIGHTS
from agent.settings.declarations import Platform
from agent.words import say

FILE = Path(__file__).with_name("security-rights.md")
HEAD = """\
# Who may order what

Written by `docs/rights.py` from the table that decides it (`agent/core/rights.py`); what is not in
it nobody may. Root on this host may order everything, and it is recorded. A person at a console
needs the rank or a higher one. A platform needs the right by name in the station's settings
(`[[platform]] may`); without that line it has {usual}. A platform's order counts by its signature,
through whichever door it comes, and no rank of a person who pastes it adds to it.

| order | | {ranks} | platform with | root |
|---|---|{lines}---|---|
"""


def page() -> str:
    """The whole text."""
    ranks = list(Rank)
    usual = Platform.__dataclass_fields__["may"].default
    head = HEAD.format(
        usual=" and ".join(f"`{one}`" for one in usual),
        ranks=" | ".join(ranks),
        lines="---|" * len(ranks),
    )
    rows = []
    for order, right in RIGHTS.items():
        allowed = [
            "yes" if right.rank is not None and ranks.index(one) >= ranks.index(right.rank) else "-"
            for one in ranks
        ]
        platform = "-" if right.capability is None else f"`{right.capability}`"
        name = order.__name__
        cells = [name, say(f"order.{name}", "en"), *allowed, platform, "yes"]
        rows.append(f"| {' | '.join(cells)} |\n")
    return head + "".join(rows) + _foot()


def _foot() -> str:
    names = ", ".join(f"`{one}`" for one in Capability)
    doors = ", ".join(Origin)
    return f"\nDoors: {doors}. Rights of a platform: {names}.\n"


if __name__ == "__main__":
    FILE.write_text(page(), "utf-8")
    print(FILE)
