"""A real station tells of its own body: in its journal, to both platforms, on a page of metrics."""

import json
from pathlib import Path
from typing import Any

import jsonschema
from prometheus_client.parser import text_string_to_metric_families

from agent.cli.health import health_lines
from agent.core.model import Health
from tests.shell.station.stand import Stand, assert_true

STATUS = Path(__file__).parents[3] / "docs" / "schema" / "status.json"


def test_a_station_says_how_it_is_itself(stand: Stand) -> None:
    stand.commission()
    looked = stand.until(lambda now: len(starts(now.state)) == 4)
    assert looked.state is not None
    jsonschema.Draft7Validator(json.loads(STATUS.read_text("utf-8"))).validate(looked.state)
    health = health_of(looked.state)
    assert health["host"]["disk_free_bytes"] > 0
    assert health["host"]["memory_available_bytes"] > 0
    assert {one["instrument"] for one in health["instruments"]} >= {"flow_meter", "power_meter"}
    for language in ("zh", "en"):
        assert len(health_lines(health, language)) >= 2
    stand.kill("uplink a")
    stand.kill("control")
    again = stand.until(lambda now: starts(now.state).get("uplink@a", 0) == 2)
    # Control and one uplink were started twice; the relay process never noticed.
    assert starts(again.state) == {"control": 2, "relay": 1, "uplink@a": 2, "uplink@b": 1}
    page = stand.house.folder / "run" / "metrics" / "wellkeeper.prom"
    metrics = {one.name for one in text_string_to_metric_families(page.read_text("utf-8"))}
    assert {"wellkeeper_permitted", "wellkeeper_disk_free_bytes"} <= metrics
    assert_true(stand.verdict())
    told = [one.body for one in stand.judged if isinstance(one.body, Health)]
    assert len(told) >= 2, "each control writes one when it starts"


def health_of(state: Any) -> dict[str, Any]:
    """Empty before the first look."""
    return (state or {}).get("health") or {}


def starts(state: Any) -> dict[str, int]:
    return {one["name"]: one["starts"] for one in health_of(state).get("processes", ())}
