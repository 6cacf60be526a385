"""What the console lends from the drivers takes its memory away again."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from agent.cli.apart import Ask, apart
from agent.cli.bench import Bench
from agent.settings import load

DEMO = Path(__file__).parents[3] / "config" / "demo.toml"


def children() -> str:
    pid = os.getpid()
    return Path(f"/proc/{pid}/task/{pid}/children").read_text("ascii").strip()


def test_lines_come_and_questions_are_answered_and_nothing_stays() -> None:
    before = set(sys.modules)
    answers: list[Any] = []

    def work(ask: Ask) -> Iterator[str]:
        import this  # noqa: F401 - something that nobody else loads

        yield "水"
        yield f"{ask({'unit': 3})}"

    def answer(fields: dict[str, Any]) -> Any:
        answers.append(fields)
        return [1, "two"]

    assert list(apart(work, answer)) == ["水", "[1, 'two']"]
    assert answers == [{"unit": 3}]
    assert "this" not in set(sys.modules) - before


def test_whoever_has_enough_ends_it() -> None:
    ours = children()

    def work(ask: Ask) -> Iterator[str]:
        while True:
            yield str(ask({}))

    def refuse(_: dict[str, Any]) -> Any:
        raise InterruptedError

    with pytest.raises(InterruptedError):
        list(apart(work, refuse))
    endless = apart(work, len)
    assert next(endless) == "0"
    endless.close()
    assert children() == ours


def test_a_work_that_fails_is_our_fault_and_leaves_its_traceback(
    capfd: pytest.CaptureFixture[str],
) -> None:
    def work(_: Ask) -> Iterator[str]:
        yield "one"
        raise ZeroDivisionError

    with pytest.raises(AssertionError, match="ended before its end"):
        list(apart(work))
    assert "ZeroDivisionError" in capfd.readouterr().err


def test_the_settings_are_checked_and_registers_shown_elsewhere(tmp_path: Path) -> None:
    file = tmp_path / "station.toml"
    file.write_text(DEMO.read_text("utf-8").replace("unit = 1", "unit = 999"), "utf-8")
    bench = Bench(load(DEMO), file)
    assert any("999" in line for line in bench.check("en"))
    assert any("0x0102" in line or "0102" in line for line in bench.views(0, [0x0102]))


def test_a_profile_that_nobody_knows_hides_behind_no_other_mistake(tmp_path: Path) -> None:
    text = DEMO.read_text("utf-8").replace("tuf2000", "tuf200")
    file = tmp_path / "station.toml"
    file.write_text(text.replace("baud = 9600", "baud = 960"), "utf-8")
    told = Bench(load(DEMO), file).check("zh")
    assert "有 2 处错误" in told[0]
    assert "没有名为“tuf200”的仪表配置" in told[2]


def test_a_profile_of_the_site_that_is_wrong_is_said_in_the_language_of_who_asks(
    tmp_path: Path,
) -> None:
    file = tmp_path / "station.toml"
    file.write_text(DEMO.read_text("utf-8").replace("tuf2000", "mine"), "utf-8")
    (tmp_path / "profiles").mkdir()
    (tmp_path / "profiles" / "mine.toml").write_text("name = 1", "utf-8")
    told = Bench(load(file), file).check("zh")
    assert told[0].startswith("仪表配置文件（profiles/*.toml）有误")
