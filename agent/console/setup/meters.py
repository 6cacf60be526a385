"""Room rule: the steps at the meters: who answers on the line, and do the displays say the same."""

from typing import Any, Final

from agent import words
from agent.amounts import AmountError
from agent.commissioning import NO, YES
from agent.console.arguments import ENERGY, VOLUME, WORD, Kind
from agent.console.screens import allocation, meter
from agent.console.setup.work import Found, Work, reading
from agent.core.model import Quantity

SCAN_MAX_MS: Final = 30_000
UNITS: Final = range(1, 33)
# What a display without decimals hides.
HIDDEN: Final = 1_000
_TOTALS: Final = {"flow": Quantity.FORWARD_TOTAL_L, "power": Quantity.ENERGY_WH}
_ENDS: Final = {"flow": "l", "power": "wh"}
_KINDS: Final[dict[str, Kind]] = {"flow": VOLUME, "power": ENERGY}


def bus(work: Work) -> Found:
    """Who answers on each line, the declared units first."""
    talk = work.talk
    found = 0
    for one in talk.settings.bus:
        talk.say("setup.scanning", bus=one.name, seconds=SCAN_MAX_MS // 1000)
        found += _looked(work, one.name)
    silent = [role for role, answers in _declared(talk.state()).items() if not answers]
    facts = {"bus_found": found, "bus_declared": NO if silent else YES}
    named = ", ".join(talk.word(f"role.{one}") for one in silent)
    return Found(facts, failed=talk.word("setup_failed.silent", what=named) if silent else "")


def _looked(work: Work, name: str) -> int:
    """How many units answer, as far as the time for it goes. An exception is a sign of life."""
    talk, found = work.talk, 0
    ours = {
        one["unit"]: talk.word(f"role.{role}")
        for role, one in talk.state()["buses"].get(name, {"instruments": {}})["instruments"].items()
    }
    ends_ms = talk.terminal.now_ms() + SCAN_MAX_MS
    for unit in [*ours, *(one for one in UNITS if one not in ours)]:
        if talk.interrupted() or talk.terminal.now_ms() > ends_ms:
            talk.say("setup.scan_ended")
            break
        asked = {"bus": name, "unit": unit, "function": 3, "address": 0, "count": 1}
        told = talk.desk.call("bus_ask", asked, meter.BUS_WITHIN_S)
        talk.terminal.progress(f"  {unit}")
        if told["fault"] is None:
            found += 1
            role = ours.get(unit) or talk.word("setup.undeclared")
            talk.say("setup.answers", unit=unit, role=role)
    return found


def _declared(state: dict[str, Any]) -> dict[str, bool]:
    """The declared instruments, and whether each says anything now."""
    readings = state["readings"]
    return {
        role: any(one["instrument"] == role and one["fault"] is None for one in readings)
        for bus_of in state["buses"].values()
        for role in bus_of["instruments"]
    }


def flow_meter(work: Work) -> Found:
    return _meter(work, "flow")


def power_meter(work: Work) -> Found:
    """The display, and the ratio of its current transformers; their signs show when it pumps."""
    found = _meter(work, "power")
    return Found({**found.facts, "ct_ratio": work.text("ct_ratio")}, failed=found.failed)


def _meter(work: Work, role: str) -> Found:
    """What the display shows beside what is read; a meter that is not fitted yet is fitted."""
    talk, quantity = work.talk, _TOTALS[role]
    read = reading(talk.state(), quantity)
    if read is None:
        return Found(failed=talk.word("setup_failed.no_reading"))
    talk.say("setup.read_now", amount=words.amount(quantity, read))
    fitted = talk.state()["instruments"].get(meter.ROLES[role])
    if fitted is None:
        serial = work.value(f"{role}_serial", WORD, needed=True)
        displayed = _displayed(work, role)
        document = work.text(f"{role}_certificate", needed=True)
        text = f"{displayed // 1000}.{displayed % 1000:03}{'m3' if role == 'flow' else 'kWh'}"
        meter.fit(talk, role, serial, text, document)
        fitted = talk.state()["instruments"].get(meter.ROLES[role])
        if fitted is None:
            return Found(failed=talk.word("setup_failed.not_fitted"))
    else:
        talk.say("setup.fitted_already", serial=fitted["serial"])
        displayed = _displayed(work, role)
    read = reading(talk.state(), quantity) or read
    end = _ENDS[role]
    facts = {
        f"{role}_serial": fitted["serial"],
        f"{role}_displayed_{end}": displayed,
        f"{role}_read_{end}": read,
    }
    far = abs(displayed - read) > HIDDEN
    return Found(facts, failed=talk.word("setup_failed.display") if far else "")


def _displayed(work: Work, role: str) -> int:
    """Never taken from what was noted before: somebody has to look."""
    name = f"{role}_displayed_{_ENDS[role]}"
    work.known.pop(name, None)
    try:
        return work.number(name, _KINDS[role])
    except AmountError as wrong:  # a unit of the other kind
        raise AssertionError(wrong) from wrong


def plan(work: Work) -> Found:
    """The year's plan, and what was withdrawn before this controller counted."""
    talk = work.talk
    balance = talk.state()["balance"]
    talk.lines(allocation.account_lines(talk, balance))
    document = work.known.get("plan_document", "")
    if balance is None or balance["allocated_l"] <= 0 or work.agrees("setup.another_plan"):
        year = talk.year()
        volume = work.number("plan_l", VOLUME)
        document = work.text("plan_document", needed=True)
        allocation.plan(talk, year, volume, document)
        balance = talk.state()["balance"]
    if balance is None or balance["allocated_l"] <= 0:
        return Found(failed=talk.word("setup_failed.no_plan"))
    facts = {
        "plan_year": balance["year"],
        "plan_l": balance["allocated_l"],
        "plan_document": document,
        "withdrawn_l": balance["withdrawn_l"],
    }
    return Found(facts)
