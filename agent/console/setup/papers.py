"""Room rule: the steps that are papers and clocks: nameplate, clock, backup, signature."""

from datetime import date, datetime
from typing import Final

from agent import words
from agent.commissioning import NO, YES, heading, pairs
from agent.console.arguments import TIME, scaled
from agent.console.screens import clock
from agent.console.setup.work import Found, Work, noted
from agent.console.talk import ANSWER_WITHIN_S
from agent.core.model import SetupStep

_POWER: Final = scaled("power", 3, 100, 1_000_000, "18.5")
LABEL_WIDTH: Final = 34
VALUE_WIDTH: Final = 42
_LAPSES: Final = ("licence_until", "flow_due", "power_due")


def nameplate(work: Work) -> Found:
    """Which well, by what licence, and the numbers on both meters with the days they lapse."""
    talk, licence = work.talk, work.talk.settings.licence
    talk.lines([talk.row("station", f"{talk.settings.station.id} {talk.settings.station.name}")])
    for name, declared in (
        ("licence", licence.number),
        ("licence_until", licence.expires),
        ("holder", licence.holder),
    ):
        if declared:
            work.known.setdefault(name, declared)
    facts = {
        "licence": work.text("licence", needed=True),
        "licence_until": work.day("licence_until"),
        "holder": work.text("holder"),
        "motor_w": work.value("motor_w", _POWER),
    }
    for role in ("flow", "power"):
        facts |= {
            f"{role}_certificate": work.text(f"{role}_certificate"),
            f"{role}_due": work.day(f"{role}_due"),
            f"{role}_seal": work.text(f"{role}_seal"),
        }
    today = date.fromisoformat(words.instant_text(talk.state()["at_utc_ms"])[:10])
    lapsed = [one for one in _LAPSES if facts[one] and date.fromisoformat(facts[one]) < today]
    failed = ", ".join(f"{talk.word(f'setup_fact.{one}')} {facts[one]}" for one in lapsed)
    return Found(facts, failed=talk.word("setup_failed.lapsed", what=failed) if failed else "")


def o_clock(work: Work) -> Found:
    """The time, who vouches for it, and how strong the modem's signal is."""
    talk = work.talk
    clock.show(talk)
    given = work.value("time", TIME)
    if given:
        clock.set_to(talk, datetime.fromisoformat(given))
    state = talk.state()
    modem = (state["health"] or {}).get("modem")
    signal = None if modem is None else modem["signal_percent"]
    facts: dict[str, object] = {
        "clock_utc_ms": state["at_utc_ms"],
        "clock_trusted": YES if state["trusted"] else NO,
    }
    if signal is None:
        talk.say("setup.no_signal")
    else:
        facts["signal_percent"] = signal
        talk.say("health.signal", percent=signal)
    return Found(facts, failed="" if state["trusted"] else talk.word("setup_failed.clock"))


def backup(work: Work) -> Found:
    """What proves the journal, and where a copy of settings and keys is kept."""
    talk = work.talk
    hello = talk.desk.call("hello", {}, ANSWER_WITHIN_S)
    state = talk.state()
    number, head = state["head"]
    talk.lines(
        [
            talk.row("epoch", hello["epoch"]),
            talk.row("records", f"{number}  {head[:16]}…"),
            talk.word("label.public_key"),
            f"  {state['public_key'] or '-'}",
        ]
    )
    talk.say("setup.backup_how")
    kept = work.text("backup", needed=True)
    return Found({"backup": kept, "epoch": hello["epoch"], "record": number, "head": head})


def signature(work: Work) -> Found:
    """The whole record is read, and then signed for."""
    talk = work.talk
    talk.lines(record(work))
    left = [step for step in SetupStep if step not in talk.state()["setup"]]
    if [step for step in left if step is not SetupStep.SIGNATURE]:
        return Found(failed=talk.word("setup_failed.open"))
    work.known.setdefault("technician", talk.account.name)
    technician = work.text("technician", needed=True)
    contractor, owner = work.text("contractor"), work.text("owner")
    talk.confirm("setup.signs")
    return Found({"technician": technician, "contractor": contractor, "owner": owner})


def record(work: Work) -> list[str]:
    """The commissioning record as text."""
    talk, steps = work.talk, noted(work.talk)
    station = talk.settings.station
    lines = [talk.word("setup.record_head", station=f"{station.id} {station.name}")]
    for number, step in enumerate(SetupStep, 1):
        one = steps.get(step)
        lines.append(f"{number:2} {heading(step, one, talk.language)}")
        if one is not None:
            shown = pairs(one, talk.language)
            lines += [line for label, value in shown for line in _row(label, value)]
    return lines


def _row(label: str, value: str) -> list[str]:
    """Beside each other, or below where a hash needs the whole width."""
    if words.width(value) > VALUE_WIDTH:
        return [f"   {label}", f"     {value}"]
    return [f"   {label}{' ' * max(1, LABEL_WIDTH - words.width(label))}{value}"]
