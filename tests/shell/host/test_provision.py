"""`wellkeeper provision`: many stations from one table, or a list of what is wrong with it."""

import csv
import io
import json
from pathlib import Path

import pytest

from agent.cli import CONFIGURATION, main
from agent.settings import load
from agent.settings.declarations import Licence

TEMPLATE = """[station]
id = "{{station_id}}"
name = "{{ name }}"
[relay]
driver = "gpio"
line = {{relay_line}}
[[bus]]
name = "meters"
port = "/dev/serial/by-id/usb-meters"
[flow_meter]
bus = "meters"
unit = {{flow_unit}}
profile = "tuf2000"
flow_max_m3_per_h = 150
[power_meter]
bus = "meters"
unit = 2
profile = "dtsu666"
power_max_kw = 55
"""
HEAD = ["station_id", "name", "relay_line", "flow_unit", "allocation", "document"]


def row(number: int) -> list[str]:
    return [f"well-14-{number:04}", f"14师 {number:04}号机井", "17", "1", "62500m3", "文-1"]


class Desk:
    """Where fleets are prepared: a template, a table, and what came of them."""

    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.folder, self.out = folder, folder / "out"
        self._capsys = capsys
        self.template(TEMPLATE)

    def template(self, text: str) -> None:
        (self.folder / "template.toml").write_text(text, "utf-8")

    def table(self, rows: list[list[str]], encoding: str = "utf-8") -> None:
        text = io.StringIO()
        csv.writer(text).writerows(rows)
        (self.folder / "wells.csv").write_bytes(text.getvalue().encode(encoding))

    def provision(self) -> tuple[int, str]:
        paths = [str(self.folder / name) for name in ("template.toml", "wells.csv", "out")]
        code = main(["provision", *paths, "--language", "en"])
        told = self._capsys.readouterr()
        return code, told.out + told.err


@pytest.fixture
def desk(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Desk:
    return Desk(tmp_path, capsys)


def test_the_whole_division_in_one_go(desk: Desk) -> None:
    """397 wells: each with settings that the reader accepts, and its commissioning sheet."""
    desk.table([HEAD, *(row(number) for number in range(1, 398))], "utf-8-sig")
    code, told = desk.provision()
    assert (code, told.split(" in ")[0]) == (0, "Prepared 397 stations")
    bundles = sorted(desk.out.iterdir())
    assert len(bundles) == 397
    for number, bundle in enumerate(bundles, 1):
        assert load(bundle / "station.toml").station.name == f"14师 {number:04}号机井"
    sheet = json.loads((bundles[0] / "commissioning.json").read_text("utf-8"))
    assert sheet == {
        "station": "well-14-0001",
        "name": "14师 0001号机井",
        "platforms": [],
        "allocation": "62500m3",
        "document": "文-1",
    }


def test_all_mistakes_of_all_wells_are_told_and_nothing_is_left(desk: Desk) -> None:
    rows = [row(number) for number in range(1, 6)]
    rows[1][3] = "300"
    rows[2][2] = "seventeen"
    rows[3][0] = "../../etc"
    rows[4][0] = rows[0][0]
    rows[0][4] = "62500"
    desk.table([HEAD, *rows])
    code, told = desk.provision()
    assert code == CONFIGURATION
    for line, word in (
        (2, "62500"),
        (3, "flow_meter.unit"),
        (4, "line"),
        (5, "etc"),
        (6, "line 2"),
    ):
        assert any(f"line {line}" in said and word in said for said in told.splitlines()), told
    assert told.splitlines()[-1].startswith("5 mistakes")
    assert sorted(one.name for one in desk.folder.iterdir()) == ["template.toml", "wells.csv"]


def test_a_value_stays_inside_its_quotation_marks(desk: Desk) -> None:
    """A name from a spreadsheet is text, never settings."""
    name = 'a" \n[relay]\ndriver = "simulated\\'.replace("\n", " ")
    desk.table([HEAD, [row(1)[0], name, *row(1)[2:]]])
    assert desk.provision()[0] == 0
    settings = load(desk.out / "well-14-0001" / "station.toml")
    assert (settings.station.name, settings.relay.driver) == (name, "gpio")


@pytest.mark.parametrize(
    ("head", "said"),
    [
        (["station_id", "name", "relay_line"], "lacks these columns: flow_unit"),
        ([*HEAD, "flow_unti"], "Nothing uses these columns"),
        ([*HEAD, "name"], "names columns twice: name"),
        (["name", "relay_line", "flow_unit"], "station_id"),
    ],
)
def test_columns_that_do_not_fit_the_template(desk: Desk, head: list[str], said: str) -> None:
    desk.table([head, ["x"] * len(head)])
    code, told = desk.provision()
    assert code == CONFIGURATION
    assert said in told


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ([HEAD], "lists no well"),
        ([HEAD, row(1)[:-1]], "line 2 has another number"),
        ([HEAD, [*row(1), "more"]], "line 2 has another number"),
    ],
)
def test_a_table_that_is_none(desk: Desk, rows: list[list[str]], said: str) -> None:
    desk.table(rows)
    code, told = desk.provision()
    assert code == CONFIGURATION
    assert said in told


def test_a_spreadsheets_own_encoding_is_refused(desk: Desk) -> None:
    desk.table([HEAD, row(1)], "gb18030")
    assert "is not UTF-8" in desk.provision()[1]


def test_an_earlier_fleet_is_not_written_over(desk: Desk) -> None:
    desk.table([HEAD, row(1)])
    assert desk.provision()[0] == 0
    code, told = desk.provision()
    assert code == CONFIGURATION
    assert "exists already" in told


def test_a_template_that_makes_all_stations_one(desk: Desk) -> None:
    desk.template(TEMPLATE.replace("{{station_id}}", "well-1"))
    desk.table([HEAD, row(1)])
    code, told = desk.provision()
    assert code == CONFIGURATION
    assert 'id = "{{station_id}}"' in told


def test_the_licence_columns_become_the_licence_section(desk: Desk) -> None:
    head = [*HEAD, "licence", "licence_expires", "holder", "regiment", "company"]
    desk.table([
        head,
        [*row(1), "D1", "2030-12-31", '农业"用水"协会', "皮山农场", "三连"],
        [*row(2), "D2", "", "", "皮山农场", ""],
        [*row(3), "", "", "", "", ""],
    ])  # fmt: skip
    assert desk.provision()[0] == 0
    first, second, third = (
        load(desk.out / f"well-14-{number:04}" / "station.toml").licence for number in (1, 2, 3)
    )
    assert (first.number, first.expires, first.holder) == ("D1", "2030-12-31", '农业"用水"协会')
    assert (first.regiment, first.company) == ("皮山农场", "三连")
    assert (second.number, second.expires, second.regiment) == ("D2", None, "皮山农场")
    assert third == Licence()


def test_a_template_with_a_licence_of_its_own_is_left_alone(desk: Desk) -> None:
    desk.template(TEMPLATE + '[licence]\nregiment = "{{regiment}}"\n')
    desk.table([[*HEAD, "regiment"], [*row(1), "皮山农场"]])
    assert desk.provision()[0] == 0
    settings = load(desk.out / "well-14-0001" / "station.toml")
    assert settings.licence == Licence(regiment="皮山农场")
    desk.table([[*HEAD, "regiment", "company"], [*row(1), "皮山农场", "三连"]])
    desk.out.rename(desk.folder / "first")
    assert "company" in desk.provision()[1]


PLATFORM = """[[platform]]
name = "division"
host = "127.0.0.1"
port = 1883
tls = false
may = ["allocate"]
key_files = ["{name}"]
"""
KEY = "ab" * 32


def test_the_platforms_public_keys_are_in_every_wells_folder(desk: Desk) -> None:
    """Copied as a whole to the station, the folder is settings that read there as they did here."""
    desk.template(PLATFORM.replace("{name}", "keys/division.pub") + TEMPLATE)
    (desk.folder / "keys").mkdir()
    (desk.folder / "keys/division.pub").write_text(KEY, "ascii")
    desk.table([HEAD, row(1), row(2)])
    assert desk.provision()[0] == 0
    for number in (1, 2):
        bundle = desk.out / f"well-14-{number:04}"
        (file,) = load(bundle / "station.toml").platform[0].key_files
        assert file == bundle / "keys/division.pub"
        assert file.read_text("ascii") == KEY


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("division.pub", None, "no key file division.pub"),
        ("../division.pub", KEY, "no key file ../division.pub"),
        ("division.pub", "a private half", "no Ed25519 public key"),
        ("division.pub", KEY * 100, "no Ed25519 public key"),
    ],
)
def test_a_key_that_is_none_or_not_beside_the_template(
    desk: Desk, name: str, content: str | None, said: str
) -> None:
    desk.template(PLATFORM.replace("{name}", name) + TEMPLATE)
    if content is not None:
        (desk.folder / name).write_text(content, "ascii")
    desk.table([HEAD, row(1)])
    code, told = desk.provision()
    assert code == CONFIGURATION
    assert said in told
    assert not desk.out.exists()
