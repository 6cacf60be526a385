"""Room rule: the station on one screen, whose first line names the side a standing pump is on.

It must be on the technician's screen within two seconds at 9600 baud: 1,900 octets, of which a
Chinese character takes three. `watch` shows the same lines again and again.
"""

from collections.abc import Iterable
from typing import Any, Final

from agent import words
from agent.console.cells import bad, bold, good, warning
from agent.console.screens import around
from agent.console.screens.allocation import beside
from agent.console.talk import ANSWER_WITHIN_S, Talk, row
from agent.core.model import Action, ConditionKind, Quantity, SetupOutcome, SetupStep

BAR: Final = 24
CONDITIONS_MAX: Final = 6
# Below this share of nothing a phase is dead: the grid, or a fuse.
DEAD_MV: Final = 50_000
_PHASES: Final = (Quantity.VOLTAGE_1_MV, Quantity.VOLTAGE_2_MV, Quantity.VOLTAGE_3_MV)
_BLIND: Final = frozenset({ConditionKind.FLOW_METER_SILENT, ConditionKind.POWER_METER_SILENT})
_GRID: Final = frozenset({ConditionKind.MAINS_FAILED, ConditionKind.PHASE_LOSS})
# Octets that a second carries, of which `watch` takes at most this share.
WATCH_SHARE: Final = 0.7
WATCH_EVERY_MS: Final = 1_000
OCTETS_OF_A_FRAME: Final = 300
OCTETS_MAX: Final = 1_900

# The catalogue names the shell's commands.
_HERE: Final = {
    "release-override": "override end",
    "fit-meter": "meter fit",
    "allocate-energy addition": "allocation energy addition",
    "allocate addition": "allocation add",
    "allocate": "allocation set",
    "limit": "allocation limit",
    "correct": "allocation correct",
    "set-clock": "clock set",
    "open-year": "clock year",
    "release": "relay release",
    "acknowledge": "acknowledge",
    "resume": "resume",
}

State = dict[str, Any]


def show(talk: Talk) -> None:
    talk.terminal.say("\n".join(screen(talk.state(), talk.language)))


def watch(talk: Talk) -> None:
    """The same again and again, as fast as the line carries what changed; any key ends it."""
    octets = OCTETS_OF_A_FRAME if talk.terminal.ansi else OCTETS_MAX
    every_ms = max(WATCH_EVERY_MS, int(octets * 10_000 / talk.terminal.baud / WATCH_SHARE))
    while True:
        talk.terminal.paint([*screen(talk.state(), talk.language), talk.word("console.any_key")])
        if talk.key(every_ms) is not None:
            break
    talk.desk.call("touch", {}, ANSWER_WITHIN_S)


# --- which side ----------------------------------------------------------------------------------


def side(state: State) -> str:
    """Which side a pump that stands is on, as a key of the catalogue; or that it runs."""
    kinds = {one["kind"] for one in state["conditions"]}
    inputs = state["inputs"]
    if state["relay"] == "silent":
        return "relay_silent"
    runs = state["session"] and not _blind(state)
    if not state["permitted"]:
        return "cut_running" if runs else "cut"
    if runs:
        return "running"
    if state["relay"] == "cut":
        return "relay_open"
    phases = [_value(state, one) for one in _PHASES]
    known = [one for one in phases if one is not None]
    if kinds & _GRID or inputs.get("mains") is False or (known and max(known) < DEAD_MV):
        return "grid"
    if ConditionKind.POWER_METER_SILENT in kinds or ConditionKind.BOTH_METERS_SILENT in kinds:
        return "meter"
    return "motor" if inputs.get("contactor") else "owner"


def _blind(state: State) -> bool:
    """Where no meter answers nobody saw the pump stop, and nobody sees it run."""
    return {one["kind"] for one in state["conditions"]} >= _BLIND


_ALARMING: Final = frozenset({"cut", "cut_running", "relay_silent", "relay_open"})


def answer(state: State, language: str) -> str:
    """On which side a standing pump is, in one sentence. The shell says the same."""
    which = side(state)
    others = [kind for kind in state["reasons"] if kind != which]
    key = "relay_silent_and" if which == "relay_silent" and others else which
    why = around.AND[language].join(words.say(f"condition.{kind}", language) for kind in others)
    return words.say(f"side.{key}", language, why=why)


def headline(state: State, language: str) -> list[str]:
    """The answer, then what to do about it."""
    which = side(state)
    styled = bad if which in _ALARMING else good if which == "running" else warning
    lines = [bold(f"{state['station']} {state['name']}"), styled(answer(state, language))]
    return lines + [f"  {means(one, language)}" for one in _told(state)]


def means(kind: str, language: str, level: int = 0) -> str:
    """What is wrong and what to do, in this console's own commands."""
    said = words.condition(ConditionKind(kind), language, level)
    for shell, here in _HERE.items():
        said = said.replace(f"wellkeeper {shell}", here)
    return said


def _told(state: State) -> Iterable[str]:
    """What the headline names first is explained; the others have their names."""
    if side(state) == "relay_silent":
        return (ConditionKind.RELAY_SILENT,)
    return state["reasons"][:1] if not state["permitted"] else ()


# --- the screen ----------------------------------------------------------------------------------


def screen(state: State, language: str) -> list[str]:
    """Everything, in lines of at most 79 columns."""

    def line(label: str, value: str) -> str:
        return row(words.say(f"label.{label}", language), value)

    return [
        *headline(state, language),
        *_account(state, language),
        *_pump(state, language),
        *_setup(state, language),
        *_conditions(state, language),
        *(
            line("platform", around.platform(name, one, language))
            for name, one in state["uplinks"].items()
        ),
        *(line("missing", one) for one in state["missing"]),
        line("journal", around.journal(state, language)),
        *around.health(state, language),
        line("clock", around.clock(state, language)),
    ]


def _bar(done: int, whole: int, columns: int = BAR) -> str:
    """[######------]; full when there is more than the whole."""
    share = 1.0 if whole <= 0 else min(1.0, max(0.0, done / whole))
    filled = int(share * columns)
    return f"[{'#' * filled}{'-' * (columns - filled)}]"


def _account(state: State, language: str) -> list[str]:
    balance = state["balance"]

    def say(key: str, **values: object) -> str:
        return words.say(key, language, **values)

    if balance is None:
        return [row(say("label.allocation"), say("condition.not_allocated"))]
    allocated_l, withdrawn_l = balance["allocated_l"], balance["withdrawn_l"]
    year = f"{say('label.plan_year')} {balance['year']}"
    share = "-" if allocated_l <= 0 else f"{withdrawn_l * 100 / allocated_l:.1f} %"
    rest_l = balance["remaining_l"]
    over = rest_l < 0
    rest = row(say("label.over_plan" if over else "label.remaining"), words.volume(abs(rest_l)))
    return [
        row(year, f"{_bar(withdrawn_l, allocated_l)} {share}"),
        row(say("label.withdrawn"), f"{_cubic(withdrawn_l)} / {words.volume(allocated_l)}"),
        bad(rest) if over else rest,
        *(row(say(f"label.{label}"), value) for label, value in beside(balance, language)),
    ]


def _cubic(litres: int) -> str:
    return words.volume(litres).removesuffix(" m³")


def pump(state: State, language: str) -> str:
    """What it does; where no meter answers, what was last seen. The shell says the same."""
    session = state["session"]
    if session is None:
        return words.say("state.unseen" if _blind(state) else "state.stopped", language)
    ran_ms = session["running_ms"]  # of a run from before a boot no clock may tell
    lasted = words.ABSENT if ran_ms is None else words.duration(ran_ms, language)
    seen = words.say("state.seen_running" if _blind(state) else "state.running", language)
    return f"{seen} {lasted}, {words.volume(session['volume_l'])}"


def _pump(state: State, language: str) -> list[str]:
    def say(key: str) -> str:
        return words.say(key, language)

    shown = [
        ("pump", pump(state, language)),
        ("flow", _reading(state, Quantity.FLOW_L_PER_H, language)),
        ("power", _reading(state, Quantity.POWER_W, language)),
        ("ratio", _ratio(state)),
        ("level", _reading(state, Quantity.LEVEL_MM, language)),
        ("total", _reading(state, Quantity.FORWARD_TOTAL_L, language)),
        ("energy", _reading(state, Quantity.ENERGY_WH, language)),
        ("relay", say(f"state.{state['relay']}") + _contacts(state, language)),
    ]
    return [row(say(f"label.{label}"), value) for label, value in shown if value]


def _setup(state: State, language: str) -> list[str]:
    """How far the commissioning is, from its first step until it is signed."""
    settled = {name for name, outcome in state["setup"].items() if outcome != SetupOutcome.FAILED}
    left = [step for step in SetupStep if step not in settled]
    if not left or not (state["setup"] or ConditionKind.NOT_COMMISSIONED in state["reasons"]):
        return []
    name = words.say(f"setup_step.{left[0]}", language)
    told = {"done": len(settled), "of": len(SetupStep), "name": name}
    label = words.say("label.setup", language)
    return [row(label, warning(words.say("setup.status", language, **told)))]


def _contacts(state: State, language: str) -> str:
    closed = state["inputs"].get("contactor")
    if closed is None:
        return ""
    told = words.say(f"contact.{'closed' if closed else 'open'}", language)
    return f", {words.say('label.contactor', language)} {told}"


def _ratio(state: State) -> str:
    """m³ per kWh, as the two meters show it now."""
    flow, power = _value(state, Quantity.FLOW_L_PER_H), _value(state, Quantity.POWER_W)
    if not flow or not power or state["session"] is None:
        return ""
    return f"{flow / power:.2f} m³/kWh"


def _value(state: State, quantity: Quantity) -> int | None:
    one = _found(state, quantity)
    return None if one is None or one["fault"] is not None else one["value"]


def _found(state: State, quantity: Quantity) -> Any:
    return next((one for one in state["readings"] if one["quantity"] == quantity), None)


def _reading(state: State, quantity: Quantity, language: str) -> str:
    """A value; one that is not good says what it is and why. Empty when nobody measures it."""
    one = _found(state, quantity)
    if one is None:
        return ""
    shown = words.amount(quantity, one["value"])
    if one["fault"] is None:
        return shown
    quality = words.say(f"quality.{one['quality']}", language)
    fault = words.say(f"fault.{one['fault']}", language)
    return warning(f"{shown} {quality}: {fault}")


def _conditions(state: State, language: str) -> list[str]:
    """Those that are not in the headline already."""
    found = [one for one in state["conditions"] if one["kind"] not in _told(state)]
    label = words.say("label.conditions", language)
    lines = [row(label if n == 0 else "", condition(one, language)) for n, one in enumerate(found)]
    if len(lines) > CONDITIONS_MAX:
        more = words.say("console.more_alarms", language, count=len(lines) - CONDITIONS_MAX)
        lines = [*lines[:CONDITIONS_MAX], row("", more)]
    return lines


def condition(one: dict[str, Any], language: str) -> str:
    name = words.say(f"condition.{one['kind']}", language)
    action = words.say(f"action.{one['action']}", language)
    latched = f", {words.say('state.latched', language)}" if one["latched"] else ""
    level = f" {one['level']} %" if one["level"] else ""
    since = words.instant(one["since_utc_ms"], "en")[5:16]
    told = f"{name}{level} ({action}{latched}) {since}"
    return bad(told) if one["action"] == Action.CUT else warning(told)
