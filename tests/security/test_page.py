"""docs/security.md: every requirement is there, and every piece of its evidence."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/security.md").read_text("utf-8")
ROW = re.compile(r"^\| (\d+) \| (.+?) \| (.+?) \| (yes|part|no) \| (.+) \|$", re.MULTILINE)
ROWS = {int(number): rest for number, *rest in ROW.findall(PAGE)}
MISSING = PAGE.partition("\n## What is missing")[2]


def test_all_43_are_there_once() -> None:
    assert [int(found[0]) for found in ROW.findall(PAGE)] == list(range(1, 44))


@pytest.mark.parametrize("number", range(1, 44))
def test_what_a_row_cites_exists(number: int) -> None:
    """A test by its name, a line of a unit as it stands there, a document or a program."""
    evidence = re.findall(r"`([^`]+)`", ROWS[number][3])
    assert evidence
    for one in evidence:
        cited = re.fullmatch(r"([^:]+)(?:::(\w+)|: (.+))?", one)
        assert cited, one
        path, test, line = cited.groups()
        assert (ROOT / path).is_file(), one
        text = (ROOT / path).read_text("utf-8")
        assert test is None or f"\ndef {test}(" in text, one
        assert line is None or line in text.splitlines(), one


@pytest.mark.parametrize("number", range(1, 44))
def test_what_is_not_held_says_what_is_missing(number: int) -> None:
    told = bool(re.search(rf"^- \*\*{number}\*\*: ", MISSING, re.MULTILINE))
    assert told is (ROWS[number][2] != "yes")


@pytest.mark.parametrize("number", range(1, 44))
def test_each_names_its_source(number: int) -> None:
    assert re.search(r"CR \d|EDR \d|5\.\d", ROWS[number][1])


def test_the_policy_is_named_where_people_look() -> None:
    assert "(.github/SECURITY.md)" in (ROOT / "README.md").read_text("utf-8")
