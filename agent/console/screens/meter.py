"""Room rule: the meters: which, what they say, how they answer, fitted and removed and rated."""

from collections.abc import Iterator
from datetime import date, datetime
from typing import Any, Final

from agent import rows, words
from agent.amounts import AmountError, energy_wh, volume_l
from agent.console.arguments import VOLUME, Argument, plain
from agent.console.cells import bad, warning
from agent.console.talk import ANSWER_WITHIN_S, Cancelled, Talk
from agent.core.model import Quality, Quantity, RateProposed, Role

ROLES: Final = {"flow": Role.FLOW_METER, "power": Role.POWER_METER}
TEST_ASKS: Final = 20
LEVEL_ASKED: Final = Argument("volume", VOLUME)
BUS_WITHIN_S: Final = 15.0


# --- what there is -------------------------------------------------------------------------------


def show(talk: Talk) -> None:
    state = talk.state()
    talk.lines(_listed(talk, state))


def _listed(talk: Talk, state: dict[str, Any]) -> Iterator[str]:
    """The declared instruments, then how each answers on its line."""
    for role, one in state["instruments"].items():
        since = words.instant(one["fitted_utc_ms"], "en")[:10]
        yield f"  {talk.word(f'role.{role}')}  {one['serial']}  {one['document']}  {since}"
    if not state["instruments"]:
        yield f"  {talk.word('condition.not_commissioned')}"
    yield from answering(talk, state)


def answering(talk: Talk, state: dict[str, Any]) -> Iterator[str]:
    for name, bus in state["buses"].items():
        trouble = bus["trouble"]
        yield f"{name}: {warning(trouble) if trouble else talk.word('bus_watch.open')}"
        for role, one in bus["instruments"].items():
            counted = {key: one[key] for key in ("unit", "requests", "timeouts", "garbled")}
            for key in ("median_ms", "p99_ms", "timeout_ms"):
                counted[key] = "—" if one[key] is None else one[key]
            named = talk.word(f"role.{role}")
            told = talk.word(
                "bus_watch.instrument", role=named, refused=one["exceptions"], **counted
            )
            yield f"  {told}"


def read(talk: Talk) -> None:
    """Every reading of the last scan; what is not good says why."""
    talk.lines(_reading(talk, one) for one in talk.state()["readings"])


def _reading(talk: Talk, one: dict[str, Any]) -> str:
    label = talk.word(f"quantity.{one['quantity']}")
    shown = words.amount(Quantity(one["quantity"]), one["value"])
    line = f"  {label}{' ' * max(1, 26 - words.width(label))}{shown}"
    if one["fault"] is None:
        return line
    why = f"{talk.word('quality.' + one['quality'])}: {talk.word('fault.' + one['fault'])}"
    styled = bad if one["quality"] == Quality.BAD else warning
    return f"{line} {styled(why)}"


# --- fitted and removed --------------------------------------------------------------------------


def fit(talk: Talk, role: str, serial: str, display: str, document: str) -> None:
    """What its display shows is compared with what is read, by the scan."""
    fields = {
        "role": ROLES[role],
        "serial": serial,
        "displayed": _displayed(talk, role, display),
        "document": document,
    }
    if role == "flow" and Role.FLOW_METER not in talk.state()["instruments"]:
        talk.say("console.withdrawn_before")
        fields["withdrawn_before_l"] = talk.value(LEVEL_ASKED)
    talk.confirm()
    talk.order("FitMeterOrder", **fields)


def _displayed(talk: Talk, role: str, text: str) -> int:
    """Litres or watt-hours, whichever the meter counts. Cancelled when it is neither."""
    try:
        return (volume_l if role == "flow" else energy_wh)(plain(text))
    except AmountError as wrong:
        talk.terminal.say(wrong.said(talk.language))
        raise Cancelled from wrong


def remove(talk: Talk, role: str, serial: str, document: str) -> None:
    fields: dict[str, Any] = {"role": ROLES[role], "serial": serial, "document": document}
    talk.say("console.last_display")
    given = talk.ask(talk.word("console_argument.display")).strip()
    if given:
        fields["displayed"] = _displayed(talk, role, given)
    talk.confirm()
    talk.order("RemoveMeterOrder", **fields)


# --- tested and rated ----------------------------------------------------------------------------


def test(talk: Talk, role: str) -> None:
    """Ask it again and again for one register, between the scans, and count."""
    kind = ROLES[role]
    found = [
        (name, one["unit"])
        for name, bus in talk.state()["buses"].items()
        for of, one in bus["instruments"].items()
        if of == kind
    ]
    if not found:
        talk.say("console.no_meter", role=talk.word(f"role.{kind}"))
        return
    bus, unit = found[0]
    asked = {"bus": bus, "unit": unit, "function": 3, "address": 0, "count": 1}
    took: list[int] = []
    for number in range(TEST_ASKS):
        if talk.interrupted():
            break
        told = talk.desk.call("bus_ask", asked, BUS_WITHIN_S)
        if told["fault"] is None:
            took.append(told["turnaround_ms"] or 0)
        talk.terminal.progress(f"{number + 1}/{TEST_ASKS}")
    middle = sorted(took)[len(took) // 2] if took else "-"
    talk.say("console.meter_tested", unit=unit, good=len(took), asked=TEST_ASKS, median_ms=middle)


def begin_rating(talk: Talk) -> None:
    if talk.order("BeginRatingOrder"):
        talk.say("console.rating_runs")


def end_rating(talk: Talk) -> None:
    """What it found, and the command that puts it in force."""
    if not talk.order("EndRatingOrder"):
        return
    asked = {"kinds": [rows.kind_of(RateProposed)], "limit": 1}
    for *_, body in talk.desk.call("newest", asked, ANSWER_WITHIN_S)["records"]:
        found = rows.from_row(RateProposed, body)
        talk.say(
            "console.rating_ended",
            coefficient=f"{found.litres_per_kwh / 1000:.3f}",
            water=words.volume(found.volume_l),
            energy=words.energy(found.energy_wh),
            lasted=words.duration(found.lasted_ms, talk.language),
        )


def set_rate(talk: Talk, litres_per_kwh: int, method: str, measured: date, document: str) -> None:
    noon = datetime.combine(measured, datetime.min.time(), tzinfo=words.BEIJING)
    talk.confirm()
    talk.order(
        "RateOrder",
        litres_per_kwh=litres_per_kwh,
        method=method,
        measured_utc_ms=int(noon.timestamp()) * 1000,
        document=document,
    )
