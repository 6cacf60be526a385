"""`wellkeeper report` as people run it: files that come of it, and one sentence when none does."""

import csv
import json
import os
from pathlib import Path

import pytest

from agent.cli import DATA, IO, USAGE, main

from .conftest import Pen, sample
from .test_history import alter

SETTINGS = """[station]
id = "{id}"
name = "一号井"
language = "{language}"
state_dir = "."
[licence]
number = "D1"
expires = "2026-06-30"
regiment = "皮山农场"
company = "三连"
[relay]
driver = "gpio"
line = 17
[[bus]]
name = "meters"
port = "/dev/serial/by-id/usb-meters"
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


class Desk:
    """A station's folder, and what the command says there."""

    def __init__(self, folder: Path, capsysbinary: pytest.CaptureFixture[bytes]) -> None:
        self.folder = folder
        self._captured = capsysbinary
        self.station("well-1")

    def station(self, station: str, language: str = "en") -> None:
        text = SETTINGS.format(id=station, language=language)
        (self.folder / "station.toml").write_text(text, "utf-8")

    def report(self, *options: str) -> tuple[int, str, str]:
        code = main(["report", "--config", str(self.folder / "station.toml"), *options])
        said = self._captured.readouterr()
        return code, said.out.decode(), said.err.decode()


@pytest.fixture
def desk(pen: Pen, tmp_path: Path, capsysbinary: pytest.CaptureFixture[bytes]) -> Desk:
    pen.commission("2026-03-01")
    pen.write("2026-03-02", sample(1_010_000, withdrawn=10_000))
    pen.write("2026-07-02", sample(1_030_000, withdrawn=30_000))
    pen.save()
    return Desk(tmp_path, capsysbinary)


def test_the_page_is_in_the_stations_language_or_in_the_one_asked_for(desk: Desk) -> None:
    assert "Annual Report of Well Water Withdrawal" in desk.report("--year", "2026")[1]
    assert "机井取水计量年报" in desk.report("--year", "2026", "--language", "zh")[1]
    desk.station("well-1", "zh")
    assert "机井取水计量季报" in desk.report("--quarter", "2026Q3")[1]


def test_full_width_digits_are_digits(desk: Desk) -> None:
    """As a Chinese keyboard types them."""
    assert desk.report("--year", "２０２６", "--format", "json") == desk.report(
        "--year", "2026", "--format", "json"
    )
    code, _, said = desk.report("--year", "二〇二六")
    assert (code, "二〇二六" in said) == (USAGE, True)


def test_each_form_goes_into_a_file_of_its_own(desk: Desk) -> None:
    for form in ("html", "csv", "json"):
        file = desk.folder / f"report.{form}"
        given = ("--as-of", "2026-07-02", "--format", form, "--output", str(file))
        assert desk.report(*given) == (0, "", "")
    assert (desk.folder / "report.html").read_text("utf-8").startswith("<!DOCTYPE html>")
    table = (desk.folder / "report.csv").read_bytes()
    assert table.startswith(b"\xef\xbb\xbf")
    assert table.count(b"\r\n") == table.count(b"\n")
    assert json.loads((desk.folder / "report.json").read_text("utf-8"))["wellkeeper_report"] == 1
    assert not list(desk.folder.glob(".report*"))


def test_a_report_replaces_an_earlier_one_and_nothing_else(desk: Desk) -> None:
    (desk.folder / "key.pem").write_text("-----BEGIN PRIVATE KEY-----\n")
    os.mkfifo(desk.folder / "pipe")
    for name in ("journal.db", "station.toml", "key.pem"):
        before = (desk.folder / name).read_bytes()
        code, _, said = desk.report("--year", "2026", "--output", str(desk.folder / name))
        assert (code, (desk.folder / name).read_bytes()) == (USAGE, before)
        assert f"{name} is there and is no earlier report; it was left as it is" in said
    assert desk.report("--year", "2026", "--output", str(desk.folder / "pipe"))[0] == USAGE
    assert (desk.folder / "pipe").is_fifo()
    for _ in range(2):
        assert desk.report("--year", "2026", "--output", str(desk.folder / "a.html"))[0] == 0


def test_a_link_stays_and_what_it_leads_to_is_written(desk: Desk) -> None:
    (desk.folder / "year.html").symlink_to("2026.html")
    assert desk.report("--year", "2026", "--output", str(desk.folder / "year.html"))[0] == 0
    assert (desk.folder / "year.html").is_symlink()
    assert (desk.folder / "2026.html").read_text("utf-8").startswith("<!DOCTYPE html>")


def test_a_merge_replaces_none_of_the_reports_it_is_made_of(desk: Desk) -> None:
    one = desk.folder / "one.json"
    assert desk.report("--year", "2026", "--format", "json", "--output", str(one))[0] == 0
    before = one.read_bytes()
    assert main(["report", "--merge", str(one), "--output", str(one)]) == USAGE
    assert one.read_bytes() == before


def test_a_licence_that_has_expired_is_marked(desk: Desk) -> None:
    assert "expired" in desk.report("--year", "2026")[1]
    assert "expired" not in desk.report("--quarter", "2026Q2")[1]


@pytest.mark.parametrize(
    ("given", "code", "says"),
    [
        (("--year", "26"), USAGE, "26 is no year: write 2026."),
        (("--year", "3026"), USAGE, "3026 is no year"),
        (("--quarter", "2026Q5"), USAGE, "2026Q5 is no quarter: write 2026Q3."),
        (("--month", "2026-13"), USAGE, "2026-13 is no month: write 2026-07."),
        (("--as-of", "2026-02-29"), USAGE, "2026-02-29 is no day: write 2026-07-15."),
        (("--as-of", "九月"), USAGE, "is no day"),
        (("--year", "2027"), USAGE, "The records end at 2026-07-02 00:00:00, Beijing time"),
        (
            ("--year", "2025"),
            USAGE,
            "The records begin at 2026-03-01 00:00:00, Beijing time",
        ),
        (("--year", "2026", "--output", "/proc/x"), IO, "/proc/x cannot be written"),
        (("--year", "2026", "--journal", "/none.db"), IO, "/none.db"),
        (("--merge", "/none.json"), DATA, "/none.json cannot be read"),
        (("--merge", "x", "--format", "json", "--language", "en"), USAGE, "is html or csv"),
        (("--merge", "x", "--journal", "y", "--language", "en"), USAGE, "--merge goes with"),
    ],
)
def test_what_cannot_be_is_said_in_one_sentence(
    desk: Desk, given: tuple[str, ...], code: int, says: str
) -> None:
    found, out, err = desk.report(*given, *(() if "--language" in given else ("--language", "en")))
    assert (found, out) == (code, "")
    assert says in err
    assert err.count("\n") == 1


def test_the_same_in_chinese(desk: Desk) -> None:
    _, _, err = desk.report("--year", "2027", "--language", "zh")
    assert err == (
        "记录到 2026-07-02 00:00:00（北京时间）为止，2027 尚无记录：请选更早的报告期。\n"
    )


def test_a_damaged_journal_still_gives_a_page_and_its_exit_code(desk: Desk) -> None:
    alter(desk.folder / "journal.db", "UPDATE records SET trusted = 0 WHERE number = 6")
    code, out, err = desk.report("--year", "2026")
    assert code == DATA
    assert "rests on the first 5, which are." in err
    assert "record 6" in err
    assert err.strip() in out.replace("&#x27;", "'").replace("&quot;", '"')
    assert desk.report("--year", "2026", "--format", "json")[0] == DATA


def test_a_file_that_is_no_journal_is_refused(desk: Desk) -> None:
    (desk.folder / "journal.db").write_bytes(b"no journal" * 1000)
    code, out, err = desk.report("--year", "2026")
    assert (code, out) == (DATA, "")
    assert "journal.db" in err


def test_many_wells_become_one_page_without_any_stations_settings(desk: Desk) -> None:
    files = []
    for station in ("well-1", "well-2"):
        desk.station(station)
        files.append(desk.folder / f"{station}.json")
        desk.report("--year", "2026", "--format", "json", "--output", str(files[-1]))
    (desk.folder / "station.toml").unlink()
    merge = ("--merge", *map(str, files), "--language", "en")
    code, out, err = desk.report(*merge)
    assert (code, err) == (0, "")
    assert "2 wells" in out
    table = list(csv.reader(desk.report(*merge, "--format", "csv")[1].splitlines()))
    assert next(one for one in table if one[:1] == ["irrigation"])[:4] == [
        "irrigation", "2", "12.50", "0.01",
    ]  # fmt: skip
    again = desk.report("--merge", str(files[0]), str(files[0]), "--language", "en")
    assert again[0] == DATA
    assert "well-1 is there twice" in again[2]
