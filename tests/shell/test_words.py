"""The catalogue: complete in both languages, in the field's own terms, and filled correctly."""

import re
import string
from enum import StrEnum
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent import catalogue, rows, words
from agent.core import model
from agent.core.terms import Ends
from agent.ports import LinkFault
from agent.settings import Problem, Reason, SettingsError

TABLES: dict[str, type[StrEnum]] = {
    "condition": model.ConditionKind,
    "condition_means": model.ConditionKind,
    "action": model.Action,
    "ailment": model.AilmentKind,
    "ailment_remedy": model.AilmentKind,
    "role": model.Role,
    "quantity": model.Quantity,
    "quality": model.Quality,
    "fault": model.Fault,
    "origin": model.Origin,
    "allocation_kind": model.AllocationKind,
    "refused": model.Refused,
    "use": model.Use,
    "ends": Ends,
    "start_cause": model.StartCause,
    "stop_cause": model.StopCause,
    "interruption_cause": model.InterruptionCause,
    "interruption_policy": model.InterruptionPolicy,
    "rate_method": model.RateMethod,
    "rating_broken": model.RatingBroken,
    "settings": Reason,
    "settings_remedy": Reason,
    "link": LinkFault,
}
# Terms of the field (glossary.md) that these texts must use, by key.
TERMS = {
    "label.allocation": "年度取水计划指标",
    "label.withdrawn": "累计取水量",
    "label.remaining": "剩余水量",
    "label.over_plan": "超计划",
    "label.flow": "瞬时流量",
    "label.total": "累计流量",
    "label.energy": "有功电量",
    "record.session": "取水过程",
    "label.level": "埋深",
    "label.document": "文号",
    "state.permitted": "允许取水",
    "state.cut": "停泵",
    "state.latched": "闭锁",
    "state.lapsed": "允许时限",
    "condition.allocation_exhausted": "指标用尽",
    "condition_means.flow_meter_silent": "计量中断",
    "condition.not_commissioned": "调试",
    "condition.idle_creep": "停泵走字",
    "condition.phase_loss": "缺相",
    "condition.override": "保电取水",
    "condition.ratio_out_of_band": "水电比",
    "condition.bypassed": "应急旁路",
    "condition_means.running_while_cut": "触点粘连",
    "condition_means.energy_without_water": "空抽",
    "condition_means.dry_well": "动水位",
    "order.ReleaseOrder": "解除停泵",
    "order.AcknowledgeOrder": "确认",
    "action.warn": "预警",
    "action.alarm": "报警",
    "quality.good": "正常",
    "quality.suspect": "可疑",
    "quality.bad": "无效",
    "allocation_kind.provisional": "临时指标",
    "allocation_kind.addition": "追加",
    "allocation_kind.reduction": "核减",
    "allocation_kind.transfer_in": "调入",
    "allocation_kind.transfer_out": "调出",
    "allocation_kind.correction": "更正",
    "record.limit": "轮次指标",
    "record.rate": "以电折水系数",
    "record.interruption_began": "计量中断",
    "record.convert": "折算水量",
    "record.rating_began": "率定",
    "quantity.net_total_l": "净累计",
    "role.flow_meter": "流量计",
    "role.power_meter": "电能表",
    "time.beijing": "北京时间",
}
# 配额: say 指标. 能量: say 有功电量. 跳闸 is the breaker. 检定 is legal verification. 许可 is the
# licence, so it stands in 取水许可证 only.
FORBIDDEN = re.compile(r"配额|能量|跳闸|检定|(?<!取水)许可|许可(?!证)")


@pytest.mark.parametrize("table", TABLES)
def test_every_member_has_its_text_and_nothing_else_does(table: str) -> None:
    told = {key.partition(".")[2] for key in words.catalogue() if key.startswith(f"{table}.")}
    assert told == {member.value for member in TABLES[table]}


def test_every_kind_of_record_and_of_order_has_its_name() -> None:
    keys = words.catalogue().keys()
    assert {f"record.{kind}" for kind in rows.BODIES} == {
        key for key in keys if key.startswith("record.")
    }
    assert {f"order.{order.__name__}" for order in model.Order.__args__} == {
        key for key in keys if key.startswith("order.")
    }


@pytest.mark.parametrize("key", words.catalogue())
def test_both_languages_say_the_same(key: str) -> None:
    """Both are there, are not empty, are in their own script and have the same placeholders."""
    text = words.catalogue()[key]
    assert set(text) == set(words.LANGUAGES)
    fields = [
        {name for _, name, _, _ in string.Formatter().parse(text[language]) if name is not None}
        for language in words.LANGUAGES
    ]
    bare = re.sub(r"\{\w+\}", "", text["zh"])
    assert fields[0] == fields[1]
    assert text["zh"].strip() == text["zh"] != ""
    assert text["en"].strip() == text["en"] != ""
    assert re.search(r"[\u4e00-\u9fff：]", bare)
    assert not re.search(r"[\u3000-\u303f\u4e00-\u9fff\uff00-\uffef]", text["en"])


@pytest.mark.parametrize(("key", "term"), TERMS.items())
def test_chinese_terms_are_the_fields_own(key: str, term: str) -> None:
    assert term in words.catalogue()[key]["zh"]


@pytest.mark.parametrize("key", words.catalogue())
def test_no_word_that_the_glossary_forbids(key: str) -> None:
    assert not FORBIDDEN.search(words.catalogue()[key]["zh"])


def test_an_unknown_key_or_language_is_our_fault() -> None:
    with pytest.raises(AssertionError, match=r"no condition\.happy"):
        words.say("condition.happy", "zh")
    with pytest.raises(AssertionError, match="fr is not spoken"):
        words.say("state.cut", "fr")
    with pytest.raises(KeyError):
        words.say("condition_means.allocation_low", "zh")


@pytest.mark.parametrize(
    ("quantity", "value", "text"),
    [
        (model.Quantity.FORWARD_TOTAL_L, 1_234_567, "1,234.567 m³"),
        (model.Quantity.FORWARD_TOTAL_L, 0, "0.000 m³"),
        (model.Quantity.FORWARD_TOTAL_L, -1, "-0.001 m³"),
        (model.Quantity.FORWARD_TOTAL_L, -2_500, "-2.500 m³"),
        (model.Quantity.FORWARD_TOTAL_L, 62_500_000, "62,500.000 m³"),
        (model.Quantity.FLOW_L_PER_H, 84_200, "84.200 m³/h"),
        (model.Quantity.ENERGY_WH, 1_500, "1.500 kWh"),
        (model.Quantity.POWER_W, 22_050, "22.050 kW"),
        (model.Quantity.LEVEL_MM, 35_123, "35.123 m"),
        (model.Quantity.LEVEL_MM, None, "—"),
    ],
)
def test_amounts(quantity: model.Quantity, value: int | None, text: str) -> None:
    assert words.amount(quantity, value) == text


@given(st.integers(-(10**15), 10**15))
def test_an_amount_loses_no_litre(litres: int) -> None:
    written = words.volume(litres).removesuffix(" m³").replace(",", "").replace(".", "")
    assert int(written) == litres


@pytest.mark.parametrize(
    ("milliseconds", "zh", "en"),
    [
        (999, "0 秒", "0 s"),
        (59_999, "59 秒", "59 s"),
        (61_000, "1 分 1 秒", "1 min 1 s"),
        (3_660_000, "1 小时 1 分", "1 h 1 min"),
        (90_000_000, "1 天 1 小时", "1 d 1 h"),
    ],
)
def test_durations(milliseconds: int, zh: str, en: str) -> None:
    assert words.duration(milliseconds, "zh") == zh
    assert words.duration(milliseconds, "en") == en


def test_instants_are_beijing_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also on a host whose zone is another: 2025-12-31 16:00 UTC begins the year in Beijing."""
    monkeypatch.setenv("TZ", "America/New_York")
    assert words.instant(1_767_196_800_000, "zh") == "2026-01-01 00:00:00 北京时间"
    assert words.instant(1_767_196_799_999, "en") == "2025-12-31 23:59:59 Beijing time"


def test_a_refusal_says_what_was_given_and_what_would_do() -> None:
    refused = model.Refusal(model.Refused.REDUCTION_TOO_LARGE, "900000", "1-600000")
    told = "核减量 900000 大于现有指标，应为 1-600000（水量以升、电量以瓦时计）。"
    assert words.refusal(refused, "zh") == told
    assert "900000 " in words.refusal(refused, "en")


@pytest.mark.parametrize(
    ("refused", "zh", "en"),
    [
        (model.Refusal(model.Refused.OVERRIDE_TIME, "360000000", "1-86400000"),
         "时长 4 天 4 小时 超出范围，应大于零且不超过 1 天 0 小时", "An override of 4 d 4 h is"),
        (model.Refusal(model.Refused.OVERRIDE_TIME, "-3600000", "1-86400000"),
         "-1 小时 0 分", "An override of -1 h 0 min"),
        (model.Refusal(model.Refused.TEST_TIME, "90000", "1000-60000"),
         "应为 1 秒 – 1 分 0 秒", "it must last 1 s – 1 min 0 s"),
        (model.Refusal(model.Refused.LIFETIME, "700000000", "1-604800000"),
         "不超过 7 天 0 小时", "at most 7 d 0 h"),
    ],
)  # fmt: skip
def test_a_refusal_says_how_long_as_a_person_reads_it(
    refused: model.Refusal, zh: str, en: str
) -> None:
    assert zh in words.refusal(refused, "zh")
    assert en in words.refusal(refused, "en")


def test_a_command_that_came_twice_says_what_became_of_the_first() -> None:
    def said(first: str) -> str:
        return words.refusal(model.Refusal(model.Refused.DUPLICATE, "n1", first), "en")

    assert said("accepted").endswith("is not carried out twice. The first time it took effect.")
    assert said("plan_exists").endswith("The first time it was refused (plan_exists).")
    assert said("").endswith("is not carried out twice.")


def test_a_refusal_says_instants_as_a_person_reads_them() -> None:
    refused = model.Refusal(model.Refused.CLOCK_LOWERED, "1767225600000", "1767225660000")
    assert "2026-01-01 08:00:00" in words.refusal(refused, "en")
    assert "2026-01-01 08:01:00" in words.refusal(refused, "zh")


def test_a_warning_says_its_step() -> None:
    assert "90%" in words.condition(model.ConditionKind.ALLOCATION_LOW, "zh", 90)
    assert "90 %" in words.condition(model.ConditionKind.ALLOCATION_LOW, "en", 90)


FILE = Path("/etc/wellkeeper/station.toml")


def test_a_settings_problem_says_where_what_and_what_to_do() -> None:
    one = Problem(FILE, 12, "relay.lease_s", Reason.LEASE_SHORT, "3", "30")
    assert words.problem(one, "en") == (
        "line 12 relay.lease_s: A lease of 3 s is short of three scan periods: one slow scan would "
        "stop a pump. Make lease_s at least 30, or scan.period_s shorter."
    )
    assert words.problem(one, "zh").startswith("第 12 行 relay.lease_s：允许时限 3 秒太短")
    whole = Problem(FILE, None, "", Reason.UNREADABLE, "No such file or directory")
    assert words.problem(whole, "en").startswith("The file cannot be read (No such file")


def test_all_settings_problems_are_told_in_the_files_language_or_in_both() -> None:
    problems = (
        Problem(FILE, 1, "station.id", Reason.MISSING),
        Problem(FILE, 2, "scan.peroid_s", Reason.UNKNOWN, "peroid_s", "period_s"),
    )
    english = words.settings_text(SettingsError(problems, "en"))
    assert english.splitlines()[0] == f"{FILE} has 2 mistake(s), nothing was started:"
    assert len(english.splitlines()) == 3
    assert words.settings_text(SettingsError(problems, "zh"), "en") == english
    both = words.settings_text(SettingsError(problems, None))
    assert english in both
    assert "处错误，未启动任何程序" in both


def test_a_table_read_by_itself_says_what_the_whole_catalogue_says() -> None:
    for key, text in words.catalogue().items():
        assert catalogue._text(key) == text
    assert catalogue._text("console.nothing of the kind") is None
    assert catalogue._text("no such table.x") is None
    assert catalogue._text("neither") is None
