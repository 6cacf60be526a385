"""Room rule: what a step of the guide may do: ask, compare, note. Knows no step.

At every question of the guide three words leave it: `back`, `skip` with a reason, and `quit`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from agent import rows, words
from agent.commissioning import Noted, Steps, folded, told
from agent.console.arguments import DAY, Kind, Unreadable
from agent.console.talk import ANSWER_WITHIN_S, TRIES_MAX, Cancelled, Talk
from agent.core.model import Quantity, SetupNoted, SetupOutcome, SetupStep

# A commissioning is gone through a few times at most before it is signed.
RECORDS_MAX: Final = 200
KIND: Final = rows.kind_of(SetupNoted)
LOOK_MS: Final = 1_000
# So often somebody who only looks is still there.
TOUCH_EVERY: Final = 20
REASON_MAX: Final = 100
INDENT: Final = 4


class Back(Exception):
    """The step before it, once more."""


class Quit(Exception):
    """Leave the guide; it goes on another time."""


class Skip(Exception):
    """Leave this step out, and say why."""


@dataclass(frozen=True, slots=True)
class Found:
    """What a step came to. `failed` says what is not as it must be; the step then stays open."""

    facts: Mapping[str, object] = field(default_factory=dict)
    curve: tuple[int, ...] = ()
    failed: str = ""


@dataclass(slots=True)
class Work:
    """One technician on his way through the guide. `known` is what earlier steps noted."""

    talk: Talk
    wet_ms: int
    known: dict[str, str]
    looks: int = 0

    # --- asking ----------------------------------------------------------------------------------

    def text(self, name: str, *, needed: bool = False) -> str:
        """A text; Enter keeps what is known already."""
        return self.value(name, None, needed=needed)

    def day(self, name: str) -> str:
        return self.value(name, DAY)

    def value(self, name: str, kind: Kind | None, *, needed: bool = False) -> str:
        """What was typed, once it can be read; empty when nothing was and nothing need be."""
        talk, before = self.talk, self.known.get(name, "")
        label = talk.word(f"setup_fact.{name}")
        example = f" ({kind.example})" if kind else ""
        shown = f" [{told(name, before, talk.language)[1]}]" if before else ""
        for _ in range(TRIES_MAX):
            given = self.line(f"{label}{example}{shown}:")
            if not given and (before or not needed):
                return before
            try:
                if given:
                    return given[:REASON_MAX] if kind is None else str(kind.value(given))
            except Unreadable as wrong:
                given = wrong.given
            hint = kind.example if kind else "…"
            talk.say("console.wrong", name=label, given=given[:40], example=hint)
        raise Cancelled

    def number(self, name: str, kind: Kind) -> int:
        """A number that must be given, in its base unit."""
        return int(self.value(name, kind, needed=True))

    def line(self, question: str) -> str:
        """One line. A question that would crowd it out stands above it."""
        if words.width(question) <= self.talk.terminal.width // 2 - INDENT:
            return self.talk.ask(f"  {question}").strip()
        self.talk.terminal.say(f"  {question}")
        return self.talk.ask("  :").strip()

    def agrees(self, key: str) -> bool:
        """Yes or no, in either language; Enter is no answer."""
        talk = self.talk
        for _ in range(TRIES_MAX):
            given = self.line(talk.word(key)).casefold()
            if given in {"y", "yes", "是", "shi"}:
                return True
            if given in {"n", "no", "否", "fou"}:
                return False
            talk.say("setup.yes_or_no")
        raise Cancelled

    # --- looking ---------------------------------------------------------------------------------

    def look(self) -> dict[str, Any]:
        """The station once more, a second later; Ctrl-C gives up."""
        talk = self.talk
        if talk.interrupted():
            raise Cancelled
        self.looks += 1
        if self.looks % TOUCH_EVERY == 0:
            talk.desk.call("touch", {}, ANSWER_WITHIN_S)
        return talk.later(LOOK_MS)

    def refused_why(self, state: dict[str, Any]) -> str:
        """Why the pump may not run, as one line."""
        return ", ".join(self.talk.word(f"condition.{one}") for one in state["reasons"])

    # --- noting ----------------------------------------------------------------------------------

    def note(self, step: SetupStep, found: Found, *, skipped: str = "") -> bool:
        """Write down how a step ended."""
        outcome, reason = SetupOutcome.DONE, ""
        if skipped:
            outcome, reason = SetupOutcome.SKIPPED, skipped
        elif found.failed:
            outcome, reason = SetupOutcome.FAILED, found.failed
        facts = [f"{name}={value}"[: REASON_MAX + 40] for name, value in found.facts.items()]
        self.known |= {name: str(value) for name, value in found.facts.items()}
        return self.talk.order(
            "SetupOrder",
            step=step.value,
            outcome=outcome.value,
            reason=reason[:REASON_MAX],
            facts=[one for one in facts if not one.endswith("=")],
            curve=list(found.curve),
        )


def reading(state: dict[str, Any], quantity: Quantity) -> int | None:
    """What the last scan read, if it is good."""
    for one in state["readings"]:
        if one["quantity"] == quantity and one["fault"] is None:
            return int(one["value"])
    return None


def noted(talk: Talk) -> Steps:
    """What was written down so far."""
    asked = {"kinds": [KIND], "limit": RECORDS_MAX}
    answer = talk.desk.call("newest", asked, ANSWER_WITHIN_S)["records"]
    return folded(
        Noted(at_utc_ms, rows.from_row(SetupNoted, body))
        for _, at_utc_ms, _, _, body in reversed(answer)
        if body is not None
    )


def hear(given: str) -> str:
    """What was typed, unless it is one of the guide's own words."""
    first, *rest = given.split(None, 1) or [""]  # a blank may be a full-width one
    match first.casefold():
        case "back" | "返回":
            raise Back
        case "quit" | "退出":
            raise Quit
        case "skip" | "跳过":
            raise Skip("".join(rest).strip()[:REASON_MAX])
        case _:
            return given
