"""The model's rooms: each name is found, and who needs little loads little (decision 0016)."""

import subprocess
import sys
from pathlib import Path

import pytest

from agent.core import model

ROOT = Path(__file__).parents[2]
LEAN = {"agent.core.model.measure", "agent.core.model.health"}


@pytest.mark.parametrize("name", model.__all__)
def test_every_name_is_found_in_its_room(name: str) -> None:
    found = getattr(model, name)
    assert getattr(found, "__module__", "agent.core.model.").startswith("agent.core.model.") or (
        found.__module__ == "types"  # a union of values
    )


def test_a_name_that_is_nowhere_is_missed_as_in_any_module() -> None:
    with pytest.raises(ImportError, match="cannot import name 'Pump'"):
        exec("from agent.core.model import Pump")  # noqa: S102 - the statement is the claim


@pytest.mark.parametrize("command", ["relay", "uplink"])
def test_processes_that_know_no_record_load_none(command: str) -> None:
    script = (
        f"import sys, agent.cli.{command}\n"
        "print(*(one for one in sys.modules if one.startswith('agent.core.model.')))"
    )
    ended = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert set(ended.stdout.split()) == LEAN
