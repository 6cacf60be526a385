"""A host that is not as it should be: a start that is refused says why, and leaves what stands.

What runs goes on: a second instance is sent away, and settings that were half written stop nobody.
"""

import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from agent.core.model import RelayMoved
from tests.shell.station.stand import Stand, assert_true, template
from tests.shell.station.test_refused_start import argv, run

CONFIGURATION, UNAVAILABLE, DATA, IO = 78, 69, 65, 74
Prepare = Callable[[Path, Path], None]


def in_the_way(name: str) -> Prepare:
    def prepare(folder: Path, _config: Path) -> None:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("a file where none should be" * 99, "utf-8")

    return prepare


def a_folder(name: str) -> Prepare:
    return lambda folder, _config: (folder / name).mkdir(parents=True)


def settings(change: Callable[[str], str]) -> Prepare:
    def prepare(_folder: Path, config: Path) -> None:
        config.write_text(change(config.read_text("utf-8")), "utf-8")

    return prepare


def nowhere_to_write(text: str) -> str:
    """/sys takes no folder, not even of root: as a card that went read-only."""
    return re.sub("^state_dir = .*$", 'state_dir = "/sys/wellkeeper"', text, flags=re.MULTILINE)


def half(text: str) -> str:
    return text[: len(text) // 2]


WORLDS: dict[str, tuple[str, Prepare, int, str]] = {
    "no state": ("control", in_the_way("state"), IO, "set station.state_dir to another"),
    "no run": ("control", in_the_way("run"), IO, "set station.run_dir to another"),
    "no run, relay": ("relay", in_the_way("run"), UNAVAILABLE, "set station.run_dir to another"),
    "read-only": ("control", settings(nowhere_to_write), IO, "see whether the card is read-only"),
    "folder": ("control", a_folder("state/journal.db"), IO, "journal.db"),
    "garbage": ("control", in_the_way("state/journal.db"), DATA, "restore a copy"),
    "key": ("control", in_the_way("state/station.key"), IO, "station.key"),
    "half": ("control", settings(half), CONFIGURATION, "in the middle"),
    "half, relay": ("relay", settings(half), CONFIGURATION, "in the middle"),
}


@pytest.mark.parametrize(("command", "prepare", "code", "words"), WORLDS.values(), ids=WORLDS)
def test_a_start_that_cannot_be_says_why_and_leaves_what_stands(
    folder: Path, command: str, prepare: Prepare, code: int, words: str
) -> None:
    config = template(folder, {})
    prepare(folder, config)
    before = standing_in(folder)
    ended = run(command, config)
    assert ended.returncode == code, ended.stderr
    assert words in ended.stderr
    heads = [line for line in ended.stderr.splitlines() if not line.startswith("  ")]
    assert len(heads) == 1, "one message"
    assert "Traceback" not in ended.stderr
    assert before.items() <= standing_in(folder).items()


def standing_in(folder: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_second_instance_and_half_written_settings_stop_no_pump(stand: Stand) -> None:
    stand.commission()
    stand.pump()
    for command, words in (("control", "process"), ("relay", "another wellkeeper relay")):
        second = subprocess.run(
            argv(command, stand.house.config),
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert second.returncode == UNAVAILABLE, second.stderr
        assert words in second.stderr
    whole = stand.house.config.read_text("utf-8")
    stand.house.config.write_text(whole[: len(whole) // 2], "utf-8")
    seen = stand.until(lambda now: now.state is not None)
    stand.until(lambda now: now.head > seen.head and now.pump.running)
    stand.house.config.write_text(whole, "utf-8")
    verdict = stand.verdict()
    assert_true(verdict)
    assert verdict.pump_drops == 0
    edges = [one.body.permitted for one in stand.judged if isinstance(one.body, RelayMoved)]
    assert edges == [True]
