"""Room rule: `wellkeeper demo`: its options; story, then evidence, then verdict. No step here."""

import argparse
import json
import os
import shutil
import sys
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import asdict
from typing import Any

from agent.demo import evidence, picture, story
from agent.demo.actor import Actor, OrderRefused, Stopped
from agent.demo.house import House, HouseFailed
from agent.demo.picture import Screen
from agent.demo.sight import Sight
from agent.demo.verdict import Kept, Truth, Verdict, judge
from agent.journal import JournalDamaged, Reader
from agent.ports import RawRecord
from agent.words import LANGUAGES, say
from drivers.host import HostClock, StopRequest
from drivers.simulator.broker import BrokerFailed

PAGE = 1000

FALSE = 1
UNAVAILABLE = 69
INTERRUPTED = 130


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="print the verdict as JSON on stdout")
    parser.add_argument(
        "--keep-running", action="store_true", help="leave everything up after the verdict"
    )
    parser.add_argument("--language", choices=LANGUAGES, help="by default that of the terminal")


def run(options: argparse.Namespace) -> int:
    """0 when every line of the verdict is true."""
    language = options.language or language_of(os.environ)
    # The story is told beside the verdict: only JSON goes where JSON is read.
    stream = sys.stderr if options.json else sys.stdout
    columns = shutil.get_terminal_size().columns
    screen = Screen(stream, live=stream.isatty(), columns=columns)
    house = House(language)
    with StopRequest() as stop, ExitStack() as closing:
        closing.callback(house.close)
        try:
            house.open()
            actor = Actor(house, HostClock("always"), screen, stop, language)
            closing.callback(actor.close)
            verdict = _play(house, actor)
            screen.leave()
            _show(verdict, options, language)
            if options.keep_running:
                _linger(house, actor, screen, language)
        except Stopped:
            return INTERRUPTED
        except story.StoryStuck as stuck:
            step = say(f"demo.{stuck.step.words}", language)
            screen.tell(say("demo_label.stuck", language, within_s=stuck.step.within_s, step=step))
            _explain(house, screen, language)
            return FALSE
        except (HouseFailed, BrokerFailed, OrderRefused) as why:
            screen.tell(str(why))
            _explain(house, screen, language)
            return UNAVAILABLE
    return 0 if verdict.holds else FALSE


def language_of(environment: Mapping[str, str]) -> str:
    """The terminal's language, by the variables that decide it, the first that is set."""
    names = ("LC_ALL", "LC_MESSAGES", "LANG")
    chosen = next((environment[name] for name in names if environment.get(name)), "")
    return "zh" if chosen.startswith("zh") else "en"


def _play(house: House, actor: Actor) -> Verdict:
    """Tell the story, then judge it up to the record that everyone has by now."""
    settled = story.tell(story.STORY, actor)
    return verdict_of(house, actor, settled.head)


def verdict_of(house: House, actor: Actor, until: int) -> Verdict:
    """What the evidence says of the records up to a number."""
    last = actor.look()
    return judge(
        kept(house, until),
        {name: tuple(one.given) for name, one in actor.receptions.items()},
        _truth(last),
    )


def kept(house: House, until: int) -> Kept:
    """What the journal holds, read from the file itself, up to a number."""
    reader = Reader(house.journal)
    try:
        raw: list[RawRecord] = []
        while len(raw) < until:
            page = reader.page(len(raw), min(PAGE, until - len(raw)))
            assert page.rows, f"the journal ends at {len(raw)}, and the station told {until}"
            raw += [
                RawRecord(number, at_utc_ms, bool(trusted), kind, json.loads(body))
                for number, at_utc_ms, trusted, kind, body in page.rows
            ]
        return Kept(
            reader.epoch,
            tuple(evidence.record(one) for one in raw),
            evidence.as_delivered(reader.epoch, raw),
            chain_ok=_whole(reader),
        )
    finally:
        reader.close()


def _whole(reader: Reader) -> bool:
    try:
        for _ in reader.verify():
            continue
    except JournalDamaged:
        return False
    return True


def _truth(sight: Sight) -> Truth:
    pump = sight.pump
    return Truth(pump.withdrawn_l, pump.running, pump.permitted, pump.drops)


def _show(verdict: Verdict, options: argparse.Namespace, language: str) -> None:
    stream = sys.stderr if options.json else sys.stdout
    print("\n".join(picture.table(verdict, language)), file=stream, flush=True)
    if options.json:
        print(json.dumps(as_json(verdict), ensure_ascii=False), flush=True)


def as_json(verdict: Verdict) -> dict[str, Any]:
    """The figures of the verdict, and whether each claim holds."""
    figures = asdict(verdict)
    figures["lines"] = [
        {"claim": line.claim, "holds": line.holds, **line.figures} for line in verdict.lines
    ]
    return {**figures, "holds": verdict.holds}


def _linger(house: House, actor: Actor, screen: Screen, language: str) -> None:
    screen.tell(say("demo_label.look", language))
    screen.tell(f"  wellkeeper status --config {house.config}")
    screen.tell(f"  mbpoll -m rtu -b 9600 -P none -a 1 -0 -r 8 -c 2 -1 {house.tty}")
    for name, broker in house.brokers.items():
        screen.tell(f"  mosquitto_sub -p {broker.port} -t '#' -v   # {name}")
    try:
        while True:
            actor.look()
    except Stopped:
        return


def _explain(house: House, screen: Screen, language: str) -> None:
    screen.tell(say("demo_label.log", language))
    for line in house.last_words():
        screen.tell(f"  {line}")
