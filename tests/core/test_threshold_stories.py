"""Room rule: which thresholds may be set at a station, how far, and what they move, as stories."""

from dataclasses import replace

import pytest

from agent.core.model import ConditionKind, Refused, SetThresholdOrder, ThresholdSet
from agent.core.thresholds import THRESHOLDS, differing
from agent.settings import declarations, options
from tests.core.signed import commissioned, restarted


def threshold(name: str, value: int) -> SetThresholdOrder:
    return SetThresholdOrder(name, value, "notice 4")


def test_a_threshold_moves_its_condition_until_the_settings_value_is_set_again() -> None:
    story = commissioned()
    story.site = replace(story.site, limits=replace(story.site.limits, over_current_ma=0))
    assert story.hand_in(story.signed(threshold("warn_remaining_m3", 200))) == ["accepted"]
    assert story.of(ThresholdSet)[-1].was == 0
    story.after(2)
    assert ConditionKind.REMAINING_LOW in story.conditions
    restarted(story)
    story.after(2)
    assert ConditionKind.REMAINING_LOW in story.conditions
    ((set_, said),) = differing(story.site, story.state.thresholds)
    assert (set_.name, set_.value, set_.author, said) == ("warn_remaining_m3", 200, "province", 0)
    assert story.hand_in(story.signed(threshold("warn_remaining_m3", 0))) == ["accepted"]
    story.after(2)
    assert ConditionKind.REMAINING_LOW not in story.conditions
    assert differing(story.site, story.state.thresholds) == ()


@pytest.mark.parametrize("name", THRESHOLDS)
def test_a_threshold_has_the_bounds_of_its_option(name: str) -> None:
    story = commissioned()
    story.site = replace(story.site, limits=replace(story.site.limits, probe_depth_mm=10**6 + 1))
    bound = THRESHOLDS[name]
    hint = declarations.Interlock.__annotations__[name]
    (option,) = set(_bounds(hint))
    assert (option.low, option.high) == (bound.low, bound.high)
    for value, said in (
        (bound.low, "accepted"),
        (bound.high, "accepted"),
        (bound.low - 1, Refused.THRESHOLD_RANGE),
        (bound.high + 1, Refused.THRESHOLD_RANGE),
    ):
        assert story.hand_in(story.signed(threshold(name, value))) == [said]
    after = THRESHOLDS[name].put(story.site, bound.high)
    assert bound.read(after) == bound.high


def _bounds(hint: object) -> list[options.Between]:
    found = [one for one in getattr(hint, "__metadata__", ()) if hasattr(one, "low")]
    for part in getattr(hint, "__args__", ()):
        found += _bounds(part)
    return found


def test_a_level_below_the_probe_is_no_threshold_and_neither_is_any_other_name() -> None:
    story = commissioned()
    story.site = replace(story.site, limits=replace(story.site.limits, probe_depth_mm=40_000))
    assert story.hand_in(
        story.signed(threshold("dry_level_mm", 40_000)),
        story.signed(threshold("dry_level_mm", 39_999)),
        story.signed(threshold("flow_meter_cut_min", 60)),
        story.signed(SetThresholdOrder("creep_l", 50, " ")),
    ) == [
        Refused.THRESHOLD_RANGE,
        "accepted",
        Refused.THRESHOLD_UNKNOWN,
        Refused.DOCUMENT_MISSING,
    ]
