"""The JSON Schema that editors use: never stricter than the loader, and of the same vocabulary."""

import copy
import json
import tomllib
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers import profile_file, sections
from drivers.identity import Form
from drivers.profile import Confidence
from drivers.profile_file import ProfileError
from drivers.registers import Order, Type
from drivers.shelf import OWN_FOLDER
from drivers.units import TOTALIZERS, UNITS
from tests.drivers.profiles.schema import faults

SCHEMA = json.loads((OWN_FOLDER / "profile.schema.json").read_text(encoding="utf-8"))
PATHS = sorted(OWN_FOLDER.glob("*.toml"))
RAW = {path.stem: tomllib.loads(path.read_text(), parse_float=Decimal) for path in PATHS}


@pytest.mark.parametrize("name", RAW)
def test_every_profile_of_ours_fits(name: str) -> None:
    assert not list(faults(SCHEMA, RAW[name]))


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.stem)
def test_every_profile_names_the_schema_for_editors(path: Any) -> None:
    assert path.read_text().startswith("#:schema profile.schema.json\n")


def test_it_knows_the_words_that_the_loader_knows() -> None:
    top, defined = SCHEMA["properties"], SCHEMA["$defs"]
    row, guard = top["quantity"]["items"], top["guard"]["items"]["properties"]
    assert set(defined["type"]["enum"]) == set(Type)
    assert set(defined["order"]["enum"]) == set(Order)
    assert set(top["confidence"]["enum"]) == set(Confidence)
    assert set(top["serial"]["properties"]["form"]["enum"]) == set(Form)
    assert set(guard["fault"]["enum"]) == set(sections.GUARD_FAULTS)
    units = {quantity: set(known) for of in UNITS.values() for quantity, known in of.items()}
    assert {one["properties"]["name"]["const"] for one in row["oneOf"]} == set(units)
    for one in row["oneOf"]:
        name = one["properties"]["name"]["const"]
        assert set(one["properties"]["unit"]["enum"]) == units[name]
        assert ("required" in one) == (name in TOTALIZERS)
    for one in SCHEMA["oneOf"]:
        role = one["properties"]["role"]["const"]
        names = one["properties"]["quantity"]["items"]["properties"]["name"]["enum"]
        assert set(names) == set(UNITS[role])


STRANGE: list[Any] = [
    *(0, -1, 1, Decimal("1.5"), 70_000, "", " ", "f32", "u16", "high_first", "m3", "0x10"),
    *(True, False, [], {}, [1], [0, 1], {"a": 1}, {"1": 1}, {"1": "x"}),
]
KEYS = [
    *("bits", "mask", "equals", "at_least", "one_of", "between", "unit_id", "codes", "table"),
    *("colour", "modulus", "word_order", "times", "wake", "serial", "template"),
]


def spots(table: Any) -> list[Any]:
    """The table and all that is inside it."""
    inner = table.values() if isinstance(table, dict) else table
    found = [spot for one in inner if isinstance(one, (dict, list)) for spot in spots(one)]
    return [table, *found]


def spoil(data: st.DataObject, table: Any) -> None:
    spot = data.draw(st.sampled_from(spots(table)))
    keys: list[Any] = sorted(spot) if isinstance(spot, dict) else list(range(len(spot)))
    if isinstance(spot, dict) and (not keys or data.draw(st.booleans())):
        keys = KEYS
    if keys:
        key = data.draw(st.sampled_from(keys))
        if key in spot if isinstance(spot, dict) else data.draw(st.booleans()):
            spot.pop(key)
        if isinstance(spot, dict) and data.draw(st.booleans()):
            spot[key] = copy.deepcopy(data.draw(st.sampled_from(STRANGE)))


@given(st.data(), st.sampled_from(sorted(RAW)))
def test_what_the_schema_refuses_the_loader_refuses(data: st.DataObject, name: str) -> None:
    table = copy.deepcopy(RAW[name])
    spoil(data, table)
    if next(faults(SCHEMA, table), None) is not None:
        with pytest.raises(ProfileError):
            profile_file.parse(table, name, name)
