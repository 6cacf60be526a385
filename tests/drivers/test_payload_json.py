"""The json payload: what is promised in docs/mqtt.md, kind by kind."""

import dataclasses
import json
import typing
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from agent.core import model
from agent.core.model import (
    Action,
    AllocationKind,
    Balance,
    ConditionKind,
    Fault,
    Origin,
    Quality,
    Quantity,
    Reading,
    Refusal,
    Refused,
    Role,
    StopCause,
)  # fmt: skip
from agent.ports import Batch, RawRecord, RecordNewer
from agent.rows import BODIES, encode_body
from drivers.payload.json import JsonCodec, instant

AT = 1_767_225_600_123
SILENT = Reading(
    Role.FLOW_METER, Quantity.FORWARD_TOTAL_L, None, Quality.BAD, Fault.TIMEOUT
)  # fmt: skip


def raw(number: int, body: model.Body) -> RawRecord:
    """As the journal stores it and the desk passes it on."""
    kind, text = encode_body(body)
    return RawRecord(number, AT + number, trusted=True, kind=kind, body=json.loads(text))


def batch(*bodies: model.Body) -> dict[str, Any]:
    records = [raw(number, body) for number, body in enumerate(bodies, 1)]
    payload = JsonCodec().encode_records(Batch("W-1", "e1", records, 9, "abcd"))
    decoded: dict[str, Any] = json.loads(payload)
    return decoded


def named(body: model.Body) -> dict[str, Any]:
    (group,) = batch(body)["records"]
    return dict(zip(group["columns"], group["rows"][0], strict=True))


def sample(total_l: int) -> model.Sample:
    return model.Sample(total_l, 85_000, 12, 22_000, None, True, 1_000, 40)


def test_a_batch_names_its_schema_station_epoch_and_head() -> None:
    found = batch(sample(1))
    del found["records"]
    assert found == {
        "schema": 1, "station": "W-1", "epoch": "e1", "head": {"number": 9, "hash": "abcd"},
    }  # fmt: skip


def test_consecutive_records_of_a_kind_share_their_columns_and_order_is_kept() -> None:
    gap = model.Gap(1, AT, AT, "disk full")
    groups = batch(sample(1), sample(2), gap, sample(3))["records"]
    assert [(group["kind"], [row[0] for row in group["rows"]]) for group in groups] == [
        ("sample", [1, 2]), ("gap", [3]), ("sample", [4]),
    ]  # fmt: skip


def test_a_sample_without_faults_is_filled_up() -> None:
    assert named(sample(7)) == {
        "number": 1, "at": "2026-01-01T00:00:00.124Z", "trusted": True,
        "forward_total_l": 7, "flow_l_per_h": 85_000, "energy_wh": 12, "power_w": 22_000,
        "level_mm": None, "permitted": True, "allocated_l": 1_000, "withdrawn_l": 40, "faults": [],
    }  # fmt: skip


def test_a_fault_says_what_how_and_why() -> None:
    body = model.Sample(None, None, 1, 2, None, True, None, None, (SILENT,))
    assert named(body)["faults"] == [
        {
            "instrument": "flow_meter", "quantity": "forward_total_l", "value": None,
            "quality": "bad", "fault": "timeout",
        }
    ]  # fmt: skip


def test_a_verdict_names_the_parts_of_its_refusal_and_balance() -> None:
    refusal = Refusal(Refused.VOLUME_RANGE, "-1")
    body = model.Verdict("c1", Origin.ADMIN, "root", "allocate", refusal, Balance(2026, 10, 3))
    found = named(body)
    assert found["refusal"] == {"reason": "volume_range", "given": "-1", "expected": ""}
    balance = found["balance"]
    assert (balance["year"], balance["allocated_l"], balance["withdrawn_l"]) == (2026, 10, 3)
    assert balance["limit_remaining_l"] is None
    accepted = named(model.Verdict("c1", Origin.ADMIN, "root", "allocate", None, None))
    assert accepted["refusal"] is None
    assert accepted["balance"] is None


def test_instants_inside_a_record_are_rfc_3339_too() -> None:
    body = model.Session(AT, AT + 1_000, 1, 2, None, None, StopCause.CUT, 5)
    found = named(body)
    assert found["started_at"] == "2026-01-01T00:00:00.123Z"
    assert found["stopped_at"] == "2026-01-01T00:00:01.123Z"
    plan = named(model.Allocate(2026, AllocationKind.PLAN, 1, "doc", "root", None))
    assert plan["expires_at"] is None


@pytest.mark.parametrize("utc_ms", [0, 1, 999, AT, 2_085_978_496_000, 253_402_300_799_999])
def test_an_instant_is_exact_to_the_millisecond(utc_ms: int) -> None:
    since = datetime.fromisoformat(instant(utc_ms)) - datetime.fromisoformat("1970-01-01T00:00:00Z")
    assert since // timedelta(milliseconds=1) == utc_ms


def test_enumerations_are_their_words() -> None:
    changed = model.ConditionChanged(
        ConditionKind.SHORT_CYCLE, raised=True, action=Action.CUT, latched=False
    )
    found = named(changed)
    assert (found["kind"], found["action"], found["level"]) == ("short_cycle", "cut", 0)


@pytest.mark.parametrize("kind", sorted(BODIES))
def test_every_kind_of_record_has_columns(kind: str) -> None:
    """A row of the oldest form, with nothing but what has no default, is filled up."""
    fields = dataclasses.fields(BODIES[kind])
    required = [field for field in fields if field.default is dataclasses.MISSING]
    record = RawRecord(1, AT, trusted=False, kind=kind, body=[None] * len(required))
    payload = JsonCodec().encode_records(Batch("W-1", "e1", [record], 1, ""))
    (group,) = json.loads(payload)["records"]
    assert len(set(group["columns"])) == len(group["rows"][0]) == len(fields) + 3
    assert not any(name.endswith("utc_ms") for name in group["columns"])


def test_a_record_whose_content_was_given_up_is_sent_as_what_is_left_of_it() -> None:
    pruned = RawRecord(2, AT, trusted=True, kind="sample", body=None)
    gap = RawRecord(3, AT, trusted=True, kind="gap", body=[1, AT, AT, "x"])
    payload = JsonCodec().encode_records(Batch("W-1", "e1", [pruned, gap], 3, ""))
    first, second = json.loads(payload)["records"]
    assert first == {
        "kind": "pruned",
        "columns": ["number", "at", "trusted", "of_kind"],
        "rows": [[2, "2026-01-01T00:00:00.123Z", True, "sample"]],
    }
    assert second["kind"] == "gap"


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("moonlight", [1]),
        ("gap", [1, AT, AT, "x", "future"]),
        ("sample", [1, 2, 3, 4, 5, True, 6, 7, [["flow_meter", "flow_l_per_h", *[None] * 9]]]),
    ],
)
def test_what_a_newer_version_wrote_is_told_apart(kind: str, body: list[object]) -> None:
    record = RawRecord(1, AT, trusted=True, kind=kind, body=body)
    with pytest.raises(RecordNewer):
        JsonCodec().encode_records(Batch("W-1", "e1", [record], 1, ""))


def test_the_state_has_instants_in_words_and_a_named_head() -> None:
    state = {
        "at_utc_ms": AT, "head": [3, "ff"], "session": None,
        "conditions": [{"kind": "short_cycle", "since_utc_ms": AT}],
    }  # fmt: skip
    assert json.loads(JsonCodec().encode_state(state)) == {
        "schema": 1, "at": "2026-01-01T00:00:00.123Z", "head": {"number": 3, "hash": "ff"},
        "session": None,
        "conditions": [{"kind": "short_cycle", "since_at": "2026-01-01T00:00:00.123Z"}],
    }  # fmt: skip


def test_chinese_text_is_sent_as_it_is_written() -> None:
    payload = JsonCodec().encode_state({"head": [0, ""], "name": "三号井"})
    assert "三号井".encode() in payload


@pytest.mark.parametrize("kind", sorted(BODIES))
def test_the_document_lists_every_kind_with_its_columns(kind: str) -> None:
    hints = typing.get_type_hints(BODIES[kind])
    fields = dataclasses.fields(BODIES[kind])
    row: list[object] = [
        [] if typing.get_origin(hints[one.name]) is tuple else None for one in fields
    ]
    record = RawRecord(1, AT, trusted=True, kind=kind, body=row)
    payload = JsonCodec().encode_records(Batch("W-1", "e1", [record], 1, ""))
    (group,) = json.loads(payload)["records"]
    document = (Path(__file__).parents[2] / "docs" / "mqtt.md").read_text("utf-8")
    (line,) = [line for line in document.splitlines() if line.startswith(f"| `{kind}` |")]
    assert line.split("|")[3].strip() == ", ".join(group["columns"][3:])
