"""Room rule: the steps that move the relay and the pump: relay, wet test, platforms.

A trial of the relay ends by itself: whoever loses his cable in the middle of it leaves a pump that
stands and a permission that is as it was.
"""

from typing import Any, Final

from agent import words
from agent.commissioning import NO, YES, Point, told
from agent.console.screens import uplink
from agent.console.setup.wet import Proof, proved
from agent.console.setup.work import LOOK_MS, Found, Work, reading
from agent.console.talk import Cancelled
from agent.core.model import Quantity

TRIAL_MS: Final = 5_000
# Long enough for the power to fall and the water to come to rest.
CUT_MS: Final = 30_000
STARTS_WITHIN_S: Final = 300
# The minimum off time of a motor may be that long.
RETURNS_WITHIN_S: Final = 660
STANDS_S: Final = 10
# Two of the slowest scans; what seems longer between two looks is a calendar that was set.
BETWEEN_MAX_MS: Final = 20_000
_VOLTS: Final = (Quantity.VOLTAGE_1_MV, Quantity.VOLTAGE_2_MV, Quantity.VOLTAGE_3_MV)
_AMPERES: Final = (Quantity.CURRENT_1_MA, Quantity.CURRENT_2_MA, Quantity.CURRENT_3_MA)


# --- relay ---------------------------------------------------------------------------------------


def relay(work: Work) -> Found:
    """Open for a moment and back: what the relay says, and what a person hears."""
    talk = work.talk
    before = talk.state()
    if not before["permitted"]:
        return Found(failed=talk.word("setup_failed.no_permit", why=work.refused_why(before)))
    talk.confirm()
    if not talk.order("RelayTestOrder", lasts_ms=TRIAL_MS, reason="setup"):
        return Found(failed=talk.word("setup_failed.refused"))
    opened = _until(work, lambda state: state["relay"] == "cut", TRIAL_MS // LOOK_MS + 5)
    back = _until(work, lambda state: state["relay"] == "permitted", RETURNS_WITHIN_S)
    heard = work.agrees("setup.relay_heard")
    facts: dict[str, object] = {
        "relay_opened": YES if opened else NO,
        "relay_back": YES if back else NO,
        "relay_heard": YES if heard else NO,
    }
    if (contactor := talk.state()["inputs"].get("contactor")) is not None:
        facts["contactor_open"] = NO if contactor else YES
    wrong = next((name for name, value in facts.items() if value == NO), None)
    if wrong is None:
        return Found(facts)
    return Found(facts, failed=talk.word(f"setup_fact.{wrong}") + f": {talk.word('setup_word.no')}")


def _until(work: Work, true: Any, seconds: int) -> dict[str, Any] | None:
    """The first look at which it is so; None when that does not come."""
    for _ in range(seconds):
        state = work.look()
        work.talk.terminal.progress(_seen(work, state))
        if true(state):
            return state
    return None


def _seen(work: Work, state: dict[str, Any]) -> str:
    talk = work.talk
    flow = words.amount(Quantity.FLOW_L_PER_H, reading(state, Quantity.FLOW_L_PER_H))
    power = words.amount(Quantity.POWER_W, reading(state, Quantity.POWER_W))
    return f"{talk.word('label.relay')} {talk.word('state.' + state['relay'])}  {flow}  {power}"


# --- the wet test --------------------------------------------------------------------------------


def wet_test(work: Work) -> Found:
    """The owner starts, and everything that only water can prove is proven."""
    talk = work.talk
    before = talk.state()
    if not before["permitted"]:
        return Found(failed=talk.word("setup_failed.no_permit", why=work.refused_why(before)))
    talk.say("setup.owner_starts", lasts=words.duration(work.wet_ms, talk.language))
    if before["session"] is None and _until(work, _pumps, STARTS_WITHIN_S) is None:
        return Found(failed=talk.word("setup_failed.not_started"))
    points, factor = _pumping(work)
    motor = work.known.get("motor_w", "")
    proof = proved(points, int(motor) if motor else None, factor)
    facts = _facts(proof, factor)
    curve = tuple(
        number
        for one in points
        for number in (one.at_ms, one.flow_l_per_h, one.power_w, one.total_l)
    )
    _tell(work, facts)
    wrong = [talk.word(f"setup_wrong.{one}") for one in proof.wrong]
    after, also = _cut(work)
    _tell(work, after)
    wrong += also
    return Found({**facts, **after}, curve, "; ".join(wrong))


def _pumps(state: dict[str, Any]) -> bool:
    return state["session"] is not None and bool(reading(state, Quantity.FLOW_L_PER_H))


def _pumping(work: Work) -> tuple[list[Point], int | None]:
    """A point a look, for as long as the test lasts or the pump runs; and the power factor."""
    points: list[Point] = []
    factor: int | None = None
    began_ms: int | None = None
    at_ms, last_utc_ms = 0, -1
    while True:
        state = work.look()
        if state["session"] is None:
            return points, factor
        at_utc_ms = state["at_utc_ms"]
        if at_utc_ms == last_utc_ms:
            continue
        at_ms, last_utc_ms = at_ms + _between_ms(last_utc_ms, at_utc_ms), at_utc_ms
        flow = reading(state, Quantity.FLOW_L_PER_H)
        power = reading(state, Quantity.POWER_W)
        total = reading(state, Quantity.FORWARD_TOTAL_L)
        if flow is None or power is None or total is None:
            continue
        began_ms = at_ms if began_ms is None else began_ms
        points.append(Point(at_ms - began_ms, flow, power, total))
        factor = _factor_percent(state, power)
        left_s = max(0, work.wet_ms - points[-1].at_ms) // 1000
        work.talk.terminal.progress(
            f"{left_s:4} s  {_seen(work, state)}  {words.volume(total - points[0].total_l)}"
        )
        if points[-1].at_ms >= work.wet_ms:
            return points, factor


def _between_ms(last_utc_ms: int, at_utc_ms: int) -> int:
    """What passed between two looks, by a calendar that somebody may be setting."""
    passed_ms = at_utc_ms - last_utc_ms
    return passed_ms if 0 < passed_ms <= BETWEEN_MAX_MS else LOOK_MS


def _factor_percent(state: dict[str, Any], power_w: int) -> int | None:
    """Active over apparent power; None where voltages or currents are not measured."""
    apparent = 0
    for volts, amperes in zip(_VOLTS, _AMPERES, strict=True):
        mv, ma = reading(state, volts), reading(state, amperes)
        if mv is None or ma is None:
            return None
        apparent += mv * abs(ma) // 1_000_000
    return power_w * 100 // apparent if apparent else None


def _facts(proof: Proof, factor: int | None) -> dict[str, object]:
    facts: dict[str, object] = {
        "wet_lasted_ms": proof.lasted_ms,
        "wet_water_l": proof.water_l,
        "wet_integrated_l": proof.integrated_l,
        "wet_deviation_permille": proof.deviation_permille,
        "wet_worked_wh": proof.worked_wh,
        "wet_l_per_kwh": proof.water_l_per_kwh,
    }
    if factor is not None:
        facts["wet_factor_percent"] = factor
    return facts


def _cut(work: Work) -> tuple[dict[str, object], list[str]]:
    """Cut for a moment; the water comes to rest, the permission returns, and nothing starts."""
    talk = work.talk
    if not talk.order("RelayTestOrder", lasts_ms=CUT_MS, reason="setup"):
        raise Cancelled
    at_cut = talk.state()
    start_l = reading(at_cut, Quantity.FORWARD_TOTAL_L)
    fell = _until(work, lambda state: not reading(state, Quantity.POWER_W), CUT_MS // LOOK_MS)
    rest = _until(work, lambda state: not reading(state, Quantity.FLOW_L_PER_H), CUT_MS // LOOK_MS)
    end_l = None if rest is None else reading(rest, Quantity.FORWARD_TOTAL_L)
    facts: dict[str, object] = {"cut_power": YES if fell else NO, "cut_flow": YES if rest else NO}
    if rest is not None and start_l is not None and end_l is not None:
        facts["coast_l"] = end_l - start_l
        coast_ms = rest["at_utc_ms"] - at_cut["at_utc_ms"]
        if 0 <= coast_ms <= 2 * CUT_MS:  # else the calendar was set meanwhile
            facts["coast_ms"] = coast_ms
    wrong = [] if fell and rest else [talk.word("setup_wrong.not_cut")]
    talk.say("setup.waits_permission")
    if _until(work, lambda state: state["relay"] == "permitted", RETURNS_WITHIN_S) is None:
        return facts, [*wrong, talk.word("setup_wrong.no_return")]
    started = _until(work, lambda state: state["session"] is not None, STANDS_S) is not None
    maintained = talk.settings.relay.wiring == "maintained"
    facts["starts_by_itself"] = YES if started else NO
    if started and not maintained:
        wrong.append(talk.word("setup_wrong.started"))
    return facts, wrong


def _tell(work: Work, facts: dict[str, object]) -> None:
    for name, value in facts.items():
        label, text = told(name, str(value), work.talk.language)
        work.talk.terminal.say(f"  {label}: {text}")


# --- platforms -----------------------------------------------------------------------------------


def platforms(work: Work) -> Found:
    """Each declared platform confirms the newest record of this moment."""
    talk = work.talk
    wanted = talk.state()["head"][0]
    if not talk.state()["uplinks"]:
        talk.say("console.no_platform")
        return Found({"platforms": 0})
    uplink.test(talk)
    links = talk.state()["uplinks"]
    facts: dict[str, object] = {f"received.{name}": one["cursor"] for name, one in links.items()}
    behind = [name for name, one in links.items() if one["cursor"] < wanted]
    failed = talk.word("setup_failed.platforms", what=", ".join(behind)) if behind else ""
    return Found({"platforms": len(links), **facts}, failed=failed)
