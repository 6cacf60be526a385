"""Octets become keys: every sequence that terminals send, and every other one too."""

import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.console.keys import (
    COMMAND_MAX,
    CONTROL_MAX,
    PASTE_QUIET_MS,
    SETTLE_MS,
    CursorAt,
    Echoed,
    Garbled,
    Key,
    KeyDecoder,
    Press,
    Typed,
)


def keys(octets: bytes) -> list[Key]:
    decoder = KeyDecoder()
    return decoder.feed(octets) + decoder.settle()


@pytest.mark.parametrize(
    ("octets", "key"),
    [
        (b"\r", Press.ENTER),
        (b"\n", Press.ENTER),
        (b"\r\n", Press.ENTER),
        (b"\x1bOM", Press.ENTER),
        (b"\x08", Press.BACKSPACE),
        (b"\x7f", Press.BACKSPACE),
        (b"\t", Press.TAB),
        (b"\x1b[A", Press.UP),
        (b"\x1bOA", Press.UP),
        (b"\x1b[B", Press.DOWN),
        (b"\x1b[C", Press.RIGHT),
        (b"\x1b[D", Press.LEFT),
        (b"\x1b[1;5C", Press.WORD_RIGHT),
        (b"\x1b[1;3D", Press.WORD_LEFT),
        (b"\x1b[H", Press.HOME),
        (b"\x1bOH", Press.HOME),
        (b"\x1b[1~", Press.HOME),
        (b"\x1b[7~", Press.HOME),
        (b"\x1b[F", Press.END),
        (b"\x1b[4~", Press.END),
        (b"\x1b[3~", Press.DELETE),
        (b"\x1b[5~", Press.PAGE_UP),
        (b"\x1b[6~", Press.PAGE_DOWN),
        (b"\x1bb", Press.WORD_LEFT),
        (b"\x1b\x7f", Press.KILL_WORD),
        (b"\x1b", Press.ESCAPE),
        (b"\x01", Press.HOME),
        (b"\x03", Press.INTERRUPT),
        (b"\x04", Press.END_OF_INPUT),
        (b"\x05", Press.END),
        (b"\x0b", Press.KILL_TO_END),
        (b"\x0c", Press.REDRAW),
        (b"\x15", Press.KILL_TO_START),
        (b"\x17", Press.KILL_WORD),
        (b"\x1b[24;80R", CursorAt(24, 80)),
        (b"\x1b[6n", Echoed()),
        ("水位?".encode(), Typed("水位?")),
        (b"\xff\xfe", Garbled(2)),
    ],
)
def test_what_a_terminal_sends_is_one_key_in_any_pieces(octets: bytes, key: Key) -> None:
    assert keys(octets) == [key]
    decoder = KeyDecoder()
    split = [one for octet in octets for one in decoder.feed(bytes([octet]))] + decoder.settle()
    typed = "".join(one.text for one in split if isinstance(one, Typed))
    garbled = sum(one.octets for one in split if isinstance(one, Garbled))
    assert split == [key] or typed == getattr(key, "text", "") != "" or garbled == 2


@pytest.mark.parametrize(
    "octets",
    [
        b"\0", b"\x11", b"\x13", b"\x1a", b"\x1c",  # breaks, XON, XOFF, keys without a meaning
        b"\x1b[?1;2c", b"\x1b]0;title\x07", b"\x1bP1$r0m\x1b\\", b"\x1b[15~", b"\x1bOP", b"\x1b[I",
        "\u0085\u009b".encode(),
    ],
)  # fmt: skip
def test_what_means_nothing_is_nothing(octets: bytes) -> None:
    assert keys(octets) == []
    assert keys(octets + b"a") == [Typed("a")]


def test_return_and_line_feed_are_one_enter_also_in_two_pieces() -> None:
    decoder = KeyDecoder()
    assert decoder.feed(b"a\r") == [Typed("a"), Press.ENTER]
    assert decoder.feed(b"\nb\r\n\n") == [Typed("b"), Press.ENTER, Press.ENTER]


def test_a_paste_is_text_and_its_lines_are_lines() -> None:
    pasted = b"\x1b[200~allo\tc?\x01\r\nb\x1b[201~?"
    assert keys(pasted) == [
        Typed("allo c?", pasted=True), Press.ENTER, Typed("b", pasted=True), Typed("?"),
    ]  # fmt: skip


def test_ctrl_c_ends_everything_that_was_begun() -> None:
    for begun in (b"\x1b", b"\x1b[", b"\x1b[12", b"\x1bO", b"\x1b]0;x", b"\x1b[200~", b"\xe6\xb0"):
        assert keys(begun + b"\x03a")[-2:] == [Press.INTERRUPT, Typed("a")]


def settles_after_ms(octets: bytes) -> int | None:
    decoder = KeyDecoder()
    decoder.feed(octets)
    return decoder.settles_after_ms


def test_what_is_never_ended_is_given_up() -> None:
    assert [settles_after_ms(begun) for begun in (b"a", b"\x1b[", b"\xe6", b"\x1b[200~x")] == [
        None, SETTLE_MS, SETTLE_MS, PASTE_QUIET_MS,
    ]  # fmt: skip
    decoder = KeyDecoder()
    decoder.feed(b"\x1b[200~x")
    decoder.settle()
    assert decoder.feed(b"x") == [Typed("x")]
    assert keys(b"\x1b[" + b"1" * (CONTROL_MAX + 1) + b"x") == [Typed("x")]
    assert keys(b"\x1b]" + b"1" * (COMMAND_MAX + 1) + b"x") == [Typed("x")]
    assert keys(b"\xe6\xb0") == [Garbled(2)]


def joined(found: list[Key]) -> list[Key]:
    """Runs of typed characters, and of garbled octets, as one each."""
    runs: list[Key] = []
    for key in found:
        match runs[-1] if runs else None, key:
            case Typed() as last, Typed() if last.pasted == key.pasted:
                runs[-1] = Typed(last.text + key.text, key.pasted)
            case Garbled() as last, Garbled():
                runs[-1] = Garbled(last.octets + key.octets)
            case _:
                runs.append(key)
    return runs


PIECES = st.sampled_from([
    b"\x1b", b"\x1b[", b"\x1b[1", b";5", b"~", b"A", b"R", b"O", b"]", b"P", b"\\", b"\x07",
    b"200~", b"201~", b"\r", b"\n", b"\0", b"\xe6", b"\xb0\xb4", b"\xf0\x9f", b"\x80", b"?",
    b"\t", b"\x03",
])  # fmt: skip
OCTETS = st.lists(st.one_of(PIECES, st.binary(max_size=12)), max_size=30).map(b"".join)


@given(OCTETS, st.data())
def test_any_octets_in_any_pieces_are_the_same_keys(octets: bytes, data: st.DataObject) -> None:
    cuts = data.draw(st.lists(st.integers(0, len(octets)), max_size=8).map(sorted))
    whole, decoder = KeyDecoder(), KeyDecoder()
    found: list[Key] = []
    for start, end in zip([0, *cuts], [*cuts, len(octets)], strict=True):
        found += decoder.feed(octets[start:end])
    expected = joined(whole.feed(octets) + whole.settle())
    assert joined(found + decoder.settle()) == expected


@given(OCTETS)
def test_whatever_came_before_a_settled_line_is_understood(octets: bytes) -> None:
    decoder = KeyDecoder()
    decoder.feed(octets)
    decoder.settle()
    text = "状态 status"
    assert decoder.feed(text.encode() + b"\r") == [Typed(text), Press.ENTER]


def test_a_decoder_stays_small_whatever_it_is_fed() -> None:
    decoder = KeyDecoder()
    for piece in (b"\x1b[" + b"1" * 65_536, b"\x1b]" + b"x" * 65_536, b"\xf0\x9f" * 32_768):
        decoder.feed(piece)
        held = sum(sys.getsizeof(value) for value in vars(decoder).values())
        assert held < 4_096
