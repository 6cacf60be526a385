"""Rooms of model and ports: each name is found; who needs little loads little (decision 0016)."""

import subprocess
import sys
from pathlib import Path

import pytest

from agent import ports
from agent.core import model

ROOT = Path(__file__).parents[2]
LEAN = {
    "relay": {"agent.core.model.measure", "agent.ports.host", "agent.ports.relay"},
    "uplink": {"agent.core.model.measure", "agent.ports.host", "agent.ports.uplinks"},
}


@pytest.mark.parametrize("name", model.__all__)
def test_every_name_is_found_in_its_room(name: str) -> None:
    found = getattr(model, name)
    assert getattr(found, "__module__", "agent.core.model.").startswith("agent.core.model.") or (
        found.__module__ == "types"  # a union of values
    )


@pytest.mark.parametrize("name", ports.__all__)
def test_every_port_is_found_in_its_room(name: str) -> None:
    found = getattr(ports, name)
    assert getattr(found, "__module__", "agent.ports.").startswith("agent.ports.") or (
        found.__module__ == "types"
    )


@pytest.mark.parametrize("package", ["agent.core.model", "agent.ports"])
def test_a_name_that_is_nowhere_is_missed_as_in_any_module(package: str) -> None:
    with pytest.raises(ImportError, match="cannot import name 'Pump'"):
        exec(f"from {package} import Pump")  # noqa: S102 - the statement is the claim


@pytest.mark.parametrize("command", ["relay", "uplink"])
def test_a_process_loads_no_room_that_it_does_not_name(command: str) -> None:
    script = (
        f"import sys, agent.cli.{command}\n"
        "print(*(one for one in sys.modules "
        "if one.startswith(('agent.core.model.', 'agent.ports.'))))"
    )
    ended = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert set(ended.stdout.split()) == LEAN[command]
