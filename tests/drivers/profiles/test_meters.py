"""Each profile against registers written down a second time: values, identity, serial number."""

from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from agent.core.model import Fault, Quality
from agent.core.supply import VOLTAGES
from drivers import profile, profile_file
from drivers.profile import Confidence, Profile
from drivers.registers import Register
from drivers.shelf import OWN_FOLDER
from tests.drivers.profiles.encoder import DEPTH_MM, Image, f32, put, read_back, swapped
from tests.drivers.profiles.meters import (
    ENERGY,
    FLOW,
    FORWARD,
    LEVEL,
    LOOKALIKES,
    METERS,
    PHASES,
    POWER,
    UNIT,
)

PROFILES = {path.stem: profile_file.load(path) for path in sorted(OWN_FOLDER.glob("*.toml"))}
PAIRS = [(one, other) for one in METERS for other in METERS if one != other]


class Zeros(dict[Register, int]):
    """An instrument that answers registers it does not have with 0."""

    def __missing__(self, register: Register) -> int:
        return 0


def known(one: Profile, image: Image) -> Image:
    """What the requests that identify it bring."""
    registers = {register for block in one.identity_blocks() for register in block.registers()}
    return {register: image.get(register, 0) for register in registers}


def test_every_profile_has_a_meter_written_down() -> None:
    assert METERS.keys() == PROFILES.keys()


@pytest.mark.parametrize("name", METERS)
def test_it_shows_what_the_meter_shows(name: str) -> None:
    readings = read_back(PROFILES[name], METERS[name].image)
    shown = {
        quantity: DEPTH_MM - reading.value if quantity is LEVEL else reading.value
        for quantity, reading in readings.items()
        if reading.quality is Quality.GOOD and reading.value is not None
    }
    assert shown == METERS[name].shows


@pytest.mark.parametrize("name", METERS)
def test_its_serial_number_is_that_of_the_plate(name: str) -> None:
    one, meter = PROFILES[name], METERS[name]
    assert (one.serial is None) == (meter.serial is None)
    if one.serial is not None:
        assert one.serial.read(known(one, meter.image)) == meter.serial
        for blank in (0, 0xFFFF):
            empty = dict.fromkeys(one.serial.block.registers(), blank)
            assert one.serial.read(empty) is None


@pytest.mark.parametrize("name", METERS)
def test_it_is_recognised_as_itself_and_as_its_lookalikes_alone(name: str) -> None:
    """Even when it answers every question of the others with zeros."""
    image: Image = {}
    for one in PROFILES.values():
        image |= known(one, METERS[name].image)
    found = [one.name for one in profile.recognised(PROFILES.values(), image, UNIT)]
    expected = {name} | LOOKALIKES.get(name, set())
    assert set(found) == expected - {"generic"}


@pytest.mark.parametrize("name", METERS)
def test_who_refuses_a_question_of_its_probe_is_somebody_else(name: str) -> None:
    one = PROFILES[name]
    whole = known(one, METERS[name].image)
    assert one.is_of(whole, UNIT)
    for block in {probe.block for probe in one.probes}:
        without = {at: word for at, word in whole.items() if at not in set(block.registers())}
        assert not one.is_of(without, UNIT)
    assert not one.is_of(dict.fromkeys(whole, 0), UNIT)


def test_the_kind_with_the_most_proof_comes_first() -> None:
    image: Image = {}
    for one in PROFILES.values():
        image |= known(one, METERS["sdm630"].image)
    assert profile.recognised(PROFILES.values(), image, UNIT)[0].name == "sdm630"


def test_a_model_register_is_asked_alone() -> None:
    """EM24 and EM340 hold half a voltage there when it is read with its neighbour."""
    for name in ("em24", "em340"):
        alone = [block for block in PROFILES[name].identity_blocks() if block.address == 0x0B]
        assert [block.count for block in alone] == [1]
        assert not any(span.covers(alone[0]) for span in _planned(PROFILES[name]))


def _planned(one: Profile) -> list[Any]:
    often, seldom = one.blocks(one.line)
    return [*often, *seldom]


@pytest.mark.parametrize("name", METERS)
def test_no_request_leaves_what_the_manual_lists(name: str) -> None:
    one = PROFILES[name]
    for block in _planned(one):
        assert any(span.covers(block) for span in one.limits.readable)
        assert block.count <= one.limits.registers_max
        assert block.count % one.limits.count_step == 0


@pytest.mark.parametrize("name", ["sdm120", "sdm220", "sdm230", "sdm630"])
def test_an_eastron_is_asked_for_an_even_number_from_an_even_register(name: str) -> None:
    assert all(block.address % 2 == block.count % 2 == 0 for block in _planned(PROFILES[name]))


def test_whoever_rests_on_less_than_two_sources_says_so() -> None:
    weak = {
        name
        for name, one in PROFILES.items()
        if one.confidence in (Confidence.INFERRED, Confidence.ONE_SOURCE)
    }
    assert {"promag", "imag", "xintai", "m2000", "ifc300", "s462", "leveltroll"} <= weak
    assert all(PROFILES[name].doubts for name in weak)


# --- the worked examples of manuals and real instruments, beyond those in METERS -----------------


def tuf(**words: Any) -> Image:
    image = METERS["tuf2000"].image
    for address, values in words.items():
        put(image, 3, int(address[1:]), values)
    return image


def test_the_dump_of_a_real_tuf_has_no_good_flow() -> None:
    """Its register 72 is 4 (poor signal) together with a quality of 38."""
    readings = read_back(PROFILES["tuf2000"], tuf(r71=[4], r91=[0x0326]))
    assert (readings[FLOW].fault, readings[FORWARD].fault) == (Fault.NO_SIGNAL, None)


@pytest.mark.parametrize(
    ("unit", "multiplier", "litres"),
    [(0, 3, 62_500_250), (0, 0, 62_500), (1, 3, 62_500), (1, 7, 625_002_500), (2, 3, 236_589)],
)
def test_a_tuf_counts_in_its_own_unit_and_multiplier(
    unit: int, multiplier: int, litres: int
) -> None:
    """N + Nf = 62500.25 of them, times 10 to the power of k - 3; a US gallon is 3.785411784 L."""
    readings = read_back(PROFILES["tuf2000"], tuf(r1437=[unit, multiplier]))
    assert readings[FORWARD].value == litres


@pytest.mark.parametrize("unit", [6, 7, 8])
def test_a_tuf_that_counts_barrels_is_refused(unit: int) -> None:
    readings = read_back(PROFILES["tuf2000"], tuf(r1437=[unit, 3]))
    assert readings[FORWARD].fault is Fault.INVALID
    assert readings[FLOW].fault is None  # always in m3/h


def test_the_status_of_a_tuf_is_told_in_words() -> None:
    (status,) = PROFILES["tuf2000"].statuses
    assert status.says(0) == ()
    assert status.says(0b1_0100) == ("poor signal", "hardware failed")
    assert status.says(1 << 13) == ("bit 13",)


@pytest.mark.parametrize(
    ("name", "at", "word", "fault", "told"),
    [
        ("tuf2000", (3, 71), 1 << 0, Fault.NO_SIGNAL, "no signal"),
        ("tuf2000", (3, 71), 1 << 1, Fault.NO_SIGNAL, "low signal"),
        ("tuf2000", (3, 71), 1 << 3, Fault.EMPTY_PIPE, "pipe empty"),
        ("tuf2000", (3, 71), 1 << 4, Fault.DEVICE_FAULT, "hardware failed"),
        ("tuf2000", (3, 71), 1 << 5, None, "adjusting gain"),
        ("tuf2000", (3, 91), 0x633B, Fault.NO_SIGNAL, None),  # quality 59; the high byte is a step
        ("lmag", (4, 0x1022), 1, None, "flow above the high limit"),
        ("lmag", (4, 0x1023), 1, None, "flow below the low limit"),
        ("lmag", (4, 0x1024), 1, Fault.EMPTY_PIPE, "pipe empty"),
        ("lmag", (4, 0x1025), 1, Fault.DEVICE_FAULT, "excitation failed"),
        ("m2000", (3, 262), 1 << 0, Fault.DEVICE_FAULT, "detector error"),
        ("m2000", (3, 262), 1 << 1, Fault.EMPTY_PIPE, "pipe empty"),
        ("m2000", (3, 262), 1 << 2, None, "flow over full scale"),
        ("m2000", (3, 262), 1 << 5, Fault.INVALID, "flow is simulated"),
        ("s462", (3, 0x1D), 59, Fault.NO_SIGNAL, None),
        ("s462", (3, 0x1E), 1, Fault.DEVICE_FAULT, "abnormal"),
        ("xintai", (3, 0x1C), 1 << 3, None, "battery low"),
        ("aquamaster3", (4, 1022), 2, None, "battery failed"),
        ("dtsu666", (3, 0x2C), 1, None, "DL/T 645"),
        ("pzem", (4, 9), 0xFFFF, None, "power above the alarm's threshold"),
        ("leveltroll", (3, 57), 3, Fault.DEVICE_FAULT, "error"),
        ("leveltroll", (3, 55), 2, Fault.INVALID, None),
    ],
)
def test_what_an_instrument_says_of_its_health(
    name: str, at: tuple[int, int], word: int, fault: Fault | None, told: str | None
) -> None:
    """In the fault of its first quantity, and in words."""
    one, image = PROFILES[name], METERS[name].image
    image[Register(*at)] = word
    assert read_back(one, image)[one.rows[0].quantity].fault is fault
    said = [text for status in one.statuses if status.at == at for text in status.says(word)]
    assert said == ([] if told is None else [told])


@pytest.mark.parametrize("name", ["dtsu666", "adl400_secondary", "adl3000"])
def test_each_value_is_multiplied_by_the_ratios_of_its_transformers(name: str) -> None:
    one, meter = PROFILES[name], METERS[name]
    before = read_back(one, meter.image)
    image = meter.image
    for factor, times in zip(one.factors, (2, 3), strict=True):
        image[factor.at] *= times
    after = read_back(one, image)
    ratio = {factor.name: times for factor, times in zip(one.factors, (2, 3), strict=True)}
    for quantity, reading in before.items():
        times = 6
        if quantity in PHASES:
            times = ratio["voltage_ratio" if quantity in VOLTAGES else "current_ratio"]
        assert after[quantity].value == times * (reading.value or 0)


@pytest.mark.parametrize(
    ("word", "told", "fault"),
    [(0x00AA, "pipe full", None), (0x0055, "pipe empty", Fault.EMPTY_PIPE)]
    + [(word, f"code {word}", Fault.EMPTY_PIPE) for word in (0, 1, 0xAA00, 0xFFFF)],
)
def test_a_xintai_says_by_a_magic_number_that_its_pipe_is_full(
    word: int, told: str, fault: Fault | None
) -> None:
    image = METERS["xintai"].image
    put(image, 3, 7, [word])
    pipe = next(status for status in PROFILES["xintai"].statuses if status.name == "pipe")
    assert pipe.says(word) == (told,)
    assert read_back(PROFILES["xintai"], image)[FLOW].fault is fault


@pytest.mark.parametrize(
    ("code", "litres_per_hour"),
    [(0, 2_898), (1, 48), (2, 1), (4, 48_300), (5, 805), (6, None), (8, None), (9, None)],
)
def test_an_lmag_states_the_unit_of_its_flow(code: int, litres_per_hour: int | None) -> None:
    """0.805 of L/s, L/min, L/h, m3/min, m3/h; a unit of mass is no flow."""
    image = METERS["lmag"].image
    put(image, 4, 0x1010, f32(0.805))
    put(image, 4, 0x1020, [code])
    assert read_back(PROFILES["lmag"], image)[FLOW].value == litres_per_hour


def test_a_badger_whose_totals_are_floats_is_never_believed() -> None:
    """The profile takes them for doubles; a float with two empty registers is out of range."""
    image = METERS["m2000"].image
    put(image, 3, 207, [*f32(62_500.25), 0, 0])
    assert read_back(PROFILES["m2000"], image)[FORWARD].fault is Fault.OUT_OF_RANGE


def test_an_sdm630_with_its_words_the_other_way_round_is_not_believed() -> None:
    image = METERS["sdm630"].image
    for address in (0x34, 0x48):
        put(image, 4, address, swapped([image[Register(4, address + i)] for i in range(2)]))
    put(image, 3, 0x28, [0xD000, 0x4505])
    readings = read_back(PROFILES["sdm630"], image)
    assert {readings[POWER].fault, readings[ENERGY].fault} == {Fault.INVALID}


@pytest.mark.parametrize(
    ("name", "function", "address", "words", "quantity"),
    [
        ("em24", 3, 0x28, [0x0000, 0x7FFF], POWER),  # 7FFF in the high word
        ("em24", 3, 0x3E, [0x1234, 0x7FFF], ENERGY),
        ("em340", 3, 0x34, [0xFFFF, 0x7FFF], ENERGY),
        ("b23", 3, 0x5000, [0xFFFF] * 4, ENERGY),
        ("b23", 3, 0x5B14, [0x7FFF, 0xFFFF], POWER),
        ("promag", 3, 2609, [0x0000, 0x7FC0], FORWARD),  # NaN, low word first
        ("keller", 3, 2, [0x7FC0, 0x0000], LEVEL),
        ("qdy30a", 3, 4, [0x0000], LEVEL),
        ("qdy30a", 3, 4, [0x7FFF], LEVEL),
    ],
)
def test_what_an_instrument_sends_for_no_value_is_none(
    name: str, function: int, address: int, words: list[int], quantity: Any
) -> None:
    image = METERS[name].image
    put(image, function, address, words)
    assert read_back(PROFILES[name], image)[quantity].fault is Fault.INVALID


@pytest.mark.parametrize("name", ["mag6000", "ifc300", "em24"])
def test_a_setting_that_would_falsify_a_value_is_refused(name: str) -> None:
    """A totalizer that counts net or in reverse; an application that moves the registers."""
    image, at = METERS[name].image, PROFILES[name].factors[0].at
    good = image[at]
    for word in range(20):
        image[at] = word
        faults = {reading.fault for reading in read_back(PROFILES[name], image).values()}
        assert (Fault.INVALID in faults) == (word != good)


def test_a_bar_is_ten_metres_and_two_hundred_millimetres_of_water() -> None:
    assert PROFILES["keller"].rows[0].scale == Fraction(10_000_000_000, 980_665)


def test_profiles_lie_where_the_package_looks(tmp_path: Path) -> None:
    assert profile_file.find("lmag", [tmp_path]) == OWN_FOLDER / "lmag.toml"
