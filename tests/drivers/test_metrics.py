"""The metrics as Prometheus itself reads them: every name, unit and value."""

import re
from pathlib import Path
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from agent.core.model import Quantity
from agent.ports import BusStanding
from agent.status import Around, Identity, Reported, UplinkPicture, picture
from drivers.metrics import MetricsFile, families, page
from tests.core.story import Story
from tests.core.test_health_record import HEALTH

OPERATIONS = Path(__file__).parents[2] / "docs" / "operations.md"
# https://prometheus.io/docs/practices/naming/ and what is counted here without a unit.
UNITS = ("_seconds", "_celsius", "_meters", "_ratio", "_watts", "_total", "_meters_per_second")
LABELS = {"station", "le", "quantile"}


@pytest.fixture(scope="module")
def live() -> dict[str, Any]:
    """A well that pumps, with every part that the picture can have."""
    story = Story().commission()
    story.start()
    story.after(30)
    outcome = story.outcomes[-1]
    link = UplinkPicture(3, parked=1, reported=Reported(connected=True))
    around = Around(
        head=(7, "ab"),
        journal_failing=None,
        relay_permitted=True,
        uplinks={"division": link},
        instruments={},
        buses=[BusStanding("meters", connected=True, opened=1, echoes=False, trouble="")],
        health=HEALTH,
    )
    identity = Identity("XJ14-0007", 'a "well"', "1.4.0", "9f1c")
    return picture(identity, outcome, around)


def read(text: str) -> dict[str, list[tuple[dict[str, str], float]]]:
    """By name, as Prometheus' own parser has it."""
    return {
        sample.name: [(one.labels, one.value) for one in family.samples if one.name == sample.name]
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def test_every_value_is_what_the_picture_says(live: dict[str, Any]) -> None:
    told = read(page(live, "XJ14-0007"))
    good = {one["quantity"]: one["value"] for one in live["readings"] if one["fault"] is None}

    def value(name: str) -> float:
        ((labels, number),) = told[f"wellkeeper_{name}"]
        assert labels["station"] == "XJ14-0007"
        return number

    assert value("permitted") == 1
    assert value("meter_cubic_meters_total") == good[Quantity.FORWARD_TOTAL_L] / 1000
    assert value("flow_cubic_meters_per_second") == pytest.approx(90 / 3600)
    assert value("meter_energy_joules_total") == good[Quantity.ENERGY_WH] * 3600
    assert value("remaining_cubic_meters") == live["balance"]["remaining_l"] / 1000
    assert value("cpu_temperature_celsius") == 51
    assert value("load_ratio") == 0.07
    assert value("disk_free_bytes") == 11_000_000_000
    assert value("modem_signal_ratio") == 0.67
    assert value("records_total") == 7
    assert told["wellkeeper_month_traffic_bytes"] == [
        ({"station": "XJ14-0007", "platform": "division", "month": "2026-07"}, 18_400_000)
    ]
    assert told["wellkeeper_bus_timeouts_total"][0][1] == 14
    assert [labels["kind"] for labels, _ in told["wellkeeper_ailment"]] == ["under_voltage"]
    assert {labels["process"]: n for labels, n in told["wellkeeper_process_starts_total"]} == {
        "control": 4,
        "relay": 2,
    }


def test_what_is_not_known_has_no_sample(live: dict[str, Any]) -> None:
    told = read(page({**live, "readings": [], "balance": None, "relay": "silent"}, "W"))
    for absent in ("meter_cubic_meters_total", "remaining_cubic_meters", "relay_permitted"):
        assert f"wellkeeper_{absent}" not in told
    assert "wellkeeper_battery_ratio" not in told
    assert "wellkeeper_cpu_temperature_celsius" not in read(page({**live, "health": None}, "W"))


def test_names_and_units_are_as_prometheus_prescribes(live: dict[str, Any]) -> None:
    for family in families(live):
        assert re.fullmatch(r"[a-z][a-z0-9_]*[a-z]", family.name)
        assert (family.kind == "counter") == family.name.endswith("_total"), family.name
        assert family.means.endswith(".")
        for labels, _ in family.samples:
            assert not set(labels) & LABELS, family.name
        if any(value != int(value) for _, value in family.samples):
            assert family.name.endswith(UNITS), family.name


def test_a_name_comes_once_with_its_help_and_type(live: dict[str, Any]) -> None:
    lines = page(live, "W").splitlines()
    helped = [line.split(" ")[2] for line in lines if line.startswith("# HELP ")]
    typed = [line.split(" ")[2] for line in lines if line.startswith("# TYPE ")]
    assert helped == typed
    assert len(set(helped)) == len(helped)
    assert {re.split(r"[{ ]", line)[0] for line in lines if line[0] != "#"} == set(helped)


@pytest.mark.parametrize("hostile", ['a"b', "a\\b", "a\nb", '{x="y"} 1', "井", "\\", '"'])
def test_no_text_of_a_site_breaks_the_page(live: dict[str, Any], hostile: str) -> None:
    told = read(page({**live, "version": hostile}, "W"))
    assert told["wellkeeper_info"][0][0]["version"] == hostile


def test_every_metric_is_documented(live: dict[str, Any]) -> None:
    written = OPERATIONS.read_text("utf-8")
    assert [one.name for one in families(live) if f"`{one.name}`" not in written] == []


def test_the_file_is_replaced_whole_and_anybody_may_read_it(
    tmp_path: Path, live: dict[str, Any]
) -> None:
    file = tmp_path / "metrics" / "wellkeeper.prom"
    writer = MetricsFile(file, "W")
    assert writer.write(live) == ""
    first = file.stat()
    assert (first.st_mode & 0o777, file.parent.stat().st_mode & 0o777) == (0o644, 0o755)
    assert writer.write({**live, "permitted": False}) == ""
    assert file.stat().st_ino != first.st_ino
    assert read(file.read_text("utf-8"))["wellkeeper_permitted"][0][1] == 0
    assert [one.name for one in file.parent.iterdir()] == [file.name]


def test_a_folder_that_cannot_be_written_is_said_and_harms_nothing(
    tmp_path: Path, live: dict[str, Any]
) -> None:
    (tmp_path / "metrics").write_text("a file where a folder should be")
    file = tmp_path / "metrics" / "wellkeeper.prom"
    assert str(file) in MetricsFile(file, "W").write(live)
