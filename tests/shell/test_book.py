"""The book: what is staged, committed and rolled back."""

import pytest

from agent.book import Book, BookUnreadable, Instrument
from agent.core.attendance import Progress
from agent.core.model import Role, SetupNoted, SetupOutcome, SetupStep


def _reopened(book: Book) -> Book:
    text = book.pending()
    assert text is not None
    book.committed()
    assert book.pending() is None
    return Book(text)


def test_a_new_book_is_empty_and_has_nothing_to_commit() -> None:
    book = Book(None)
    assert book.instruments() == {}
    assert book.pending() is None


def test_an_instrument_stays_until_another_takes_its_role() -> None:
    book = Book(None)
    book.fit_instrument(Role.FLOW_METER, "A1", "安装〔2026〕1号", 100)
    book.fit_instrument(Role.POWER_METER, "E1", "", 150)
    book = _reopened(book)
    book.fit_instrument(Role.FLOW_METER, "A2", "换表〔2026〕2号", 200)
    assert _reopened(book).history() == (
        Instrument(Role.FLOW_METER, "A1", "安装〔2026〕1号", 100, 200),
        Instrument(Role.POWER_METER, "E1", "", 150, None),
        Instrument(Role.FLOW_METER, "A2", "换表〔2026〕2号", 200, None),
    )


def test_the_instruments_are_those_that_stand_there_now() -> None:
    book = Book(None)
    book.fit_instrument(Role.FLOW_METER, "A1", "one", 100)
    book.fit_instrument(Role.FLOW_METER, "A2", "two", 200)
    assert book.instruments() == {
        "flow_meter": {"serial": "A2", "document": "two", "fitted_utc_ms": 200}
    }


def test_what_was_rolled_back_never_was() -> None:
    book = Book(None)
    book.fit_instrument(Role.FLOW_METER, "A1", "", 100)
    kept = book.history()
    first = book.pending()
    book.committed()
    book.fit_instrument(Role.FLOW_METER, "A2", "", 200)
    assert len(book.history()) == 2
    book.rolled_back()
    assert book.history() == kept
    assert book.pending() is None
    assert Book(first).history() == kept


def test_a_commissioning_goes_on_where_it_was_and_is_signed_anew_after_a_change() -> None:
    book = Book(None)
    for step in (SetupStep.CLOCK, SetupStep.NAMEPLATE, SetupStep.SIGNATURE):
        book.note_step(SetupNoted(step, SetupOutcome.DONE, "", (), "li"), 100)
    book = _reopened(book)
    assert [one.step for one in book.setup()] == [
        SetupStep.NAMEPLATE, SetupStep.CLOCK, SetupStep.SIGNATURE,
    ]  # fmt: skip
    book.note_step(SetupNoted(SetupStep.CLOCK, SetupOutcome.FAILED, "dark", (), "ma"), 200)
    done = Progress(SetupStep.NAMEPLATE, SetupOutcome.DONE)
    assert _reopened(book).setup() == (done, Progress(SetupStep.CLOCK, SetupOutcome.FAILED))


@pytest.mark.parametrize(
    "text",
    [
        b"{",
        b'{"accounts": {"1": {"name": "\xff"}}}',
        b"[]",
        b"7",
        b'{"accounts": []}',
        b'{"accounts": {"x": {}}}',
        b'{"accounts": {"1": {"name": "li", "rank": "inspector", "language": "zh", "pin_id": ""}}}',
        b'{"instruments": {"1": {"role": "flow_meter"}}}',
        b'{"platform_keys": {"1": {"kid": "k1"}}}',
        b'{"setup": {"1": {"step": "nameplate"}}}',
    ],
)
def test_what_cannot_be_read_is_one_sentence(text: bytes) -> None:
    """Control ended in a traceback, at each start."""
    with pytest.raises(BookUnreadable, match="else restore the backup"):
        Book(text)
