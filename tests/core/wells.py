"""Room rule: wells in the situations that stories of several rooms begin with. Claims nothing."""

from dataclasses import replace

from agent.core.model import ConditionKind, OpenYear, Quantity, RelayMoved, Site
from tests.core.story import MINUTE, SITE, Story, plan, utc_ms

# --- a pump that runs ----------------------------------------------------------------------------


def pumping(allocated_l: int = 1_000_000) -> Story:
    """A commissioned well whose pump has run for a minute."""
    story = Story().commission(allocated_l).after(2)
    story.start()
    return story.after(60)


def moves(story: Story) -> list[tuple[bool, bool]]:
    """Each edge of the relay: permitted, lapsed."""
    return [(one.permitted, one.lapsed) for one in story.of(RelayMoved)]


# --- three phases and a probe --------------------------------------------------------------------

VOLTS = (Quantity.VOLTAGE_1_MV, Quantity.VOLTAGE_2_MV, Quantity.VOLTAGE_3_MV)
AMPERES = (Quantity.CURRENT_1_MA, Quantity.CURRENT_2_MA, Quantity.CURRENT_3_MA)
LIMITS = replace(SITE.limits, over_current_ma=80_000, dry_level_mm=60_000, probe_depth_mm=100_000)


def protected(*cuts: ConditionKind, site: Site = SITE) -> Story:
    """A commissioned well with three phases and a level probe; `cuts` are those that cut."""
    story = Story(site=replace(site, limits=replace(LIMITS, cuts=cuts)))
    story.beside = (
        dict.fromkeys(VOLTS, 225_000) | dict.fromkeys(AMPERES, 50_000) | {Quantity.LEVEL_MM: 35_000}
    )
    return story.commission().after(2)


def protected_pumping(*cuts: ConditionKind) -> Story:
    story = protected(*cuts)
    story.start()
    return story.after(60)


# --- the end of a year ---------------------------------------------------------------------------

MIDNIGHT = utc_ms(2027, 1, 1)


def december(before_ms: int = 5 * MINUTE, *, pumping: bool = True) -> Story:
    """A well shortly before local midnight, with next year's plan entered."""
    story = Story(begins_utc_ms=MIDNIGHT - before_ms).commission()
    assert story.order(plan(2_000_000, 2027)) is None
    story.after(2)
    if pumping:
        story.start()
    return story


def years(story: Story) -> list[int]:
    """Those that were opened."""
    return [one.year for one in story.of(OpenYear)]


def true_ms(story: Story) -> int:
    return story.begins_utc_ms + story.now_ms
