"""Columns, character by character, as the library that terminals' authors use counts them."""

import sys

from hypothesis import given
from hypothesis import strategies as st
from wcwidth import wcwidth

from agent.console.widths import admitted, width


def test_every_character_that_is_admitted_is_as_wide_as_wcwidth_says() -> None:
    """All of Unicode, in the version that this Python has."""
    wrong = [
        f"U+{code:04X}"
        for code in range(0x20, sys.maxunicode + 1)
        if (columns := width.__wrapped__(chr(code))) and columns != wcwidth(chr(code))
    ]
    assert wrong == []


def test_what_a_technician_writes_is_admitted() -> None:
    for text in (
        "status", "水资〔2026〕7号", "井电双控·一站双发", "6.25万m³", "６２５００", "￥12,5 — “”",
        "قۇدۇق", "Grüße", "한글", "①②", "℃", "№", "→", "■□", "🚰",
    ):  # fmt: skip
        assert admitted(text) == text


def test_what_has_no_column_of_its_own_is_not() -> None:
    for one in "\x00\x1b\x7f\x9b\u200b\u200d\u202e\u2066\ufeff\u0301\ufe0f\U000e0041\ue001\u2028":
        assert admitted(f"a{one}b") in {"ab", "áb"}


def test_ambiguous_characters_are_as_wide_as_the_terminal_draws_them() -> None:
    assert [width(one) for one in "m³—°水"] == [1, 1, 1, 1, 2]
    assert [width(one, ambiguous=2) for one in "m³—°水"] == [1, 2, 2, 2, 2]


@given(st.text())
def test_what_is_admitted_stays_as_it_is(text: str) -> None:
    assert admitted(admitted(text)) == admitted(text)
