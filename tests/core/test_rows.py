"""Room rule: what is stored is what comes back, and what does not fit is refused by name."""

import json
import typing
from dataclasses import dataclass, fields, is_dataclass
from enum import Enum

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent import rows
from agent.core import model
from agent.core.interlock import Standing, Watch
from agent.core.model import (
    Action,
    Allocate,
    AllocationKind,
    Body,
    Condition,
    ConditionKind,
    Entry,
    Fault,
    FitMeter,
    Moment,
    OpenYear,
    Quality,
    Quantity,
    Reading,
    RelayMoved,
    Role,
    Sample,
    Started,
    Verdict,
)
from agent.core.state import State

KINDS = sorted(rows.BODIES)

# Text as JSON can carry it in UTF-8: lone surrogates have no bytes.
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)


@st.composite
def readings(draw: st.DrawFn) -> Reading:
    role, quantity = draw(st.sampled_from(Role)), draw(st.sampled_from(Quantity))
    if draw(st.booleans()):
        return Reading(role, quantity, draw(st.integers()), Quality.GOOD)
    quality = draw(st.sampled_from([Quality.SUSPECT, Quality.BAD]))
    value = draw(st.none() | st.integers())
    return Reading(role, quantity, value, quality, draw(st.sampled_from(Fault)))


st.register_type_strategy(Reading, readings())
st.register_type_strategy(str, TEXT)


def bodies(kind: str) -> st.SearchStrategy[Body]:
    strategy: st.SearchStrategy[Body] = st.from_type(rows.BODIES[kind])
    return strategy


@pytest.mark.parametrize("kind", KINDS)
def test_every_body_comes_back_as_it_was(kind: str) -> None:
    @settings(max_examples=30, deadline=None)
    @given(bodies(kind))
    def comes_back(body: Body) -> None:
        stored_as, text = rows.encode_body(body)
        assert stored_as == kind
        assert rows.decode_body(kind, text) == body
        assert rows.to_row(body) == json.loads(text)

    comes_back()


@settings(max_examples=30, deadline=None)
@given(st.from_type(State))
def test_every_state_comes_back_as_it_was(state: State) -> None:
    text = rows.dumps(rows.to_row(state))
    assert rows.from_row(State, json.loads(text)) == state


@pytest.mark.parametrize("kind", KINDS)
def test_any_json_is_a_body_or_a_row_error(kind: str) -> None:
    """Never another exception: the caller says which record is wrong, and goes on."""
    plain = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5)
    json_values = st.recursive(plain, lambda inner: st.lists(inner, max_size=10), max_leaves=20)

    @settings(max_examples=30, deadline=None)
    @given(json_values)
    def is_read_or_refused(value: object) -> None:
        try:
            body = rows.from_row(rows.BODIES[kind], value)
        except rows.RowError:
            return
        assert isinstance(body, rows.BODIES[kind])

    is_read_or_refused()


def test_kinds_are_the_names_of_the_classes() -> None:
    assert rows.kind_of(RelayMoved) == "relay_moved"
    assert set(rows.BODIES.values()) == set(typing.get_args(model.Body))
    assert sorted(rows.ENTRIES) == [
        "allocate",
        "allocate_energy",
        "begin_limit",
        "convert",
        "correct",
        "fit_meter",
        "lay_up",
        "limit",
        "open_year",
        "override",
        "rate",
        "released",
        "remove_meter",
        "resume",
        "rolled_over",
        "stopped",
        "threshold_set",
    ]


def test_a_row_is_positional_and_compact() -> None:
    allocate = Allocate(2026, AllocationKind.PLAN, 100_000, "甲 7", "li", None)
    assert rows.encode_body(allocate) == (
        "allocate",
        '[2026,"plan",100000,"甲 7","li",null]'.encode(),
    )
    assert rows.dumps(rows.to_row(State())) == b"[]"


def test_trailing_defaults_are_left_off_and_others_are_not() -> None:
    year = OpenYear(2026, None, 500, 0)
    assert rows.to_row(year) == [2026, None, 500, 0]
    assert rows.to_row(OpenYear(2026, None, 500, 0, apportioned=True)) == [2026, None, 500, 0, True]
    state = State(permitted=True)
    assert rows.to_row(state) == [[], None, [], [], True]


def test_a_shorter_row_has_the_defaults_of_what_it_lacks() -> None:
    """A row that an older version wrote, before the field existed."""
    assert rows.decode_body("open_year", b"[2026,null,500,0]") == OpenYear(2026, None, 500, 0)
    sample = rows.decode_body("sample", b"[1,2,3,4,5,true,6,7]")
    assert isinstance(sample, Sample)
    assert sample.faults == ()
    assert rows.from_row(State, []) == State()


@pytest.mark.parametrize(
    ("kind", "text", "why"),
    [
        ("sampler", b"[]", "'sampler' is unknown to this version"),
        ("started", b'["1","b",true,[],"",0]', "has 5 fields, the row 6"),
        ("started", b'["1","b"]', "has 5 fields, the row 2"),
        ("started", b"{}", "expected a list"),
        ("started", b"null", "expected a list"),
        ("started", b'["1","b",1]', "expected bool, found 1"),
        ("started", b'[1,"b",true]', "expected str, found 1"),
        ("allocate", b'[true,"plan",1,"d","a",null]', "expected int, found True"),
        ("allocate", b'[2026,"plan",1.0,"d","a",null]', "expected int, found 1.0"),
        ("allocate", b'[2026,"gift",1,"d","a",null]', "'gift' is no AllocationKind"),
        ("allocate", b'[2026,["plan"],1,"d","a",null]', "is no AllocationKind"),
        ("allocate", b'[2026,"plan",1,"d","a","7"]', "expected int, found '7'"),
        ("relay_moved", b"[true,false,null,1,1]", "expected a list"),
        ("relay_moved", b'[true,false,["rain"],1,1]', "'rain' is no ConditionKind"),
        (
            "sample",
            b'[1,2,3,4,5,true,1,1,[["flow_meter","flow_l_per_h",null,"good"]]]',
            "no Reading is like this: a good reading has a value",
        ),
        ("started", b'["1","b",true', "is no JSON"),
        ("started", b'["\xff","b",true]', "is no JSON"),
        ("started", b"[" * 100_000, "is no JSON"),
        ("allocate", b"[" + b"9" * 5000 + b"]", "is no JSON"),
    ],
)
def test_what_does_not_fit_is_refused_and_says_why(kind: str, text: bytes, why: str) -> None:
    with pytest.raises(rows.RowError, match=why):
        rows.decode_body(kind, text)


# --- unions of dataclasses ---------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Shelf:
    entry: Entry
    spare: Entry | None = None
    count: int = 0


@settings(max_examples=30, deadline=None)
@given(st.from_type(Shelf))
def test_a_member_of_a_union_carries_its_kind(shelf: Shelf) -> None:
    row = rows.to_row(shelf)
    assert row[0][0] == rows.kind_of(type(shelf.entry))
    assert rows.from_row(Shelf, row) == shelf


@pytest.mark.parametrize(
    ("row", "why"),
    [
        ([[]], "kind None is unknown"),
        ([["rain", 1]], "kind 'rain' is unknown"),
        ([[["allocate"], 1]], "is unknown"),
        ([None], "expected a list"),
        (None, "expected a list"),
        ([["rolled_over", 1, 2]], "has 4 fields, the row 2"),
    ],
)
def test_a_kind_that_does_not_fit_is_refused(row: rows.Row, why: str) -> None:
    with pytest.raises(rows.RowError, match=why):
        rows.from_row(Shelf, row)


@dataclass(frozen=True, slots=True)
class Mixed:
    either: Allocate | FitMeter | int


@dataclass(frozen=True, slots=True)
class Choice:
    either: int | str


@dataclass(frozen=True, slots=True)
class Fraction:
    share: float


@pytest.mark.parametrize("kind", [Mixed, Choice, Fraction])
def test_a_type_that_has_no_row_is_our_own_fault(kind: type) -> None:
    with pytest.raises(AssertionError):
        rows.from_row(kind, [1])


def test_a_value_that_has_no_row_is_our_own_fault() -> None:
    with pytest.raises(AssertionError, match="float has no row"):
        rows.to_row(Fraction(0.5))


# --- for readers without the declaration ---------------------------------------------------------


def test_a_value_can_be_had_under_the_names_of_its_fields() -> None:
    moment = Moment(5, 6, "b", trusted=True)
    standing = Standing(
        (Watch(ConditionKind.SHORT_CYCLE, moment),),
        (Condition(ConditionKind.SHORT_CYCLE, moment, Action.HOLD_OFF),),
    )
    since = {"utc_ms": 5, "monotonic_ms": 6, "boot": "b", "trusted": True}
    assert rows.named(standing) == {
        "watches": [{"kind": "short_cycle", "since": since, "stage": 0, "held_ms": 0}],
        "conditions": [
            {
                "kind": "short_cycle",
                "since": since,
                "action": "hold_off",
                "latched": False,
                "level": 0,
            }
        ],
        "trips": [],
        "seen_ms": 0,
    }
    assert rows.named(Started("1", "b", relay_permitted=False)) == {
        "version": "1",
        "boot": "b",
        "relay_permitted": False,
        "declared": [],
        "settings_sha256": "",
    }


def test_every_type_that_is_stored_is_frozen_and_made_of_what_has_a_row() -> None:
    """A mutable value could change between the scan and the commit."""
    stored: set[type] = set()
    waiting: list[object] = [State, *typing.get_args(model.Body)]
    while waiting:
        hint = waiting.pop()
        if typing.get_args(hint):
            waiting += [one for one in typing.get_args(hint) if one is not ...]
        elif isinstance(hint, type) and is_dataclass(hint) and hint not in stored:
            stored.add(hint)
            hints = typing.get_type_hints(hint)
            waiting += [hints[field.name] for field in fields(hint)]
        else:
            assert hint in (*stored, int, str, bool, type(None)) or (
                isinstance(hint, type) and issubclass(hint, Enum)
            )
    assert Verdict in stored
    assert all(vars(kind)["__dataclass_params__"].frozen for kind in stored)
