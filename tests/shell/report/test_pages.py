"""The page, the table and the export: valid, self-contained, and safe against what people write."""

import csv
import io
import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import html5lib
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.core.model import AllocationKind, Correct
from agent.report import sheet
from agent.report.commas import MARK, commas, safe
from agent.report.export import ExportUnreadable, exported, imported
from agent.report.merge import MergeRefused, merged
from agent.report.merged_sheet import merged_sheet
from agent.report.page import page
from agent.report.well import WellReport
from agent.report.well_sheet import sheet_of

from .conftest import Pen, fit_flow, plan, reported, sample

HOSTILE = '<script>alert(1)</script>"&\'=HYPERLINK("http://x")'


@pytest.fixture
def full(pen: Pen) -> WellReport:
    """A year with something of most kinds, written by somebody who means no good."""
    pen.commission("2026-03-01", before=5_000)
    pen.write("2026-03-02", sample(1_010_000, 3_000, withdrawn=15_000, level=40_000))
    pen.write("2026-05-02", Correct(2026, -7, HOSTILE, HOSTILE, HOSTILE, None))
    pen.write("2026-05-03", plan(2026, 900_000, AllocationKind.TRANSFER_OUT))
    pen.write("2026-06-03", fit_flow(500, closed=1_020_000))
    return reported(pen.save(), "2026", platforms=("a",))


PAGES = [("zh", 1), ("en", 1), ("zh", 3), ("en", 3)]


def made(full: WellReport, language: str, wells: int) -> str:
    """The page of one well, or of several merged."""
    if wells == 1:
        return page(sheet_of(full, language))
    plates = [replace(full.nameplate, station=f"well-{n}", name=HOSTILE) for n in range(wells)]
    given_ = [(Path(f"{n}.json"), replace(full, nameplate=one)) for n, one in enumerate(plates)]
    return page(merged_sheet(merged(given_), language))


@pytest.mark.parametrize(("language", "wells"), PAGES)
def test_a_page_is_valid_html(full: WellReport, language: str, wells: int) -> None:
    html5lib.HTMLParser(strict=True).parse(made(full, language, wells))


class _Seen(HTMLParser):
    """Every tag and attribute of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs


@pytest.mark.parametrize(("language", "wells"), PAGES)
def test_a_page_asks_nothing_of_anybody(full: WellReport, language: str, wells: int) -> None:
    """No script, no resource, no link, and a policy that would refuse them."""
    text = made(full, language, wells)
    seen = _Seen(text)
    assert not {"script", "img", "link", "iframe", "a", "object", "form"} & set(seen.tags)
    assert not {"src", "href", "style"} & {name for name, _ in seen.attributes}
    assert not [name for name, _ in seen.attributes if name.startswith("on")]
    assert not re.search(r"@import|url\((?!#hatch\))", text)
    assert ("content", "default-src 'none'; style-src 'unsafe-inline'") in seen.attributes


def test_what_people_wrote_stands_as_they_wrote_it(full: WellReport) -> None:
    text = page(sheet_of(full, "zh"))
    assert "<script>" not in text
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in text


def test_both_languages_have_every_table(full: WellReport) -> None:
    zh, en = sheet_of(full, "zh"), sheet_of(full, "en")
    shapes = [
        [[(len(one.columns), len(one.rows)) for one in section.tables] for section in of.sections]
        for of in (zh, en)
    ]
    assert shapes[0] == shapes[1]
    english = page(en).replace(full.nameplate.name, "")
    labels = re.findall(r"<(?:th|h\d|p)[^>]*>([^<]*)<", english)
    assert not [one for one in labels if re.search(r"[\u4e00-\u9fff]", one)]


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_page_has_lines_for_three_signatures(full: WellReport, language: str) -> None:
    text = page(sheet_of(full, language))
    assert text.count("<i></i>") == 3
    for one in {"zh": ("填报人", "审核人", "负责人"), "en": ("Prepared", "Checked", "Responsible")}[
        language
    ]:
        assert one in text


def test_damage_stands_at_the_head_of_the_page(full: WellReport) -> None:
    (proof,) = full.proof
    broken = replace(full, proof=(replace(proof, damage=("第 9 条坏了。", "9 is broken.")),))
    assert "9 is broken." in page(sheet_of(broken, "en"))
    assert "第 9 条坏了。" in page(sheet_of(broken, "zh"))
    assert '<p class="warning">' in page(sheet_of(broken, "zh"))
    assert '<p class="warning">' not in page(sheet_of(full, "zh"))


# --- the table -----------------------------------------------------------------------------------


def read_back(text: str) -> list[list[str]]:
    assert text.startswith(MARK)
    return list(csv.reader(io.StringIO(text.removeprefix(MARK), newline="")))


def test_a_spreadsheet_finds_numbers_and_no_formula(full: WellReport) -> None:
    lines = read_back(commas(sheet_of(full, "zh")))
    assert ["实测", "20.000", "", ""] in lines
    (correction,) = [one for one in lines if one[:1] == ["2026-05-02"]]
    assert correction[1] == "-0.007"
    assert correction[2] == HOSTILE
    for cell in (cell for line in lines for cell in line):
        assert not cell.startswith(("=", "+", "@", "\t")) or cell == ""
        assert not cell.startswith("-") or re.fullmatch(r"-\d+\.\d+", cell)


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@x", "\t=1", " =1", "＝1", "＋1", "＠x"])
def test_a_text_that_would_be_a_formula_is_kept_a_text(text: str) -> None:
    assert safe(text) == f"'{text}"


def test_other_texts_stand_as_they_are() -> None:
    assert safe("水资〔2026〕7号") == "水资〔2026〕7号"
    assert safe("") == ""


# --- numbers -------------------------------------------------------------------------------------


@given(st.integers(-(10**14), 10**14))
def test_a_volume_loses_no_litre(litres: int) -> None:
    cell = sheet.cubic_metres(litres)
    assert int(cell.plain.replace(".", "")) == litres
    assert cell.text.replace(",", "") == cell.plain


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        (sheet.ten_thousands(62_500_000), "6.25"),
        (sheet.ten_thousands(50_000), "0.01"),
        (sheet.ten_thousands(49_999), "0.00"),
        (sheet.ten_thousands(-50_000), "-0.01"),
        (sheet.ten_thousands(-49_999), "0.00"),
        (sheet.ten_thousands(24_820_000_000), "2,482.00"),
        (sheet.percent(949, 1000), "94.9"),
        (sheet.percent(-1, 3, signed=True), "-33.3"),
        (sheet.percent(1, 0), "—"),
        (sheet.percent(None, 10), "—"),
        (sheet.per_kwh(2_995), "3.00"),
        (sheet.metres(40_005, signed=True), "+40.01"),
        (sheet.hours(5_400_000), "1.5"),
        (sheet.kilowatt_hours(1_250), "1.3"),
        (sheet.cubic_metres(-5, signed=True), "-0.005"),
        (sheet.cubic_metres(5, signed=True), "+0.005"),
    ],
)
def test_numbers_as_a_person_reads_them(cell: sheet.Cell, text: str) -> None:
    assert cell.text == text


# --- export and merge ----------------------------------------------------------------------------


def test_an_export_comes_back_as_it_was(full: WellReport, tmp_path: Path) -> None:
    file = tmp_path / "well.json"
    file.write_text(exported(full), "utf-8")
    assert imported(file) == full


def test_an_export_says_what_follows_from_it(full: WellReport) -> None:
    derived = json.loads(exported(full))["derived"]
    assert derived["withdrawn_to_date_l"] == 5_000 + 20_000 - 7
    assert derived["remaining_l"] == 62_500_000 - 900_000 - derived["withdrawn_to_date_l"]
    assert derived["whole"] is True


@pytest.mark.parametrize(
    ("place", "value", "says"),
    [
        ("wellkeeper_report", 2, "an export of schema 2, this version reads schema 1"),
        ("report", None, "report is missing"),
        ("report.nameplate", {}, "report.nameplate.station is missing or of another type"),
        ("report.allocated_l", "62500", "report.allocated_l"),
        ("report.sums.energy_wh", 1.5, "report.sums.energy_wh"),
        ("report.period.kind", "decade", "report.period.kind"),
        ("report.months", {}, "report.months"),
        ("report.nameplate.use", "bath", "report.nameplate.use"),
        ("report.nameplate.zone", "../../etc/passwd", "report.period.name"),
        ("report.period.name", "", "report.period.name"),
        ("report.period.to_utc_ms", 5, "report.period is missing or of another type"),
        ("report.nameplate.name", "\ud800 3", "report.nameplate.name"),
        ("report.sums.run_l", 1 << 53, "report.sums.run_l"),
        ("report.sums.run_l", -(1 << 53), "report.sums.run_l"),
    ],
)
def test_an_altered_export_is_refused_with_its_place(
    full: WellReport, tmp_path: Path, place: str, value: object, says: str
) -> None:
    said = json.loads(exported(full))
    *path, last = place.split(".")
    inner = said
    for name in path:
        inner = inner[name]
    inner[last] = value
    file = tmp_path / "well.json"
    file.write_text(json.dumps(said), "utf-8")
    with pytest.raises(ExportUnreadable, match=re.escape(says)):
        imported(file)


@pytest.mark.parametrize("content", ["", "[]", "{}", "no json", '{"x": 1}', "[" * 100_000])
def test_another_file_is_no_export(tmp_path: Path, content: str) -> None:
    file = tmp_path / "other"
    file.write_text(content, "utf-8")
    with pytest.raises(ExportUnreadable, match="is no export of a well's report"):
        imported(file)


def well(full: WellReport, station: str, **plate: str) -> tuple[Path, WellReport]:
    one = replace(full, nameplate=replace(full.nameplate, station=station, **plate))
    return Path(f"{station}.json"), one


def test_totals_are_by_use_regiment_and_company(full: WellReport) -> None:
    joined = merged(
        [
            well(full, "w3", regiment="二团", company="一连", use="livestock"),
            well(full, "w1", regiment="一团", company="三连"),
            well(full, "w2", regiment="一团", company="三连"),
            well(full, "w4", regiment="", company=""),
        ]
    )
    lines = read_back(commas(merged_sheet(joined, "zh")))
    of_use = next(one for one in lines if one[:1] == ["农业灌溉"])
    assert of_use[1:3] == ["3", "18.48"]
    subtotal = next(one for one in lines if one[:2] == ["一团", "小计"])
    assert subtotal[2:4] == ["2", "12.32"]
    assert [one[1] for one in lines if len(one) == 15 and one[1].startswith("w")] == [
        "w1", "w2", "w3", "w4",
    ]  # fmt: skip


def test_a_station_counts_once(full: WellReport) -> None:
    (proof,) = full.proof
    other = replace(full, proof=(replace(proof, epoch="another"),))
    with pytest.raises(MergeRefused, match=r"well-1 is there twice.*\(epoch another\)"):
        merged([(Path("a.json"), full), (Path("b.json"), other)])


def test_different_periods_are_not_merged(full: WellReport) -> None:
    other = replace(full, period=replace(full.period, name="2025", year=2025))
    with pytest.raises(MergeRefused, match=r"b\.json is of 2025, a\.json of 2026"):
        merged([(Path("a.json"), full), (Path("b.json"), other)])


def test_both_halves_of_a_transfer_are_matched_by_their_document(full: WellReport) -> None:
    (out,) = full.transfers
    in_half = replace(out, kind=AllocationKind.TRANSFER_IN)
    taken = replace(full, documents=(in_half,), nameplate=replace(full.nameplate, station="w2"))
    file = Path("w2.json")
    assert not merged([(Path("a"), full)]).transfers[0].matches
    assert merged([(Path("a"), full), (file, taken)]).transfers[0].matches
    less = replace(taken, documents=(replace(in_half, volume_l=800_000),))
    (open_,) = merged([(Path("a"), full), (file, less)]).transfers
    assert (open_.out_l - open_.in_l, open_.stations) == (100_000, ("w2", "well-1"))


def test_licence_meters_and_papers_are_on_the_page(full: WellReport) -> None:
    text = page(sheet_of(full, "zh"))
    for said in (full.nameplate.number, full.nameplate.holder, "证书 2", "F-2", "水资〔2026〕7号"):
        assert said is not None
        assert said in text
