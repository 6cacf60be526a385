"""The line's time, with a clock that the test moves: at 9600 baud a character takes 1042 µs.

A transaction is: the request's characters, a gap, the turnaround, the reply's characters. The
master has nothing of a portion before the last of its characters has left.
"""

from dataclasses import dataclass, field

import pytest

from drivers.simulator import frames
from drivers.simulator.faults import Dice, Faults
from drivers.simulator.frames import Request
from drivers.simulator.wire import PORTION_CHARACTERS, Instrument, Timing, Wire

TURNAROUND_US = 5_000
WORDS = {address: 1000 + address for address in range(60)}


def instrument(functions: frozenset[int] = frozenset({3})) -> Instrument:
    return Instrument(functions, TURNAROUND_US, frozenset(range(0, 60, 2)), lambda: WORDS)


def wire(faults: Faults | None = None, *, baud: int = 9600, seed: int = 1) -> Wire:
    units = {1: instrument(), 2: instrument()}
    return Wire(Timing(baud), units, Dice(seed), faults or Faults())


def read(unit: int = 1, address: int = 0, count: int = 2, function: int = 3) -> bytes:
    octets = bytes((unit, function)) + address.to_bytes(2, "big") + count.to_bytes(2, "big")
    return octets + frames.crc16(octets)


def expected(unit: int = 1, address: int = 0, count: int = 2) -> bytes:
    words = [WORDS[at] for at in range(address, address + count)]
    return frames.reply(Request(unit, 3, address, count), words)


@dataclass
class Heard:
    """What the master received, and when."""

    octets: bytes = b""
    portions: list[tuple[int, int]] = field(default_factory=list)


def settle(line: Wire) -> Heard:
    """Run the line until it is quiet, looking at it exactly when it asks to be looked at."""
    heard = Heard()
    for _ in range(1000):
        due_us = line.due_us()
        if due_us is None:
            return heard
        early = line.speak(due_us - 1)
        assert early == b"", "the line handed over what had not arrived yet"
        octets = line.speak(due_us)
        if octets:
            heard.octets += octets
            heard.portions.append((due_us, len(octets)))
    pytest.fail("the line never became quiet")


@pytest.mark.parametrize(("baud", "gap_us"), [(9600, 3_646), (1200, 29_167), (38_400, 1_750)])
def test_a_gap_is_three_and_a_half_characters_up_to_19200_baud(baud: int, gap_us: int) -> None:
    assert Timing(baud).gap_us == gap_us


@pytest.mark.parametrize("baud", [1200, 9600, 115_200])
@pytest.mark.parametrize("count", [1, 2, 20, 60])
def test_a_transaction_takes_the_time_of_its_characters(baud: int, count: int) -> None:
    line = wire(baud=baud)
    line.hear(1_000_000, read(count=count))
    heard = settle(line)
    timing, reply_characters = Timing(baud), 5 + 2 * count
    assert heard.octets == expected(count=count)
    assert heard.portions[-1][0] == (
        1_000_000
        + timing.characters_us(8)
        + timing.gap_us
        + TURNAROUND_US
        + timing.characters_us(reply_characters)
    )


def test_a_long_reply_arrives_in_portions_as_it_leaves() -> None:
    line = wire()
    line.hear(0, read(count=60))
    heard = settle(line)
    assert all(characters <= PORTION_CHARACTERS for _, characters in heard.portions)
    instants = [at_us for at_us, _ in heard.portions]
    portion_us = Timing().characters_us(PORTION_CHARACTERS)
    assert instants[1] - instants[0] == pytest.approx(portion_us, abs=1)


def test_a_request_in_two_pieces_is_one_frame() -> None:
    line = wire()
    line.hear(0, read()[:3])
    line.hear(2_000, read()[3:])
    assert settle(line).octets == expected()


def test_a_request_with_a_pause_inside_is_two_bad_frames() -> None:
    line = wire()
    line.hear(0, read()[:3])
    line.hear(50_000, read()[3:])
    assert settle(line).octets == b""
    assert line.counts.requests == 2


def test_the_next_request_waits_a_gap_after_the_reply() -> None:
    line = wire()
    line.hear(1_000_000, read())
    done_us = settle(line).portions[-1][0]
    line.hear(done_us, read(unit=2))
    again_us = settle(line).portions[-1][0]
    assert again_us - done_us == Timing().gap_us + done_us - 1_000_000


@pytest.mark.parametrize(
    ("request_", "code"),
    [
        (read(function=4), frames.ILLEGAL_FUNCTION),
        (read(function=6), frames.ILLEGAL_FUNCTION),
        (read(address=59, count=2), frames.ILLEGAL_ADDRESS),
        (read(address=500), frames.ILLEGAL_ADDRESS),
        (read(count=0), frames.ILLEGAL_VALUE),
        (read(count=126), frames.ILLEGAL_VALUE),
    ],
)
def test_what_an_instrument_does_not_know_is_refused(request_: bytes, code: int) -> None:
    line = wire()
    line.hear(0, request_)
    assert settle(line).octets == frames.refusal(Request(1, request_[1]), code)


@pytest.mark.parametrize("unit", [0, 9])
def test_nobody_answers_for_another_unit_or_a_broadcast(unit: int) -> None:
    line = wire()
    line.hear(0, read(unit=unit))
    assert settle(line).octets == b""


def test_noise_spoils_frames_and_the_counts_say_so() -> None:
    line = wire(Faults(noise=1.0))
    line.hear(0, read())
    assert settle(line).octets == b""
    assert (line.counts.requests, line.counts.replies, line.counts.spoiled) == (1, 0, 1)


def test_noise_on_some_frames_leaves_the_others_whole() -> None:
    line = wire(Faults(noise=0.3), seed=5)
    answers = []
    for at in range(60):
        line.hear(at * 1_000_000, read())
        answers.append(settle(line).octets)
    whole, silent = answers.count(expected()), answers.count(b"")
    wrong = [one for one in answers if one not in {expected(), b""}]
    assert whole > 10
    assert silent > 5
    assert len(wrong) > 5
    assert all(frames.crc16(one[:-2]) != one[-2:] for one in wrong)


def test_an_adapter_with_echo_gives_the_request_back_before_the_reply() -> None:
    line = wire(Faults(echo=True))
    line.hear(0, read())
    assert settle(line).octets == read() + expected()


def test_a_unit_without_power_is_silent_and_the_others_answer() -> None:
    line = wire(Faults(silent_units=(1,)))
    line.hear(0, read(unit=1))
    assert settle(line).octets == b""
    line.hear(1_000_000, read(unit=2))
    assert settle(line).octets == expected(unit=2)


def test_silence_answers_nothing() -> None:
    line = wire(Faults(silence=1.0))
    line.hear(0, read())
    assert settle(line).octets == b""


def test_a_busy_instrument_says_so() -> None:
    line = wire(Faults(refusal=1.0))
    line.hear(0, read())
    assert settle(line).octets == frames.refusal(Request(1, 3), frames.BUSY)


def test_a_late_reply_comes_exactly_so_late() -> None:
    prompt, late = wire(), wire(Faults(late=1.0, late_ms=700))
    for line in (prompt, late):
        line.hear(0, read())
    assert settle(late).portions[-1][0] - settle(prompt).portions[-1][0] == 700_000


def test_a_late_reply_can_be_taken_for_the_next_one() -> None:
    """Same unit, same length, valid CRC, other registers: what the bus driver must not believe."""
    line = wire(Faults(late=1.0, late_ms=700))
    line.hear(0, read(address=0))
    assert line.speak(500_000) == b""
    line.faults = Faults(silent_units=(1,))
    line.hear(600_000, read(address=10))
    assert settle(line).octets == expected(address=0)


def test_a_reply_has_arrived_with_its_last_character() -> None:
    line = wire()
    line.hear(0, read())
    for arrived in (0, 1):  # the end of the request is due, then that of the reply
        due_us = line.due_us()
        assert due_us is not None
        line.speak(due_us)
        assert (line.counts.replies, line.counts.arrived) == (1, arrived)


def test_two_who_speak_at_once_spoil_each_other() -> None:
    line = wire(Faults(late=1.0, late_ms=700))
    line.hear(0, read(unit=1))
    prompt_us = Timing().characters_us(8) + Timing().gap_us + TURNAROUND_US
    line.speak(prompt_us)
    line.faults = Faults()
    line.hear(prompt_us + 698_000, read(unit=2))
    heard = settle(line).octets
    assert len(heard) == len(expected())
    assert heard != expected(unit=1)
    assert line.counts.replies == 1
    assert line.counts.spoiled == 2


def test_a_torn_word_keeps_a_valid_frame_and_one_wrong_value() -> None:
    line = wire(Faults(torn=1.0))
    line.hear(0, read(count=8))
    heard = settle(line).octets
    assert frames.crc16(heard[:-2]) == heard[-2:]
    words = [int.from_bytes(heard[at : at + 2], "big") for at in range(3, 19, 2)]
    differences = [abs(word - WORDS[at]) for at, word in enumerate(words) if word != WORDS[at]]
    assert differences == [1]


def test_a_master_at_another_speed_is_not_understood() -> None:
    line = wire()
    line.hear(0, read(), spoiled=True)
    assert settle(line).octets == b""


def test_what_was_on_a_pulled_cable_is_lost() -> None:
    line = wire()
    line.hear(0, read())
    line.reset()
    assert line.due_us() is None
