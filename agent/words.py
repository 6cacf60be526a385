"""Room rule: what a person reads, in Chinese and in English. Decides nothing and prints nothing.

Sentences and labels stand in catalogue.toml and are looked up by `agent.catalogue`; here values
find their keys, and numbers and instants are written.
Calendar time is shown as Beijing time (北京时间), whatever the host's zone.
"""

import re
import signal
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta, timezone
from typing import Any, Final, assert_never
from unicodedata import east_asian_width

from agent import catalogue as _catalogue
from agent.core.model import ConditionKind, Quantity, Refusal, Refused
from agent.settings import Problem, SettingsError
from agent.supervised import Died, Event, Said, Stopped, Up

LANGUAGES: Final = _catalogue.LANGUAGES
say: Final = _catalogue.say
catalogue: Final = _catalogue.texts

BEIJING: Final = timezone(timedelta(hours=8))
# Shown where there is no value.
ABSENT: Final = "—"

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
# Every base unit is a thousandth of what a person reads.
_UNITS: Final = {
    Quantity.FORWARD_TOTAL_L: "m³",
    Quantity.REVERSE_TOTAL_L: "m³",
    Quantity.NET_TOTAL_L: "m³",
    Quantity.FLOW_L_PER_H: "m³/h",
    Quantity.ENERGY_WH: "kWh",
    Quantity.POWER_W: "kW",
    Quantity.LEVEL_MM: "m",
    Quantity.VOLTAGE_1_MV: "V",
    Quantity.VOLTAGE_2_MV: "V",
    Quantity.VOLTAGE_3_MV: "V",
    Quantity.CURRENT_1_MA: "A",
    Quantity.CURRENT_2_MA: "A",
    Quantity.CURRENT_3_MA: "A",
}
# Refusals that speak of instants, and how these are written in them.
_OF_INSTANTS: Final = frozenset(
    {
        Refused.CLOCK_RANGE,
        Refused.CLOCK_LOWERED,
        Refused.CLOCK_AHEAD,
        Refused.MEASURED_RANGE,
        Refused.LIMIT_WINDOW,
        Refused.NOT_YET,
        Refused.ISSUED_BEFORE,
    }
)
# Refusals that speak of how long something may last.
_OF_DURATIONS: Final = frozenset({Refused.OVERRIDE_TIME, Refused.TEST_TIME, Refused.LIFETIME})
_INSTANT: Final = re.compile(r"(?<!\d)\d{6,14}(?!\d)")  # a longer one is of no calendar
assert set(_UNITS) == set(Quantity), "every quantity has a unit"


# --- numbers and instants ------------------------------------------------------------------------


def amount(quantity: Quantity, value: int | None) -> str:
    """A value in its base unit as a person reads it: 1234567 litres are 1,234.567 m³."""
    if value is None:
        return ABSENT
    sign, rest = ("-" if value < 0 else ""), abs(value)
    return f"{sign}{rest // 1000:,}.{rest % 1000:03} {_UNITS[quantity]}"


def volume(litres: int | None) -> str:
    return amount(Quantity.FORWARD_TOTAL_L, litres)


def energy(watt_hours: int | None) -> str:
    return amount(Quantity.ENERGY_WH, watt_hours)


def instant(utc_ms: int, language: str) -> str:
    """To the second: 2026-06-01 08:00:00 北京时间."""
    return say("time.beijing", language, instant=instant_text(utc_ms))


def instant_text(utc_ms: int) -> str:
    """The same without naming the zone, where a heading does: 2026-06-01 08:00:00."""
    return f"{_beijing(utc_ms):%Y-%m-%d %H:%M:%S}"


def rfc3339(utc_ms: int) -> str:
    """For a program to read: UTC with milliseconds, exact."""
    moment = _EPOCH + timedelta(milliseconds=utc_ms)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def duration(milliseconds: int, language: str) -> str:
    """Its two largest units."""
    assert milliseconds >= 0, f"{milliseconds} ms is no duration"
    minutes, seconds = divmod(milliseconds // 1000, 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    if days:
        return say("time.days", language, days=days, hours=hours)
    if hours:
        return say("time.hours", language, hours=hours, minutes=minutes)
    if minutes:
        return say("time.minutes", language, minutes=minutes, seconds=seconds)
    return say("time.seconds", language, seconds=seconds)


def width(text: str) -> int:
    """Columns of a terminal: a Chinese character takes two."""
    return sum(2 if east_asian_width(character) in "WF" else 1 for character in text)


def _beijing(utc_ms: int) -> datetime:
    return (_EPOCH + timedelta(milliseconds=utc_ms)).astimezone(BEIJING)


# --- values that bring their own sentence --------------------------------------------------------


def link_trouble(one: Mapping[str, Any], language: str) -> str:
    """What is wrong with a link of the live state; empty when nothing is."""
    if one["fault"] is not None and _catalogue.known(f"link.{one['fault']}"):
        return say(f"link.{one['fault']}", language, raw=one["error"])
    return str(one["error"])


def link_warning(one: Mapping[str, Any], language: str) -> str:
    """What soon will be; empty when nothing is in sight."""
    told = _catalogue.Told.of(one["told"])
    return str(one["warning"]) if told is None else told.said(language)


def condition(kind: ConditionKind, language: str, level: int = 0) -> str:
    """What is wrong and what to do."""
    return say(f"condition_means.{kind}", language, level=level)


def refusal(refused: Refusal, language: str) -> str:
    """Why an order changed nothing, and what would be accepted."""
    given, expected = refused.given, refused.expected
    if refused.reason in _OF_INSTANTS:
        given, expected = (_INSTANT.sub(_instant_in(language), one) for one in (given, expected))
    if refused.reason in _OF_DURATIONS:
        given, expected = _lasting(int(given), language), _between(expected, language)
    said = say(f"refused.{refused.reason}", language, given=given, expected=expected)
    if refused.reason is Refused.DUPLICATE and expected:
        # Who sent it once, over a link that broke, hears only of the second time.
        first = "first_accepted" if expected == "accepted" else "first_refused"
        return say(f"verdict.{first}", language, said=said, reason=expected)
    return said


def _lasting(milliseconds: int, language: str) -> str:
    """As somebody asked for it: it may be less than nothing."""
    return f"{'-' if milliseconds < 0 else ''}{duration(abs(milliseconds), language)}"


def _between(expected: str, language: str) -> str:
    """`1-3600000`: less than a second is nothing, so that only the upper bound says something."""
    least_ms, most_ms = map(int, expected.split("-"))
    most = duration(most_ms, language)
    return most if least_ms < 1000 else f"{duration(least_ms, language)} – {most}"


def _instant_in(language: str) -> Callable[[re.Match[str]], str]:
    return lambda found: instant(int(found[0]), language)


def supervision(event: Event, language: str) -> str:
    """What happened to a process of `wellkeeper run`, or what it said itself, in one line."""
    match event:
        case Said(name, line):
            return f"{name} | {line}"
        case Up(name, pid):
            return say("supervision.up", language, name=name, pid=pid)
        case Stopped(name, killed):
            return say(f"supervision.{'killed' if killed else 'stopped'}", language, name=name)
        case Died(name, exit_code, None, deaths):
            how = _ending(exit_code, language)
            return say("supervision.given_up", language, name=name, how=how, deaths=deaths)
        case Died(name, exit_code, again_ms):
            again_s = f"{(again_ms or 0) / 1000:g}"
            how = _ending(exit_code, language)
            return say("supervision.died", language, name=name, how=how, again_s=again_s)
        case _:
            assert_never(event)


def _ending(exit_code: int, language: str) -> str:
    if exit_code >= 0:
        return say("supervision.exited", language, code=exit_code)
    named = {one.value: one.name for one in signal.Signals}  # real-time signals have no name
    code = named.get(-exit_code, str(-exit_code))
    return say("supervision.signalled", language, code=code)


def settings_text(error: SettingsError, language: str | None = None) -> str:
    """Everything that is wrong with a settings file, a line for each.

    Without a language: the one that the file asks for; both when it says none.
    """
    language = language or error.language
    chosen = LANGUAGES if language is None else (language,)
    return "\n".join(_settings_text(error, one) for one in chosen)


def _settings_text(error: SettingsError, language: str) -> str:
    head = say(
        "settings_head.counted",
        language,
        file=error.problems[0].file,
        count=len(error.problems),
    )
    return "\n".join([head, *(f"  {problem(one, language)}" for one in error.problems)])


def problem(one: Problem, language: str) -> str:
    """Where, what is wrong, what to do."""
    line = "" if one.line is None else say("settings_head.line", language, line=one.line)
    place = " ".join(part for part in (line, one.key) if part)
    values = {"given": one.given, "expected": one.expected}
    wrong = say(f"settings.{one.reason}", language, **values)
    remedy = say(f"settings_remedy.{one.reason}", language, **values)
    colon, space = ("：", "") if language == "zh" else (": ", " ")
    return f"{place}{colon if place else ''}{wrong}{space}{remedy}"
