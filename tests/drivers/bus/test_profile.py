"""Profiles: ours load, and what cannot be is refused with file, row and reason."""

import tomllib
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.core.model import Quantity, Role
from drivers import profile_file
from drivers.plan import Speed
from drivers.profile_file import ProfileError
from drivers.shelf import OWN_FOLDER

NAMES = sorted(path.stem for path in OWN_FOLDER.glob("*.toml"))


def raw(name: str) -> dict[str, Any]:
    return tomllib.loads((OWN_FOLDER / f"{name}.toml").read_text(), parse_float=Decimal)


def problems(given_raw: object, name: str = "tuf2000") -> tuple[str, ...]:
    with pytest.raises(ProfileError) as refused:
        profile_file.parse(given_raw, name, f"{name}.toml")
    return refused.value.problems


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("baud", [1200, 9600, 115200])
def test_our_own_profiles_can_be_read_at_every_speed(name: str, baud: int) -> None:
    often, seldom = profile_file.load(profile_file.find(name)).blocks(Speed(baud))
    asked = [(block.function, block.count) for block in {*often, *seldom}]
    assert len(asked) == len(set(asked)) > 0


def test_there_is_a_profile_for_each_role() -> None:
    assert {profile_file.load(profile_file.find(name)).role for name in NAMES} == set(Role)


def test_a_totalizer_says_where_it_wraps_and_its_step() -> None:
    flow = profile_file.load(profile_file.find("tuf2000"))
    assert flow.modulus(Quantity.FORWARD_TOTAL_L) == 10**11
    assert flow.resolution(Quantity.FORWARD_TOTAL_L) == 1


def edit(path: str, value: object) -> Callable[[dict[str, Any]], None]:
    """Set what stands at `a.0.b`; None removes it."""

    def change(table: Any) -> None:
        *way, last = path.split(".")
        for step in way:
            table = table[int(step) if step.isdecimal() else step]
        if value is None:
            del table[last]
        else:
            table[last] = value

    return change


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (edit("colour", "blue"), "tuf2000.toml: colour is not known here"),
        (edit("role", "kettle"), "role must be one of flow_meter, power_meter, level_probe"),
        (edit("name", "other"), "name is 'other'; it must be the file's own, 'tuf2000'"),
        (edit("line.parity", "X"), "line: parity must be one of N, E, O, not 'X'"),
        (edit("registers_max", 126), "registers_max must be a whole number from 1 to 125"),
        (edit("registers_max", 3), "forward_total_l spans 4 registers; the instrument reads 3"),
        (edit("timeout_ms", "1 s"), "timeout_ms must be a whole number"),
        (edit("quantity", []), "there is no [[quantity]]"),
        (edit("quantity.0.unit", "kWh"), "quantity flow_l_per_h: unit must be one of L/h"),
        (edit("quantity.0.name", "power_w"), "name must be one of flow_l_per_h"),
        (edit("quantity.0.source", None), "flow_l_per_h: source must be a text"),
        (edit("quantity.0.function", 6), "function must be a whole number from 3 to 4, not 6"),
        (edit("quantity.0.range", [5, 4]), "range's high end must be a whole number from 5"),
        (edit("quantity.0.parts", []), "parts is empty"),
        (edit("quantity.0.parts.0.type", "f16"), "part 1: type must be one of u16"),
        (edit("quantity.0.parts.0.word_order", None), "part 1: word_order must be one of high_fir"),
        (edit("quantity.0.parts.0.word_order", "CDAB"), "word_order must be one of high_first, lo"),
        (edit("quantity.0.parts.0.address", 65535), "f32 at 65535 ends beyond register 65535"),
        (edit("quantity.0.parts.0.address", 9), "the values at 8 and 9 share a register"),
        (edit("quantity.0.parts.0.invalid", [1 << 32]), "invalid must be a whole number from 0 to"),
        (edit("quantity.0.guards", ["gate"]), "guards names 'gate', which this file does not have"),
        (edit("quantity.0.modulus", 5), "quantity flow_l_per_h: modulus is not known here"),
        (edit("quantity.1.factors", ["total_unit"]), "factors names 'total_unit'"),
        (edit("quantity.1.modulus", None), "forward_total_l: modulus must be a whole number"),
        (edit("quantity.1.resolution", 0), "resolution must be a whole number from 1"),
        (edit("quantity.2.name", "forward_total_l"), "quantity forward_total_l stands twice"),
        (edit("guard.1.name", "pipe"), "two rows are called pipe"),
        (edit("guard.0.bits", [16]), "guard pipe: a bit must be a whole number from 0 to 15"),
        (edit("guard.0.bits", []), "bits names no bit"),
        (edit("guard.0.fault", "timeout"), "fault must be one of empty_pipe"),
        (edit("guard.2.at_least", 256), "at_least 256 does not fit mask 0x00ff"),
        (edit("factor.1.table.3", Decimal("NaN")), "table 3 must be a number from"),
        (edit("factor.1.table.3", Decimal("1e999999999")), "table 3 must be a number from"),
        (edit("factor.1.table.x", 1), "a code in table must be a whole number"),
        (edit("factor.1.table", {}), "table must be a table that is not empty"),
        (edit("readable", []), "a late reply could be taken for it"),
        (edit("readable.0.last", 70_000), "readable 1: last must be a whole number from 0"),
    ],
)
def test_a_row_that_cannot_be_is_refused(
    change: Callable[[dict[str, Any]], None], problem: str
) -> None:
    table = raw("tuf2000")
    change(table)
    assert any(problem in one for one in problems(table)), problems(table)


def test_all_problems_are_told_at_once() -> None:
    table = raw("dtsu666")
    edit("pause_ms", -1)(table)
    edit("quantity.0.unit", "V")(table)
    edit("factor.0.source", "")(table)
    told = problems(table, "dtsu666")
    assert len(told) == 3
    assert all(one.startswith("dtsu666.toml: ") for one in told)


@pytest.mark.parametrize("content", [b"name = ", b"\xff\xfe", b"a = 1\na = 2"])
def test_a_file_that_is_no_toml_is_refused_with_its_name(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "broken.toml"
    path.write_bytes(content)
    with pytest.raises(ProfileError, match=r"broken\.toml: cannot be read"):
        profile_file.load(path)


def test_a_sites_own_profile_overrides_ours(tmp_path: Path) -> None:
    own = tmp_path / "tuf2000.toml"
    own.write_text((OWN_FOLDER / "tuf2000.toml").read_text())
    assert profile_file.find("tuf2000", [tmp_path]) == own
    assert profile_file.find("dtsu666", [tmp_path]) == OWN_FOLDER / "dtsu666.toml"


def test_an_unknown_profile_is_refused_with_those_there_are(tmp_path: Path) -> None:
    with pytest.raises(ProfileError, match=r"no nowhere\.toml in .*choose one of .*dtsu666"):
        profile_file.find("nowhere", [tmp_path])


LEAVES: st.SearchStrategy[Any] = st.one_of(
    st.integers(-10, 70_000),
    st.decimals(),
    st.text(max_size=5),
    st.booleans(),
    st.sampled_from(["f32", "u16", "high_first", "low_first", "pipe", "m3"]),
)
VALUES = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner),
    max_leaves=6,
)


@given(st.data(), st.sampled_from(NAMES))
def test_any_file_is_a_profile_or_a_list_of_problems(data: st.DataObject, name: str) -> None:
    """Nothing in a file brings the process down: one to three of its values are anything at all."""
    table: Any = raw(name)
    for _ in range(data.draw(st.integers(1, 3))):
        spot = table
        while True:
            keys = range(len(spot)) if isinstance(spot, list) else sorted(spot)
            if not keys:
                break
            key = data.draw(st.sampled_from(list(keys)))
            if not isinstance(spot[key], (dict, list)) or data.draw(st.booleans()):
                spot[key] = data.draw(VALUES)
                break
            spot = spot[key]
    told: tuple[str, ...] = ()
    try:
        profile_file.parse(table, name, name)
    except ProfileError as why:
        told = why.problems
    assert all(one.startswith(name) for one in told)
