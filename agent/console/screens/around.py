"""Room rule: what stands around the well, in the last lines of `status`: links, host, clock."""

from typing import Any, Final

from agent import words
from agent.catalogue import Told
from agent.console.cells import bad, warning
from agent.console.talk import clipped, row

AND: Final = {"zh": "、", "en": ", "}
# A line beside its label; what is cut off stands under `uplink errors` and `journal stats`.
VALUE_WIDTH: Final = 58
MEGABYTE: Final = 1_000_000

State = dict[str, Any]


def platform(name: str, one: dict[str, Any], language: str) -> str:
    link = words.say("state.connected" if one["connected"] else "state.disconnected", language)
    waiting = f"{words.say('label.waiting', language).lower()} {one['waiting']}"
    trouble = link_trouble(one, language)
    told = clipped(f"{name} {link}, {waiting}{f', {trouble}' if trouble else ''}", VALUE_WIDTH)
    return told if one["connected"] else warning(told)


def health(state: State, language: str) -> list[str]:
    """What ails the controller, by name; and what is left of its disk and of its signal."""
    health = state["health"]
    if health is None:
        return []
    ailing = AND[language].join(
        words.say(f"ailment.{one['kind']}", language) for one in health["ailments"]
    )
    known = []
    if (free := health["host"]["disk_free_bytes"]) is not None:
        known.append(words.say("health.disk_free", language, megabytes=free // MEGABYTE))
    signal = None if health["modem"] is None else health["modem"]["signal_percent"]
    if signal is not None:
        known.append(words.say("health.signal", language, percent=signal))
    told = {
        "health": warning(clipped(ailing, VALUE_WIDTH)) if ailing else "",
        "host": ", ".join(known),
    }
    return [row(words.say(f"label.{label}", language), one) for label, one in told.items() if one]


def link_trouble(one: dict[str, Any], language: str) -> str:
    """What is wrong with a link, or soon will be; empty when nothing is."""
    return words.link_trouble(one, language) or words.link_warning(one, language)


def journal(state: State, language: str) -> str:
    number, _ = state["head"]
    failing = journal_failing(state, language)
    told = f"{number} {words.say('label.records', language)}, "
    return told + (
        bad(clipped(failing, VALUE_WIDTH - words.width(told)))
        if failing
        else words.say("state.writable", language)
    )


def journal_failing(state: State, language: str) -> str:
    """Why the journal cannot be relied on; empty while it can."""
    told = Told.of(state["journal"]["told"])
    return told.said(language) if told is not None else state["journal"]["failing"] or ""


def clock(state: State, language: str) -> str:
    trust = "state.trusted" if state["trusted"] else "state.untrusted"
    told = f"{words.instant(state['at_utc_ms'], language)} ({words.say(trust, language)})"
    return told if state["trusted"] else warning(told)
