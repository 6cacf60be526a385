"""The technician's tools on a simulated pump house: alone on the tty, and beside a running control.

The house and control are processes of their own; the tools run as the command does.
"""

import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from agent.catalogue import say
from agent.cli import UNAVAILABLE, USAGE, main
from agent.cli.bus.watch import screen
from agent.console.screens.meter import answering
from agent.desk.client import Client, DeskGone
from drivers.host import monotonic_ms

ROOT = Path(__file__).parents[2]
WAIT_S = 30.0
STATION = """
[station]
id = "well-1"
name = "well"
language = "en"
state_dir = "state"
run_dir = "run"
[clock]
trusted_when = "always"
[relay]
driver = "simulated"
socket = "pin"
[[bus]]
name = "meters"
port = "tty"
baud = 115200
[flow_meter]
bus = "meters"
unit = 1
profile = "tuf2000"
flow_max_m3_per_h = 150
[power_meter]
bus = "meters"
unit = 2
profile = "dtsu666"
power_max_kw = 55
"""


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    """A house that plays, and a station's settings beside it."""
    short = Path(tempfile.mkdtemp(prefix="wk"))
    (short / "station.toml").write_text(STATION)
    places = [f"--{name}={short / name}" for name in ("tty", "pin", "panel")]
    with started("simulate", "--baud=115200", *places) as house:
        assert house.stdout is not None
        while house.stdout.readline() != b"ready\n":
            assert house.poll() is None, "the house did not open"
        yield short
    shutil.rmtree(short)


@contextmanager
def started(*words: str) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(
        [sys.executable, "-m", "agent.cli", *words], cwd=ROOT, stdout=subprocess.PIPE
    )
    try:
        yield process
    finally:
        process.terminate()
        process.communicate(timeout=WAIT_S)


@pytest.fixture
def control(folder: Path) -> Iterator[Client]:
    """Control runs, and its desk's admin door is open."""
    shutil.rmtree(folder / "state", ignore_errors=True)
    with started("control", "--config", str(folder / "station.toml")) as process:
        until_ms = monotonic_ms() + 1000 * WAIT_S
        while (client := _at_the_desk(folder)) is None:
            assert process.poll() is None, "control ended"
            assert monotonic_ms() < until_ms, "control did not open its desk"
        with client:
            yield client


def _at_the_desk(folder: Path) -> Client | None:
    try:
        client = Client(folder / "run" / "desk" / "admin.sock")
    except DeskGone:
        return None
    if client.call("status", {"revision": None, "wait_ms": 1000}, WAIT_S)["state"] is None:
        client.close()
        return None
    return client


def tool(folder: Path, *words: str) -> int:
    return main(["bus", *words, "--config", str(folder / "station.toml")])


# --- alone on the tty ----------------------------------------------------------------------------


def test_registers_are_shown_in_every_order_side_by_side(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The DTSU666 holds 5000.0 (50 Hz) as a float, high word first, at 0x2044."""
    assert tool(folder, "read", "2", "0x2044", "2") == 0
    shown = capsys.readouterr().out
    (row,) = [line.split() for line in shown.splitlines() if " f32 " in line]
    assert row == ["8260", "f32", "5000", *row[3:]]
    assert "5000" not in row[3:]
    assert re.search(r"address\s+type\s+ABCD\s+CDAB\s+BADC\s+DCBA", shown)


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (("read", "2", "9000"), "exception 2: it has no such registers"),
        (("read", "2", "0x2044", "--function", "4"), "exception 1: it does not know this function"),
        (
            ("read", "99", "0", "--patience-ms", "30"),
            "unit 99: no answer in time; see its unit id, baud",
        ),
    ],
)
def test_what_has_no_answer_says_why(
    folder: Path, capsys: pytest.CaptureFixture[str], words: tuple[str, ...], why: str
) -> None:
    assert tool(folder, *words) == 1
    assert why in capsys.readouterr().out


def test_a_scan_finds_names_and_proposes(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert tool(folder, "scan", "--units", "1-4", "--patience-ms", "40") == 0
    told = capsys.readouterr().out
    named = dict(re.findall(r"^unit +(\d+)  (.*)$", told, re.MULTILINE))
    assert set(named) == {"1", "2", "3"}
    assert "(tuf2000), serial 20240614" in named["1"]
    assert "dtsu666" in named["2"]
    assert "qdy30a" in named["3"]
    assert '[flow_meter]\nbus = "meters"\nunit = 1\nprofile = "tuf2000"\n' in told
    assert "[level_probe]" in told


def test_a_scan_at_every_speed_names_the_right_one(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ("--units", "1-2", "--bauds", "9600,115200", "--patience-ms", "40")
    assert tool(folder, "scan", *words) == 0
    told = capsys.readouterr().out
    assert re.findall(r"^unit +(\d+)  (\d+) ", told, re.MULTILINE) == [
        ("1", "115200"),
        ("2", "115200"),
    ]
    assert "baud = 115200" in told


def test_a_scan_of_nobody_says_what_to_look_at(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert tool(folder, "scan", "--units", "9", "--patience-ms", "20") == 1
    assert "nobody answered: see A and B" in capsys.readouterr().out


def test_a_port_without_settings_is_enough(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["bus", "read", "3", "4", "1", "--port", str(folder / "tty")]) == 1
    assert "应答超时" in capsys.readouterr().out  # 9600 baud, and the house speaks at 115200
    words = ["bus", "read", "3", "4", "1", "--port", str(folder / "tty"), "--baud", "115200"]
    assert main(words) == 0


def test_watch_shows_readings_and_counters(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert tool(folder, "watch", "--times", "2", "--every-s", "0") == 0
    told = capsys.readouterr().out
    assert told.count("flow meter, unit 1:") == 2
    assert re.search(r"requests, 0 timeouts, 0 garbled, 0 refused; median \d+ ms", told)
    assert "0.000 m³/h" in told


def test_an_instrument_that_never_answered_has_no_median() -> None:
    counted = dict.fromkeys(("unit", "requests", "timeouts", "garbled", "exceptions"), 5)
    times = {"median_ms": None, "p99_ms": None, "timeout_ms": 1000, "resting": False}
    bus = {"trouble": "", "echoes": False, "instruments": {"flow_meter": counted | times}}
    talk: Any = SimpleNamespace(word=lambda key, **values: say(key, "en", **values))
    watched = list(screen([], {"meters": bus}, "en"))
    for told in (watched, list(answering(talk, {"buses": {"meters": bus}}))):
        assert "median — ms, p99 — ms, waits 1000 ms" in "\n".join(told)


def test_a_bus_that_is_not_there_is_said(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert tool(folder, "read", "1", "0", "--bus", "other") == USAGE
    assert "there is no bus other: there are meters" in capsys.readouterr().err
    absent = ["bus", "read", "1", "0", "--port", str(folder / "absent"), "--language", "en"]
    assert main(absent) == UNAVAILABLE
    assert "absent cannot be opened" in capsys.readouterr().err


# --- beside a running control --------------------------------------------------------------------


def scans(control: Client) -> dict[str, Any]:
    asked = {"revision": None, "wait_ms": 0}
    state: dict[str, Any] = control.call("status", asked, WAIT_S)["state"]
    return state


def test_the_tools_ask_control_and_its_scans_stay_on_time(
    folder: Path, control: Client, capsys: pytest.CaptureFixture[str]
) -> None:
    """While units are searched that do not answer, control reads its meters every second."""
    before = scans(control)
    assert tool(folder, "scan", "--units", "1-20", "--patience-ms", "100") == 0
    after = scans(control)
    told = capsys.readouterr().out
    assert "(tuf2000)" in told
    assert "dtsu666" in told
    passed_s = (after["at_utc_ms"] - before["at_utc_ms"]) / 1000
    flow = [state["buses"]["meters"]["instruments"]["flow_meter"] for state in (before, after)]
    assert passed_s >= 1, "the search was longer than a scan"
    # Two requests a scan: so many scans as seconds, one more or less at either end.
    made = (flow[1]["requests"] - flow[0]["requests"]) / 2
    assert made >= passed_s - 2
    assert flow[1]["timeouts"] == 0
    assert {one["quality"] for one in after["readings"]} == {"good"}


def test_read_and_watch_go_through_control_too(
    folder: Path, control: Client, capsys: pytest.CaptureFixture[str]
) -> None:
    assert tool(folder, "read", "2", "0x2044", "2") == 0
    assert "5000" in capsys.readouterr().out
    assert tool(folder, "watch", "--times", "1") == 0
    assert "electricity meter, unit 2:" in capsys.readouterr().out


def test_a_tty_that_control_holds_is_refused_to_a_second_master(
    folder: Path, control: Client, capsys: pytest.CaptureFixture[str]
) -> None:
    port = ["--port", str(folder / "tty"), "--language", "en"]
    assert main(["bus", "read", "1", "0", *port]) == UNAVAILABLE
    assert "is in use by" in capsys.readouterr().err


def test_control_refuses_a_tty_that_another_program_holds(folder: Path, control: Client) -> None:
    other = folder / "other.toml"
    text = STATION.replace('"run"', '"run2"').replace('"state"', '"state2"')
    other.write_text(text)
    done = subprocess.run(
        [sys.executable, "-m", "agent.cli", "control", "--config", str(other)],
        cwd=ROOT, capture_output=True, text=True, check=False, timeout=WAIT_S,
    )  # fmt: skip
    assert done.returncode == UNAVAILABLE
    assert "two masters on one line spoil each other" in done.stderr
