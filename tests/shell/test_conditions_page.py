"""The condition table in docs/ is the one in the code."""

from pathlib import Path

import pytest

from agent.cli.conditions import ARROWS, FILES, document
from agent.cli.house import house_of
from agent.core.interlock import Present, Standing, acknowledge, assess
from agent.core.model import ConditionKind, Latched, Moment
from agent.core.rules import RULES
from agent.core.terms import Facts
from agent.settings import load

WELDED = ConditionKind.RUNNING_WHILE_CUT
AFTER_CUT_MS = 10_000
NOW = Moment(1_780_000_000_000, 42_000, "boot", trusted=True)
ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "config" / "station.example.toml"


@pytest.mark.parametrize("language", FILES)
def test_the_page_is_what_the_code_prints(language: str) -> None:
    """If not: wellkeeper conditions --config config/station.example.toml --write docs"""
    site = house_of(load(EXAMPLE), EXAMPLE).site
    page = document(site, language)
    assert page == (ROOT / "docs" / FILES[language]).read_text(encoding="utf-8")
    assert all(f"`{kind}`" in page for kind in ConditionKind)


def test_what_can_be_acknowledged_is_what_latches_until_it_is() -> None:
    latching = {rule.kind for rule in RULES if rule.ends in ("acknowledged", "proven", "third")}
    assert latching == {ConditionKind(one) for one in Latched}


def test_the_arrows_of_the_picture_are_what_the_interlock_does() -> None:
    """Whatever a contactor that does not open shows in three scans, from whatever state."""
    site = house_of(load(EXAMPLE), EXAMPLE).site
    (rule,) = (one for one in RULES if one.kind is WELDED)

    def after(standing: Standing, shows: bool | None) -> Standing:  # noqa: FBT001
        facts = Facts(power_while_cut=shows, flow_while_cut=False)
        return assess((rule,), standing, Present(facts, NOW, AFTER_CUT_MS // 2, site))

    seen, known = set(), [Standing()]
    for _ in range(5):
        found = []
        for standing in known:
            followers = [after(standing, shows) for shows in (True, False, None)]
            if state_of(standing) == "latched":  # nothing else can be acknowledged
                followers.append(acknowledge(RULES, standing, WELDED, site))
            seen |= {(state_of(standing), state_of(one)) for one in followers}
            found += [one for one in followers if one not in known]
        known += found
    drawn = {(start, end) for start, end, _ in ARROWS if start != "[*]"}
    assert seen == drawn | {("healthy", "healthy")}


def state_of(standing: Standing) -> str:
    if any(one.latched for one in standing.conditions):
        return "latched"
    return "timing" if standing.watches else "healthy"
