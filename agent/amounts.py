"""Room rule: a volume or an energy as a human writes it, to integer base units. Exact or refused.

A number without its unit is refused: the slip between litres and cubic metres is a thousandfold,
and an allocation is a legal quantity.
"""

import re
from decimal import Decimal
from unicodedata import normalize

from agent.catalogue import Told

GIVEN_MAX = 60  # of what is said again
# Litres in one of each, as `_folded` writes it: m³ and M3 are m3, full-width digits are digits.
VOLUME_UNITS: dict[str, int] = {
    "l": 1,
    "升": 1,
    "m3": 1000,
    "方": 1000,
    "立方米": 1000,
    "万m3": 10_000_000,
    "万方": 10_000_000,
    "万立方米": 10_000_000,
}
# Watt-hours in one of each.
ENERGY_UNITS: dict[str, int] = {"wh": 1, "kwh": 1000, "度": 1000, "千瓦时": 1000}

# 62500,000 is refused: whoever means a decimal comma would be given a thousandfold.
_AMOUNT = re.compile(
    r"\s*(?P<number>(\d{1,3}(,\d{3}){1,4}|\d{1,15})(\.\d{1,9})?)\s*(?P<unit>\S+)\s*"
)


class AmountError(Told):
    """`given` is no amount; `examples` are."""

    def __init__(self, given: str, examples: str) -> None:
        super().__init__("amount.not_understood", given=given[:GIVEN_MAX], examples=examples)
        self.given = given
        self.examples = examples


def volume_l(text: str) -> int:
    """Litres: `12.5m3`, `600L`, `6.25万m³`. AmountError when it is none, or no whole litre."""
    return _exact(text, VOLUME_UNITS, "62500m3, 6.25万m³, 600L")


def signed_volume_l(text: str) -> int:
    """As `volume_l`, with a sign: `-12.5m3` is water that was counted too much."""
    bare = text.strip()
    return -volume_l(bare[1:]) if bare.startswith("-") else volume_l(bare)


def energy_wh(text: str) -> int:
    """Watt-hours: `1234.5kWh`. AmountError when it is none, or no whole watt-hour."""
    return _exact(text, ENERGY_UNITS, "1234.5kWh, 800Wh")


def _folded(text: str) -> str:
    return normalize("NFKC", text).casefold()


def _exact(text: str, units: dict[str, int], examples: str) -> int:
    found = _AMOUNT.fullmatch(_folded(text))
    if found is None or found["unit"] not in units:
        raise AmountError(text, examples)
    amount = Decimal(found["number"].replace(",", "")) * units[found["unit"]]
    if amount != amount.to_integral_value():
        raise AmountError(text, examples)
    return int(amount)
