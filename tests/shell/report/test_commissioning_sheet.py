"""The commissioning record on paper, from the records of a journal."""

from typing import Literal

import pytest

from agent.commissioning import Noted, folded
from agent.core.model import SetupNoted, SetupOutcome, SetupStep
from agent.report.commissioning import sheet_of
from agent.report.page import page
from agent.report.well import Nameplate

PLATE = Nameplate(
    station="XJ14-0127", name="三连二号井", use="irrigation", zone="Asia/Shanghai", number=None,
    expires=None, holder="三连", regiment=None, company=None,
)  # fmt: skip
DONE = SetupOutcome.DONE
CURVE = tuple(
    number for at in range(60) for number in (at * 1_000, 83_000, 18_500, 1_000 + at * 23)
)


def noted(step: SetupStep, *facts: str, curve: tuple[int, ...] = ()) -> Noted:
    return Noted(1_790_000_000_000, SetupNoted(step, DONE, "", facts, "li", curve))


def made(language: Literal["zh", "en"], *records: Noted, damaged: str = "") -> str:
    return page(sheet_of(folded(records), PLATE, damaged, language))


def test_each_step_has_its_section_and_the_wet_test_its_curves() -> None:
    records = [noted(step) for step in SetupStep if step is not SetupStep.WET_TEST]
    records.insert(7, noted(SetupStep.WET_TEST, "wet_water_l=4500", curve=CURVE))
    text = made("en", *records)
    assert text.count("<h2>") == len(SetupStep)
    assert text.count("<polyline") == 3
    assert "4.500 m³" in text
    assert "was not signed" not in text


@pytest.mark.parametrize(
    ("language", "said"), [("zh", "尚未在控制台签名"), ("en", "was not signed at the console")]
)
def test_a_record_that_nobody_signed_says_so(language: Literal["zh", "en"], said: str) -> None:
    assert said in made(language, noted(SetupStep.CLOCK))
    # A step that was gone through after the signature is not what was signed.
    assert said in made(language, noted(SetupStep.SIGNATURE), noted(SetupStep.CLOCK))


def test_what_a_person_typed_is_no_markup() -> None:
    text = made("en", noted(SetupStep.NAMEPLATE, "licence=<script>x</script>"))
    assert "<script>" not in text
    assert "&lt;script&gt;" in text


def test_a_damaged_journal_is_said_first() -> None:
    assert "record 7 is damaged" in made("en", damaged="record 7 is damaged")
