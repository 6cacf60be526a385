"""What the three instruments' registers hold, decoded by hand from their manuals' word orders."""

import struct
from dataclasses import replace

import pytest

from drivers.simulator import images, physics
from drivers.simulator.images import FlowMeter, Image, LevelProbe, PowerMeter
from drivers.simulator.physics import Design, Well

DESIGN = Design()
METER = FlowMeter(initial_total_l=123_456_789)


def pumped(for_ms: int = 100_000) -> Well:
    permitted = physics.set_permitted(Well(), permitted=True)
    return physics.step(DESIGN, physics.press_start(DESIGN, permitted), for_ms)


def cdab(image: Image, address: int, kind: str) -> float:
    """Low word first."""
    octets = struct.pack(">2H", image[address + 1], image[address])
    return float(struct.unpack(f">{kind}", octets)[0])


def abcd(image: Image, address: int) -> float:
    return float(struct.unpack(">f", struct.pack(">2H", image[address], image[address + 1]))[0])


def test_the_flow_meter_shows_flow_and_totals_low_word_first() -> None:
    well = pumped()
    image = images.tuf2000m(METER, DESIGN, well)
    total_l = 123_456_789 + well.forward_nl / physics.NL_PER_L
    assert cdab(image, 0, "f") == pytest.approx(80.0, rel=1e-6)
    assert cdab(image, 8, "i") == total_l // 1000
    assert cdab(image, 10, "f") == pytest.approx(total_l % 1000 / 1000, rel=1e-6)
    assert cdab(image, 114, "f") == pytest.approx(total_l / 1000, rel=1e-7)


def test_integer_and_fraction_give_the_total_to_the_millilitre() -> None:
    """The f32 total alone is only good to 8 litres here: the legal reading is the pair."""
    well = pumped()
    image = images.tuf2000m(METER, DESIGN, well)
    shown_ml = (cdab(image, 8, "i") + cdab(image, 10, "f")) * 1_000_000
    assert shown_ml == pytest.approx(
        images.forward_total_nl(METER, well) / images.NL_PER_ML, abs=1.1
    )


def test_the_fraction_stays_below_one() -> None:
    almost = replace(Well(), forward_nl=images.NL_PER_M3 - 1)
    image = images.tuf2000m(FlowMeter(), DESIGN, almost)
    assert cdab(image, 8, "i") == 0
    assert 0.999998 < cdab(image, 10, "f") < 1


def test_the_forward_total_never_counts_what_ran_back() -> None:
    design = replace(DESIGN, drain_back_ml=50_000)
    well = physics.step(design, physics.press_stop(pumped()), 600_000)
    before = replace(well, reverse_nl=0)
    after = images.tuf2000m(METER, design, well)
    assert cdab(after, 8, "i") == cdab(images.tuf2000m(METER, design, before), 8, "i")
    assert cdab(after, 14, "f") == pytest.approx(well.reverse_nl / images.NL_PER_M3, abs=2e-6)


def test_the_flow_meter_tells_its_health_its_units_and_its_serial() -> None:
    ill = replace(METER, error_bits=0b1000, signal_quality=12)
    image = images.tuf2000m(ill, DESIGN, Well())
    assert (image[71], image[91] & 0xFF) == (0b1000, 12)
    assert (image[1437], image[1438]) == (0, 3)  # m³, times 1
    assert f"{image[1528]:04x}{image[1529]:04x}" == METER.serial


def test_the_flow_meter_wraps_at_its_modulus() -> None:
    last = FlowMeter(initial_total_l=99_999_999_999)
    image = images.tuf2000m(last, DESIGN, replace(Well(), forward_nl=3 * physics.NL_PER_L))
    assert cdab(image, 8, "i") == 0
    assert cdab(image, 10, "f") == pytest.approx(0.002)


def test_the_power_meter_shows_tenths_of_watts_and_kilowatt_hours_high_word_first() -> None:
    meter = PowerMeter(initial_energy_wh=1_234_500)
    well = pumped(3_600_000)
    image = images.dtsu666(meter, DESIGN, well)
    assert abcd(image, 0x2012) == pytest.approx(160_000)
    energy_kwh = images.energy_uj(meter, DESIGN, well) / physics.UJ_PER_WH / 1000
    assert abcd(image, 0x101E) == pytest.approx(energy_kwh, rel=1e-7)
    assert [abcd(image, address) for address in (0x2006, 0x2008, 0x200A)] == [2300.0] * 3


def test_power_is_voltage_times_current_times_factor() -> None:
    image = images.dtsu666(PowerMeter(), DESIGN, pumped())
    volts, amperes = abcd(image, 0x2006) * 0.1, abcd(image, 0x200C) * 0.001
    factor = abcd(image, 0x202A) * 0.001
    assert 3 * volts * amperes * factor == pytest.approx(abcd(image, 0x2012) * 0.1, rel=1e-5)


def test_a_meter_behind_transformers_shows_the_secondary_side() -> None:
    well = pumped(3_600_000)
    direct = images.dtsu666(PowerMeter(), DESIGN, well)
    behind = images.dtsu666(PowerMeter(current_ratio=20), DESIGN, well)
    assert behind[6] == 20
    for address in (0x2012, 0x101E, 0x200C):
        assert abcd(behind, address) * 20 == pytest.approx(abcd(direct, address), rel=1e-6)
    assert abcd(behind, 0x2006) == abcd(direct, 0x2006)


def test_the_level_probe_shows_the_water_column_above_itself_in_millimetres() -> None:
    probe = LevelProbe(depth_mm=50_000)
    well = pumped(3_600_000)
    image = images.qdy30a(probe, DESIGN, well, 9600)
    assert image[4] == 50_000 - physics.level_mm(DESIGN, well)
    assert (image[0], image[1], image[2], image[3]) == (3, 3, 2, 0)


def test_a_probe_that_hangs_dry_shows_zero_and_one_too_deep_its_full_scale() -> None:
    assert images.qdy30a(LevelProbe(depth_mm=10_000), DESIGN, Well(), 9600)[4] == 0
    assert images.qdy30a(LevelProbe(depth_mm=90_000), DESIGN, Well(), 9600)[4] == 32_767
