"""Whatever comes out of a line or a file: no crash, and nothing believed that was not said.

`make soak` runs millions of cases. The seed is printed; `--hypothesis-seed` repeats one.
"""

import random
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, seed, settings
from hypothesis import strategies as st

from drivers import profile_file
from drivers.plan import Block
from drivers.profile_file import ProfileError
from drivers.registers import Register, evaluate
from drivers.reply import reply_in, sealed
from drivers.shelf import OWN_FOLDER

EXAMPLES = 250
# Each example of a frame is heard in so many spoiled ways.
WAYS = 200

Fuzz = Callable[[Callable[..., None], str], None]


@pytest.fixture
def fuzz(request: pytest.FixtureRequest, soak: int, capsys: pytest.CaptureFixture[str]) -> Fuzz:
    """Run a given test with as many examples as the soak asks for, under a seed that is said."""
    chosen = request.config.getoption("hypothesis_seed", None)
    # The same cases in every `make test`, others in every `make soak`.
    own = random.randrange(2**32) if soak > 1 else 0
    number = own if chosen is None else int(chosen)

    def run(test: Callable[..., None], cases: str) -> None:
        with capsys.disabled():
            print(f"\n{cases}: {EXAMPLES * soak} examples, --hypothesis-seed={number}")
        unhurried = settings(
            max_examples=EXAMPLES * soak,
            deadline=None,
            database=None,
            suppress_health_check=list(HealthCheck),
        )
        seed(number)(unhurried(test))()

    return run


FUNCTIONS = st.sampled_from([3, 4])
WORDS = st.lists(st.integers(0, 0xFFFF), min_size=1, max_size=125)


def spoiled(chance: random.Random, frame: bytes) -> bytes:
    """A frame with its octets turned, lost, doubled, or among others."""
    octets = bytearray(frame)
    for _ in range(chance.randrange(4)):
        at = chance.randrange(len(octets) + 1)
        match chance.randrange(5):
            case 0 if at < len(octets):
                octets[at] ^= 1 << chance.randrange(8)
            case 1:
                del octets[at : at + chance.randrange(4)]
            case 2:
                octets[at:at] = octets[at : at + chance.randrange(8)]
            case 3:
                octets[at:at] = chance.randbytes(chance.randrange(8))
            case _:
                octets = bytearray(chance.randbytes(chance.randrange(16))) + octets
    return bytes(octets)


def test_the_frame_decoder_hears_only_what_answers_the_question(fuzz: Fuzz) -> None:
    """What it hands on is in what came, whole, of this unit and function, with this many words."""

    @given(st.integers(1, 247), FUNCTIONS, WORDS, st.randoms(use_true_random=False))
    def heard(unit: int, function: int, words: list[int], chance: random.Random) -> None:
        block = Block(function, 0, len(words))
        content = b"".join(word.to_bytes(2, "big") for word in words)
        whole = sealed(bytes((unit, function, len(content))) + content)
        assert reply_in(whole, unit, block) == whole
        for _ in range(WAYS):
            octets = spoiled(chance, whole)
            frame = reply_in(octets, unit, block)
            assert frame in octets
            if not frame:
                continue
            assert frame[0] == unit
            assert sealed(frame[:-2]) == frame
            if frame[1] == function:
                assert (frame[2], len(frame)) == (len(content), len(whole))
            else:
                assert (frame[1], len(frame)) == (function | 0x80, 5)

    fuzz(heard, f"frames, each heard in {WAYS} ways")


def test_the_frame_decoder_takes_any_octets(fuzz: Fuzz) -> None:
    @given(st.binary(max_size=600), st.integers(1, 247), FUNCTIONS, st.integers(1, 125))
    def heard(octets: bytes, unit: int, function: int, count: int) -> None:
        frame = reply_in(octets, unit, Block(function, 0, count))
        assert frame == b"" or (frame in octets and sealed(frame[:-2]) == frame)

    fuzz(heard, "octets")


PATHS = sorted(OWN_FOLDER.glob("*.toml"))
TEXTS = {path.stem: path.read_text(encoding="utf-8") for path in PATHS}
PIECES = st.sampled_from(
    ["[[", "]]", "=", '"', "{", "}", ",", "\n", "0x", "nan", "1e400", "-1", "65536", "true",
     "[[quantity]]", "[[readable]]", "function = 6", 'type = "u64"', "\u0000", "\ufeff", "999999"]
)  # fmt: skip


def test_the_profile_loader_takes_any_file(fuzz: Fuzz, tmp_path: Any) -> None:
    """A profile, or a list of what is wrong with it that names the file; never anything else."""

    @given(st.sampled_from(sorted(TEXTS)), st.lists(st.tuples(st.integers(0, 9_999), PIECES)))
    def loaded(name: str, edits: list[tuple[int, str]]) -> None:
        text = TEXTS[name]
        for at, piece in edits[:4]:
            place = at % (len(text) + 1)
            text = text[:place] + piece + text[place + at % 7 :]
        path = tmp_path / f"{name}.toml"
        path.write_text(text, encoding="utf-8", errors="surrogatepass")
        problems: tuple[str, ...] = ()
        functions: set[int] = set()
        try:
            kind = profile_file.load(path)
            functions = {one.function for group in kind.blocks(kind.line) for one in group}
        except ProfileError as why:
            problems = why.problems
        assert bool(problems) is not bool(functions)
        assert all(str(path) in one for one in problems)
        assert functions <= {3, 4}

    fuzz(loaded, "profiles")


def test_any_words_are_a_value_in_range_or_a_fault(fuzz: Fuzz) -> None:
    """Whatever an instrument's registers hold, what is good is within what its profile allows."""
    kinds = {path.stem: profile_file.load(path) for path in PATHS}

    @given(st.sampled_from(sorted(kinds)), st.randoms(use_true_random=False))
    def evaluated(name: str, chance: random.Random) -> None:
        kind = kinds[name]
        blocks = [block for group in kind.blocks(kind.line) for block in group]
        odd = (0, 1, 0x7F80, 0x7FC0, 0x7FFF, 0x8000, 0xFFFF)
        words: dict[Register, int] = {
            register: chance.choice((*odd, chance.randrange(0x10000)))
            for block in blocks
            for register in block.registers()
        }
        factors = {one.name: one.of(words[one.at]) for one in kind.factors}
        for row in kind.rows:
            value, fault = evaluate(row, words, factors)
            if fault is None:
                assert value is not None
                assert row.low <= value <= row.high

    fuzz(evaluated, "registers")
