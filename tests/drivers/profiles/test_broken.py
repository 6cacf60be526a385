"""Broken profiles: each is refused with file, row and reason, also by `wellkeeper check`."""

import json
import shutil
import tomllib
from decimal import Decimal
from pathlib import Path
from typing import NamedTuple

import pytest

from agent.cli import CONFIGURATION, main
from drivers import profile_file
from drivers.profile_file import ProfileError
from drivers.shelf import OWN_FOLDER
from tests.drivers.profiles.schema import faults

SCHEMA = json.loads((OWN_FOLDER / "profile.schema.json").read_text(encoding="utf-8"))
DEMO = Path(__file__).parents[3] / "config" / "demo.toml"


class Broken(NamedTuple):
    """A line of one of our profiles, what it is made into, the row and the reason that are told."""

    name: str
    old: str
    new: str
    row: str
    reason: str


# What an editor with the schema says, too: wrong functions, types, units, bounds, unknown keys.
SHAPE = [
    Broken("lmag", "function = 4", "function = 6", "readable 1", "function must be a whole"),
    Broken("lmag", "function = 4", "function = 16", "readable 1", "from 3 to 4, not 16"),
    Broken(
        "dtsu666", 'unit = "W"', 'unit = "W"\nfunction = 5', "quantity power_w", "function must"
    ),
    Broken(
        "sdm120", 'form = "number"', 'form = "number"\nfunction = 6', "serial", "function must be"
    ),
    Broken(
        "em24", 'unit = "kWh"', 'unit = "m3"', "quantity energy_wh", "unit must be one of Wh, kWh"
    ),
    Broken("em24", "below = 0x7FFF0000", "below = 0", "part 1", "below must be a number from"),
    Broken("lmag", 'type = "u32"', 'type = "u48"', "probe 1", "type must be one of u16"),
    Broken("b23", 'type = "u64", word', 'type = "u64", x', "part 1", "word_order must be one of"),
    Broken(
        "pm5110",
        'name = "energy_wh"',
        'name = "flow_l_per_h"',
        "quantity flow_l_per_h",
        "name must be one of power_w, energy_wh",
    ),
    Broken("tuf2000", "bits = [3]", "bits = [16]", "guard pipe", "a bit must be a whole number"),
    Broken("xintai", "equals = [0x00AA]", "equals = []", "guard pipe", "equals has nothing"),
    Broken(
        "lmag",
        "one_of = [0, 1]\n",
        "one_of = []\n",
        "probe 4",
        "one_of is empty, so it would never hold",
    ),
    Broken("tuf2000", "unit_id = true", "unit_id = false", "probe 1", "unit_id is true, or it is"),
    Broken(
        "s462", "count = 4", "count = 17", "serial", "count must be a whole number from 1 to 16"
    ),
    Broken(
        "aquamaster3",
        "after_ms = 10_000",
        "after_ms = 10",
        "wake",
        "after_ms must be a whole number from 1000",
    ),
    Broken("imag", 'doubts = "', 'title2 = "', "", "title2 is not known here"),
    Broken(
        "orwe516",
        'name = "energy_wh"',
        'name = "power_w"\n# energy_wh',
        "quantity power_w",
        "unit must be one of W, kW",
    ),
    Broken("lmag", "pause_ms = 20", "pause_ms = 20\npause = 20", "", "pause is not known here"),
    Broken("lmag", "baud = 9600", "baud = 9600\nspeed = 1", "line", "speed is not known here"),
    Broken(
        "lmag",
        "resolution = 1\n",
        "resolution = 1\ncolour = 2\n",
        "quantity forward_total_l",
        "colour is not known here",
    ),
    Broken(
        "em24",
        "below = 0x7FFF0000 }",
        "below = 0x7FFF0000, above = 1 }",
        "part 1",
        "above is not known here",
    ),
    Broken("em24", "one_of = [70", "any_of = [70", "probe 1", "any_of is not known here"),
]

# What only the loader sees: rows that overlap, or that cannot be.
MEANING = [
    Broken(
        "lmag",
        "address = 0x101A, type",
        "address = 0x1019, type",
        "",
        "the values at 4120 and 4121 share a register",
    ),
    Broken(
        "promag",
        "address = 2008, type",
        "address = 2612, type",
        "",
        "the values at 2611 and 2612 share a register",
    ),
    Broken(
        "lmag",
        "address = 0x1024\nequals",
        "address = 0x1011\nequals",
        "guard pipe",
        "stands at 4113, inside the value at 4112",
    ),
    Broken(
        "dtsu666",
        "address = 0x0006\nsource",
        "address = 0x2013\nsource",
        "factor current_ratio",
        "stands at 8211, inside the value at 8210",
    ),
    Broken(
        "lmag",
        "registers_max = 22",
        "registers_max = 3",
        "quantity forward_total_l",
        "spans 4 registers; the instrument reads 3 at once",
    ),
    Broken(
        "mag6000",
        "address = 3014, type",
        "address = 3041, type",
        "quantity forward_total_l",
        "no [[readable]] lists function 3 register 3041 to 3044",
    ),
    Broken(
        "qdy30a",
        "range = [0, 500_000]",
        "range = [500_000, 0]",
        "quantity level_mm",
        "range's high end must be a whole number from 500000",
    ),
    Broken(
        "xintai",
        "equals = [0x00AA]",
        "mask = 0x000F\nequals = [0x00AA]",
        "guard pipe",
        "equals has nothing that fits mask 0x000f",
    ),
    Broken("em340", "[330, 349]", "[349, 330]", "probe 1", "between must be [low, high]"),
    Broken(
        "em340",
        "[330, 349]",
        "[0, 349]",
        "",
        "no [[probe]] tells it from an instrument that answers every register with 0",
    ),
    Broken("tuf2000", '14 = "timer', '0x3 = "timer', "status errors", "code 0x3 stands twice"),
    Broken("tuf2000", '14 = "timer', '16 = "timer', "status errors", "bit 16 must be a whole"),
]


def broken(folder: Path, name: str, old: str, new: str) -> Path:
    text = (OWN_FOLDER / f"{name}.toml").read_text()
    assert old in text, "the corpus fits our profiles"
    path = folder / f"{name}.toml"
    path.write_text(text.replace(old, new, 1))
    return path


@pytest.mark.parametrize(
    "case", SHAPE + MEANING, ids=lambda case: f"{case.name}: {case.reason[:40]}"
)
def test_a_broken_profile_is_refused_with_file_row_and_reason(tmp_path: Path, case: Broken) -> None:
    path = broken(tmp_path, case.name, case.old, case.new)
    with pytest.raises(ProfileError) as refused:
        profile_file.load(path)
    told = [one for one in refused.value.problems if case.row in one and case.reason in one]
    assert told, refused.value.problems
    assert all(one.startswith(f"{path}: ") for one in told)
    if case in SHAPE:
        assert next(faults(SCHEMA, tomllib.loads(path.read_text(), parse_float=Decimal)), None)


def station(folder: Path, flow: str = "tuf2000", power: str = "dtsu666") -> Path:
    text = DEMO.read_text()
    text = text.replace('profile = "tuf2000"', f'profile = "{flow}"')
    config = folder / "station.toml"
    config.write_text(text.replace('profile = "dtsu666"', f'profile = "{power}"'))
    return config


def test_check_names_file_row_and_reason(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "profiles").mkdir()
    path = broken(tmp_path / "profiles", "lmag", "address = 0x101A, type", "address = 0x1019, type")
    assert main(["check", "--config", str(station(tmp_path, "lmag"))]) == CONFIGURATION
    told = capsys.readouterr().err
    assert f"{path}: the values at 4120 and 4121 share a register" in told


def test_check_refuses_a_template(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "--config", str(station(tmp_path, "generic"))]) == CONFIGURATION
    told = capsys.readouterr().err
    assert f"generic.toml: a template; copy it to {tmp_path / 'profiles'}" in told


def test_check_says_what_is_in_doubt(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A profile of one source is taken, and its doubts are told to whoever commissions."""
    settings = str(station(tmp_path, "xintai"))
    assert main(["check", "--config", settings, "--language", "en"]) == 0
    assert "xintai rests on one_source; in doubt: the base of the addr" in capsys.readouterr().out


def test_a_copy_of_the_template_is_a_profile(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "profiles").mkdir()
    copied = tmp_path / "profiles" / "my_meter.toml"
    shutil.copy(OWN_FOLDER / "generic.toml", copied)
    lines = [line for line in copied.read_text().splitlines() if not line.startswith("template")]
    copied.write_text("\n".join(lines).replace('name = "generic"', 'name = "my_meter"'))
    assert main(["check", "--config", str(station(tmp_path, "my_meter"))]) == 0
    assert "a flow meter of your own" in capsys.readouterr().out


def test_a_sites_own_profile_is_taken_before_ours(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "profiles").mkdir()
    broken(tmp_path / "profiles", "tuf2000", "TUF-2000 ultrasonic flow meter", "the one at hand")
    assert main(["check", "--config", str(station(tmp_path))]) == 0
    assert "流量计：the one at hand，从站地址 1" in capsys.readouterr().out


def test_check_refuses_an_instrument_too_slow_for_the_scan(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """An AquaMaster takes 0.8 s to answer, twice; the demo scans each second."""
    assert main(["check", "--config", str(station(tmp_path, "aquamaster3"))]) == CONFIGURATION
    assert "scan.bus_budget_ms is 700, but one scan takes" in capsys.readouterr().err


@pytest.mark.parametrize(
    "content",
    [
        b"a = " + b"[" * 5000,
        b"a = " + b"9" * 5000,
        b"a = 1e99999999999999999999",
        "name = '流量计'".encode("gbk"),
        b"#" * 300_000,
    ],
    ids=["nested", "long number", "great number", "gbk", "large"],
)
def test_a_file_that_is_no_toml_is_told_with_its_name(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "lmag.toml"
    path.write_bytes(content)
    with pytest.raises(ProfileError) as caught:
        profile_file.load(path)
    (problem,) = caught.value.problems
    assert problem.startswith(f"{path}: ")
