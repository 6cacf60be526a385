"""What the host's log hears of a well's life: one fact a line, in words and in fields."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from agent import words
from agent.core.model import (
    Ailment,
    AilmentKind,
    Body,
    EpochBegan,
    Gap,
    Grade,
    Health,
    HostHealth,
    Lapse,
    Refusal,
    Refused,
    RelayMoved,
    Sample,
    Started,
    TurnedAway,
)
from agent.log import (
    ERROR,
    INFORMATION,
    NOTICE,
    WARNING,
    Line,
    archives_line,
    lines,
    link_line,
)
from tests.core.story import Story, plan

ROOT = Path(__file__).parents[2]


def told(language: str) -> list[Line]:
    """A year that gets its water, uses it up, and is cut."""
    story = Story().commission(2_000)
    story.start()
    story.after(120)
    return list(lines([one for outcome in story.outcomes for one in outcome.bodies], language))


@pytest.mark.parametrize("language", words.LANGUAGES)
def test_edges_conditions_and_orders_are_told_and_samples_are_not(language: str) -> None:
    log = told(language)
    facts = {line.facts["fact"] for line in log}
    assert facts == {"relay_moved", "condition_changed", "verdict"}
    assert all(line.words and "\n" not in line.words for line in log)
    cut = [line for line in log if line.facts.get("permitted") == "0"][-1]
    assert cut.facts["reasons"] == "allocation_exhausted"
    raised = [line for line in log if line.facts.get("condition") == "allocation_exhausted"]
    assert [line.priority for line in raised] == [WARNING]
    assert not list(
        lines([Sample(1, 1, 1, 1, 1, permitted=True, allocated_l=1, withdrawn_l=1)], language)
    )


@pytest.mark.parametrize("language", words.LANGUAGES)
def test_every_other_fact(language: str) -> None:
    ails = (Ailment(AilmentKind.BUS_POOR, Grade.ALARM, "flow_meter"),)
    bodies: list[Body] = [
        Started("1.4", "boot", relay_permitted=False),
        RelayMoved(permitted=False, lapsed=True, reasons=(), withdrawn_l=1, remaining_l=2),
        RelayMoved(False, True, (), 1, 2, Lapse.CONTROL),
        RelayMoved(False, True, (), 1, 2, Lapse.RELAY),
        RelayMoved(False, True, (), 1, 2, Lapse.POWER),
        Gap(7, 1, 2, "the disk"),
        EpochBegan("aa", 5, "bb", 9, "division", 0),
        Health("1", "b", 0, HostHealth(), ailments=ails),
    ]
    log = list(lines(bodies, language))
    priorities = [INFORMATION, ERROR, ERROR, ERROR, NOTICE, ERROR, WARNING, ERROR]
    assert "wellkeeper-relay" in log[3].words
    assert log[1].words == log[2].words != log[4].words
    assert [line.priority for line in log] == priorities
    assert "flow_meter" in log[-1].words
    up = link_line("division", connected=True, why="", language=language)
    down = link_line("division", connected=False, why="no route", language=language)
    assert "division" in up.words
    assert "no route" in down.words
    assert (up.priority, down.priority) == (INFORMATION, WARNING)


@pytest.mark.parametrize("language", words.LANGUAGES)
def test_numbers_that_begin_again_are_one_fact_whoever_noticed(language: str) -> None:
    platform, copy = lines(
        [EpochBegan("aa", 5, "bb", 9, "division", 0), EpochBegan("aa", 5, "bb", 5, "", 0)], language
    )
    assert {platform.facts["fact"], copy.facts["fact"]} == {"epoch_began"}
    assert platform.words != copy.words


@pytest.mark.parametrize("language", words.LANGUAGES)
def test_a_copy_that_may_not_count_anew_names_the_folder(language: str) -> None:
    line = archives_line(Path("/var/lib/wellkeeper"), 5, language)
    assert line.priority == ERROR
    assert "/var/lib/wellkeeper" in line.words


def test_a_refused_order_says_why() -> None:
    story = Story().commission()
    assert story.order(plan(0)) is not None
    bodies = [body for outcome in story.outcomes for body in outcome.bodies]
    refused, *_ = [line for line in lines(bodies, "en") if line.facts.get("refusal")]
    assert refused.priority == WARNING
    assert refused.words.startswith("Order refused: ")


@pytest.mark.parametrize("heard", [True, False])
def test_an_error_at_the_start_has_its_priority_where_systemd_reads_it(
    tmp_path: Path, *, heard: bool
) -> None:
    with (tmp_path / "errors").open("w+") as errors:
        status = os.fstat(errors.fileno())
        stream = f"{status.st_dev}:{status.st_ino}" if heard else "1:1"
        subprocess.run(
            [sys.executable, "-m", "agent.cli", "relay", "--config", str(tmp_path / "none.toml")],
            env={**os.environ, "JOURNAL_STREAM": stream},
            cwd=ROOT,
            stderr=errors,
            check=False,
        )
        errors.seek(0)
        said = errors.read().splitlines()
    assert said
    assert all(line.startswith("<3>") is heard for line in said)


@pytest.mark.parametrize("language", words.LANGUAGES)
def test_a_command_that_nobody_signed_is_a_line_and_no_end_of_control(language: str) -> None:
    """It has no order: the door refused it before there was one to judge."""
    story = Story().commission()
    story.turned_away = (TurnedAway("division", "", Refusal(Refused.UNSIGNED, "nobody")),)
    (line,) = lines(story.look().bodies, language)
    assert line.priority == WARNING
    assert "division" in line.words
    assert (line.facts["order"], line.facts["refusal"]) == ("", "unsigned")
