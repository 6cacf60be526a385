"""Room rule: who asks the bus: control through its desk, or this process on the tty itself."""

import argparse
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import Any

from agent import words
from agent.cli.asking import administrator
from agent.cli.options import language_of, settings_of
from agent.core.model import Fault
from agent.desk.client import Client, DeskGone
from agent.ports import Finding, Inquiry
from agent.settings import Bus, Settings

# Questions under way at the desk: as many as find room between two scans.
OUTSTANDING_MAX = 6
ANSWER_WITHIN_S = 15.0
# On a tty of our own nothing else waits.
WITHIN_MS = 5_000

# What is spoken where there are no settings yet.
LANGUAGE = "zh"

# Answers in the order of the questions.
Ask = Callable[[Iterable[Inquiry]], Iterator[tuple[Inquiry, Finding]]]


@dataclass(frozen=True, slots=True)
class Line:
    """The bus that is meant, and the language in which it is spoken about."""

    bus: Bus
    settings: Settings | None
    language: str

    def say(self, key: str, **values: object) -> str:
        return words.say(key, self.language, **values)


def line_of(options: argparse.Namespace) -> Line:
    """A port by itself, or a bus of the settings."""
    if options.port is not None:
        return Line(Bus("port", options.port.absolute()), None, options.language or LANGUAGE)
    settings = settings_of(options)
    language = language_of(options, settings)
    names = [bus.name for bus in settings.bus]
    wanted = options.bus or names[0]
    if wanted not in names:
        told = {"wanted": wanted, "names": ", ".join(names)}
        raise BusUnknown(words.say("bus_tool.no_bus", language, **told))
    return Line(settings.bus[names.index(wanted)], settings, language)


class BusUnknown(Exception):
    """The settings have no such bus; says which they have."""


class BusGone(Exception):
    """Nothing can be asked on this line; says why and what to do."""


@contextmanager
def asker(line: Line) -> Iterator[Ask]:
    """Through the desk while control runs, otherwise on the tty."""
    bus = line.bus
    try:
        client = None if line.settings is None else administrator(line.settings)
    except DeskGone:
        client = None
    if client is not None:
        with client:
            yield lambda questions: _asked(line, _through_desk(client, questions))
        return
    from drivers.adapter import refuse_taken
    from drivers.bus import Buses
    from drivers.host import monotonic_ms
    from drivers.wire import BusConfig

    refuse_taken(bus.port)
    config = BusConfig(bus.name, bus.port, bus.baud, bus.parity, bus.stop_bits)
    buses = Buses([config], [], WITHIN_MS, monotonic_ms)
    try:
        yield lambda questions: _asked(
            line, ((one, buses.inquire(one, WITHIN_MS)) for one in questions)
        )
    finally:
        buses.close()


def _asked(
    line: Line, answers: Iterable[tuple[Inquiry, Finding]]
) -> Iterator[tuple[Inquiry, Finding]]:
    """BusGone when there is no line to ask on."""
    bus = line.bus
    for question, finding in answers:
        if finding.fault is Fault.DISCONNECTED:
            raise BusGone(line.say("bus_tool.gone", port=bus.port))
        if finding.fault is Fault.REFUSED:
            speed = f"{question.baud or bus.baud} 8{question.parity or bus.parity}"
            raise BusGone(line.say("bus_tool.speed_refused", port=bus.port, speed=speed))
        yield question, finding


def _through_desk(
    client: Client, questions: Iterable[Inquiry]
) -> Iterator[tuple[Inquiry, Finding]]:
    """Several at once: each waits for its room between two scans of control."""
    left = iter(questions)
    under_way: list[tuple[Inquiry, int]] = []
    while True:
        while len(under_way) < OUTSTANDING_MAX and (one := next(left, None)) is not None:
            under_way.append((one, client.post("bus_ask", _fields(one))))
        if not under_way:
            return
        question, number = under_way.pop(0)
        yield question, _finding(client.answer(number, "bus_ask", ANSWER_WITHIN_S))


def one_by_one(ask: Callable[[dict[str, Any]], Any]) -> Ask:
    """Each question as fields, and its answer as it came from the desk."""
    return lambda questions: ((one, _finding(ask(_fields(one)))) for one in questions)


def _fields(question: Inquiry) -> dict[str, Any]:
    return {name: value for name, value in asdict(question).items() if value is not None}


def _finding(told: dict[str, Any]) -> Finding:
    return Finding(
        words=tuple(told["words"]),
        exception=told["exception"],
        fault=None if told["fault"] is None else Fault(told["fault"]),
        turnaround_ms=told["turnaround_ms"],
    )


def ask_one(ask: Ask, question: Inquiry) -> Finding:
    """One question. A desk without room is a refusal in words."""
    ((_, finding),) = ask([question])
    return finding
