"""What the demo shows: each line exactly, and nothing that moves where nobody looks."""

import io
from collections.abc import Sequence
from dataclasses import replace

import pytest

from agent.demo import picture
from agent.demo.picture import Screen
from agent.demo.sight import Sight
from agent.demo.verdict import Claim, Line, Verdict
from tests.shell.demo.sights import REST, condition, sight, state

BALANCE = {"year": 2026, "allocated_l": 2_600, "withdrawn_l": 2_340, "remaining_l": 260}
RUNNING = replace(
    REST, running=True, permitted=True, flow_l_per_h=79_840.0, power_w=15_930.0, level_mm=34_210.0
)
SIGHT = sight(
    state(balance=BALANCE, conditions=[condition("allocation_low", 90)]), RUNNING, b_there=False
)

ENGLISH = [
    "",
    "  Annual allocation  " + "█" * 36 + "░" * 4 + " 90 %  2.340 m³ / 2.600 m³",
    "  Flow rate 79.8 m³/h   Power 15.9 kW   Water level 34.21 m",
    "  Pump running   Relay permitted",
    "  Conditions Allocation running low 90 %",
    "  Platform a   Delivered 7   Waiting 0   connected",
    "  Platform b   Delivered 3   Waiting 4   away",
]
CHINESE = [
    "",
    "  年度取水计划指标  " + "█" * 36 + "░" * 4 + " 90 %  2.340 m³ / 2.600 m³",
    "  瞬时流量 79.8 m³/h   有功功率 15.9 kW   埋深 34.21 m",
    "  水泵 运行   继电器 允许取水",
    "  异常 用水预警 90 %",
    "  平台 a   已送达 7   待发 0   已连接",
    "  平台 b   已送达 3   待发 4   已断开",
]


@pytest.mark.parametrize(("language", "lines"), [("en", ENGLISH), ("zh", CHINESE)])
def test_the_picture_says_everything_in_each_language(language: str, lines: Sequence[str]) -> None:
    assert picture.picture(SIGHT, language) == lines


@pytest.mark.parametrize(
    ("seen", "account", "conditions"),
    [
        (sight(None), "░" * 40, "control does not answer"),
        (sight(state()), "░" * 40, "none"),
        (
            sight(state(balance={**BALANCE, "withdrawn_l": 2_700})),
            "█" * 40 + " 104 %  2.700 m³ / 2.600 m³",
            "none",
        ),
    ],
)
def test_what_is_not_known_is_not_made_up(seen: Sight, account: str, conditions: str) -> None:
    lines = picture.picture(seen, "en")
    assert lines[1] == f"  Annual allocation  {account}"
    assert lines[4] == f"  Conditions {conditions}"


def test_without_a_terminal_there_are_only_the_told_lines() -> None:
    stream = io.StringIO()
    screen = Screen(stream, live=False)
    screen.draw(["moving"])
    screen.tell("told")
    screen.draw(["moving"])
    assert stream.getvalue() == "told\n"


def test_on_a_terminal_the_picture_is_replaced_and_told_lines_stay_above_it() -> None:
    stream = io.StringIO()
    screen = Screen(stream, live=True)
    screen.draw(["one", "two"])
    screen.tell("told")
    screen.draw(["three"])
    screen.leave()
    screen.tell("the end")
    assert stream.getvalue() == "one\ntwo\n\x1b[2A\r\x1b[Jtold\nthree\nthe end\n"


def test_no_line_is_wider_than_the_terminal() -> None:
    """A line that wraps would be redrawn in the wrong place."""
    stream = io.StringIO()
    Screen(stream, live=True, columns=20).draw(["年度取水计划指标 ░░░░░░░░"])
    assert stream.getvalue() == "年度取水计划指标 ░░\n"


def test_the_table_shows_each_claim_with_its_figures_and_what_is_false_stands_out() -> None:
    verdict = Verdict(
        allocated_l=2_600,
        withdrawn_l=2_590,
        withdrawn_at_cut_l=2_548,
        overshoot_l=-13,
        chain_ok=True,
        records=44,
        pump_drops=1,
        platforms=(),
        lines=(
            Line(Claim.CHAIN, {"records": 44}, holds=True),
            Line(Claim.WARNED, {"levels": [80, 90]}, holds=False),
        ),
    )
    assert picture.table(verdict, "en") == [
        "",
        "Verdict",
        "  true    44 records, the hash chain is whole",
        "  FALSE   warnings before the cut: 80, 90 %",
    ]
