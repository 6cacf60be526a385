"""Amounts: what a human writes, in exact base units, or refused with examples."""

import pytest

from agent.amounts import AmountError, energy_wh, signed_volume_l, volume_l


@pytest.mark.parametrize(
    ("text", "litres"),
    [
        ("600L", 600),
        ("62500m3", 62_500_000),
        ("62,500 m³", 62_500_000),
        ("6.25万m³", 62_500_000),
        ("0.001m3", 1),
        ("0L", 0),
    ],
)
def test_a_volume_with_its_unit_is_exact(text: str, litres: int) -> None:
    assert volume_l(text) == litres


@pytest.mark.parametrize("text", ["62500,000m3", "1,00m3", "1,,000m3", "0,5m3", "1000,000L"])
def test_a_comma_parts_thousands_and_is_no_decimal_point(text: str) -> None:
    with pytest.raises(AmountError):
        volume_l(text)
    assert volume_l("62,500.5m3") == 62_500_500


def test_an_amount_has_a_bound_in_digits() -> None:
    with pytest.raises(AmountError):
        volume_l("1" + ",000" * 1500 + "m3")


@pytest.mark.parametrize("text", ["", "600", "1.5L", "-3m3", "1e3L", "3 gallons", "0.0001m3", "m3"])
def test_what_is_no_whole_number_of_litres_with_a_unit_is_refused_with_examples(text: str) -> None:
    with pytest.raises(AmountError, match="62500m3"):
        volume_l(text)


def test_an_energy_is_exact_to_the_watt_hour() -> None:
    assert energy_wh("1234.567kWh") == 1_234_567
    with pytest.raises(AmountError, match="kWh"):
        energy_wh("5m3")


def test_a_correction_has_a_sign() -> None:
    assert signed_volume_l("-12.5m3") == -12_500
    assert signed_volume_l(" 600L ") == 600
    with pytest.raises(AmountError):
        signed_volume_l("--5L")
