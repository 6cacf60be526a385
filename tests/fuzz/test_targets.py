"""Anything at all, and what is nearly right, at every door: one error, never a traceback.

`make soak` tries more; `make fuzz` is led by the coverage.
"""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.fuzz.targets import TARGETS

EXAMPLES = 60
# What is put into a text that was right: the ends of types, of nests, of numbers and of words.
PIECES = [
    b"", b"[" * 3000, b"{" * 9, b'{"a":' * 2000, b"9" * 5000, b"1e999999999", b"-1", b"nan",
    b"0x", b"\0", b"\xff\xfe", b"\xed\xa0\x80", b"\n", b'"', b"=", b"true", b"null", b"[]",
    b"]]", b"\x1b[", b"9223372036854775808", "\u202e".encode(), b"../../etc/shadow", b"%s{0}",
    b"\x80" * 40,
]  # fmt: skip


def spoiled(right: list[bytes]) -> st.SearchStrategy[bytes]:
    """What was right, with up to three pieces of it replaced."""
    edits = st.lists(
        st.tuples(st.integers(0), st.integers(0, 9), st.sampled_from(PIECES)), max_size=3
    )

    def edited(octets: bytes, given_edits: list[tuple[int, int, bytes]]) -> bytes:
        for at, lost, piece in given_edits:
            place = at % (len(octets) + 1)
            octets = octets[:place] + piece + octets[place + lost :]
        return octets

    return st.builds(edited, st.sampled_from(right), edits)


@pytest.mark.parametrize("name", sorted(TARGETS))
def test_whatever_comes_in_is_taken_or_is_one_error(name: str, soak: int) -> None:
    target = TARGETS[name]

    @settings(
        max_examples=EXAMPLES * soak,
        deadline=None,
        database=None,
        derandomize=soak == 1,
        suppress_health_check=list(HealthCheck),
    )
    @given(st.one_of(spoiled(list(target.seeds())), st.binary(max_size=400)))
    def taken(octets: bytes) -> None:
        target.take(octets)

    taken()
