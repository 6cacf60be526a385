"""Room rule: what the host's log hears of, in words: one fact a line. Writes nothing itself.

The journal of records is the proof; the host's log is where a technician looks first. So it hears
of edges, conditions, orders and what ails, and never of a sample.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from agent import catalogue, words
from agent.core.model import (
    Action,
    Body,
    ConditionChanged,
    EpochBegan,
    Gap,
    Grade,
    Health,
    Lapse,
    RelayMoved,
    Started,
    Verdict,
)

# syslog's.
ERROR: Final = 3
WARNING: Final = 4
NOTICE: Final = 5
INFORMATION: Final = 6
_OF_ACTION: Final = {Action.CUT: WARNING, Action.ALARM: WARNING}
_OF_GRADE: Final = {Grade.WARN: WARNING, Grade.ALARM: ERROR}


@dataclass(frozen=True, slots=True)
class Line:
    """`facts` are told beside the words, for a program that filters."""

    priority: int
    words: str
    facts: dict[str, str] = field(default_factory=dict)


_LAPSED: Final = {
    None: "lapsed",
    Lapse.CONTROL: "lapsed",
    Lapse.RELAY: "relay_restarted",
    Lapse.POWER: "power_lost",
}


def lines(bodies: Iterable[Body], language: str) -> Iterator[Line]:
    for body in bodies:
        match body:
            case Started():
                yield _line(INFORMATION, "log.started", language, version=body.version)
            case RelayMoved():
                yield _of_relay(body, language)
            case ConditionChanged():
                yield _of_condition(body, language)
            case Verdict():
                yield _of_verdict(body, language)
            case Gap():
                values = {"lost": body.lost, "reason": body.reason}
                yield _line(ERROR, "log.gap", language, **values)
            case EpochBegan():
                yield _of_epoch(body, language)
            case Health():
                yield from _of_health(body, language)
            case _:
                continue


def link_line(platform: str, *, connected: bool, why: str, language: str) -> Line:
    """An uplink has reached its platform, or lost it."""
    facts = {"platform": platform}
    if connected:
        said = catalogue.say("log.link_up", language, platform=platform)
        return Line(INFORMATION, said, facts)
    said = catalogue.say("log.link_down", language, platform=platform, why=why)
    return Line(WARNING, said, facts)


def archives_line(folder: Path, most: int, language: str) -> Line:
    """A journal that was put back goes on under numbers that platforms may have."""
    said = catalogue.say("log.archives_full", language, folder=folder, most=most)
    return Line(ERROR, said, {"fact": "archives_full"})


def _line(priority: int, key: str, language: str, **values: object) -> Line:
    facts = {"fact": key.removeprefix("log.")}
    facts |= {name: str(value) for name, value in values.items()}
    return Line(priority, catalogue.say(key, language, **values), facts)


def _of_relay(moved: RelayMoved, language: str) -> Line:
    facts = {"fact": "relay_moved", "permitted": str(int(moved.permitted))}
    if moved.permitted:
        remaining = words.volume(moved.remaining_l)
        return Line(NOTICE, catalogue.say("log.permitted", language, remaining=remaining), facts)
    if moved.lapsed:
        facts |= {"lapsed": "1", "lapse": moved.lapse or ""}
        said = catalogue.say(f"log.{_LAPSED[moved.lapse]}", language)
        return Line(NOTICE if moved.lapse is Lapse.POWER else ERROR, said, facts)
    separator = "、" if language == "zh" else ", "
    reasons = separator.join(catalogue.say(f"condition.{one}", language) for one in moved.reasons)
    facts["reasons"] = " ".join(moved.reasons)
    return Line(NOTICE, catalogue.say("log.cut", language, reasons=reasons), facts)


def _of_condition(changed: ConditionChanged, language: str) -> Line:
    facts = {
        "fact": "condition_changed",
        "condition": changed.kind.value,
        "raised": str(int(changed.raised)),
        "action": changed.action.value,
    }
    name = catalogue.say(f"condition.{changed.kind}", language)
    if not changed.raised:
        return Line(NOTICE, catalogue.say("log.cleared", language, condition=name), facts)
    means = words.condition(changed.kind, language, changed.level)
    said = catalogue.say("log.raised", language, condition=name, means=means)
    return Line(_OF_ACTION.get(changed.action, NOTICE), said, facts)


def _of_verdict(verdict: Verdict, language: str) -> Line:
    facts = {
        "fact": "verdict",
        "order": verdict.order,
        "actor": verdict.actor,
        "origin": verdict.origin.value,
        "refusal": "" if verdict.refusal is None else verdict.refusal.reason.value,
    }
    values = {"actor": verdict.actor}
    if verdict.order:
        values["order"] = catalogue.say(f"order.{verdict.order}", language)
    if verdict.refusal is None:
        return Line(NOTICE, catalogue.say("log.order_done", language, **values), facts)
    why = words.refusal(verdict.refusal, language)
    # What was refused before there was an order to judge: a signature that proves nothing.
    key = "log.order_refused" if verdict.order else "log.command_refused"
    return Line(WARNING, catalogue.say(key, language, why=why, **values), facts)


def _of_epoch(began: EpochBegan, language: str) -> Line:
    """`platform` is empty where none had to say it: the journal lay elsewhere before."""
    seen, newest = str(began.seen_number), str(began.previous_number)
    told = {"platform": began.platform, "seen": seen, "newest": newest}
    key = "log.epoch_began" if began.platform else "log.epoch_of_a_copy"
    return Line(WARNING, catalogue.say(key, language, **told), {"fact": "epoch_began", **told})


def _of_health(health: Health, language: str) -> Iterator[Line]:
    for one in health.ailments:
        wrong = catalogue.say(f"ailment.{one.kind}", language)
        remedy = catalogue.say(f"ailment_remedy.{one.kind}", language)
        about = f" ({one.about})" if one.about else ""
        said = catalogue.say("log.ails", language, wrong=wrong + about, remedy=remedy)
        facts = {"fact": "ailment", "ailment": one.kind.value, "about": one.about}
        yield Line(_OF_GRADE[one.grade], said, facts)
