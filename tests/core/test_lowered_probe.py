"""A dry level that was set on the station, and a probe that hangs higher since."""

from dataclasses import replace

import pytest

from agent.core.model import ConditionKind, Limits, Quantity
from agent.core.thresholds import Threshold, differing, overlaid
from tests.core.story import SITE
from tests.core.wells import protected

K = ConditionKind
SET = Threshold("dry_level_mm", 80_000, "no. 7", "li")


@pytest.mark.parametrize(("depth_mm", "dry_mm"), [(80_001, 80_000), (80_000, 60_000), (0, 60_000)])
def test_a_dry_level_counts_while_the_probe_can_see_it(*, depth_mm: int, dry_mm: int) -> None:
    """Else the settings' own, which is checked against the probe at each start."""
    limits = Limits(dry_level_mm=60_000, probe_depth_mm=depth_mm)
    site = replace(SITE, limits=limits)
    assert overlaid(site, (SET,)).limits.dry_level_mm == dry_mm
    assert differing(site, (SET,)) == (((SET, 60_000),) if dry_mm == SET.value else ())


def test_a_probe_that_was_raised_still_protects_the_pump() -> None:
    story = protected(K.DRY_WELL)
    story.state = replace(story.state, thresholds=(SET,))
    story.beside[Quantity.LEVEL_MM] = 62_000
    story.after(300)
    assert story.permitted, "80 m was set"
    raised = replace(story.site.limits, probe_depth_mm=70_000)
    story.site = replace(story.site, limits=raised)
    story.after(60)
    assert story.reasons[0] is K.DRY_WELL
