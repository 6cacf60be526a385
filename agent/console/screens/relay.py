"""Room rule: stopping, releasing, trying out the relay, and water beside the allocation."""

from agent import words
from agent.console.talk import Talk
from agent.core.model import Quantity

TEST_MS = 10_000
# How long the pump is watched after the relay opened, a look a second.
LOOKS = 8
LOOK_MS = 1_000


def stop(talk: Talk, reason: str) -> None:
    """At once: nobody who wants a pump stopped types a name first."""
    talk.order("StopOrder", reason=reason)


def release(talk: Talk, reason: str) -> None:
    talk.confirm()
    talk.order("ReleaseOrder", reason=reason)


def test(talk: Talk, lasts_ms: int | None) -> None:
    """Cut for a moment, and say what the relay, the contactor and the power did."""
    before = talk.state()
    if before["session"] is not None:
        talk.say("console.test_stops_pump")
    talk.confirm()
    if not talk.order("RelayTestOrder", lasts_ms=lasts_ms or TEST_MS, reason="console"):
        return
    for _ in range(LOOKS):
        talk.terminal.progress(_seen(talk, talk.later(LOOK_MS)))
        if talk.interrupted():
            break
    talk.terminal.say(_seen(talk, talk.state()))
    talk.say("console.test_over")


def _seen(talk: Talk, state: dict[str, object]) -> str:
    inputs = state["inputs"]
    assert isinstance(inputs, dict)
    contactor = inputs.get("contactor")
    told = "state.none" if contactor is None else f"contact.{'closed' if contactor else 'open'}"
    readings = state["readings"]
    assert isinstance(readings, list)
    power = next((one["value"] for one in readings if one["quantity"] == Quantity.POWER_W), None)
    return "  ".join(
        (
            f"{talk.word('label.relay')} {talk.word('state.' + str(state['relay']))}",
            f"{talk.word('label.contactor')} {talk.word(told)}",
            f"{talk.word('label.power')} {words.amount(Quantity.POWER_W, power)}",
        )
    )


def override(talk: Talk, use: str, volume_l: int, lasts_ms: int, reason: str) -> None:
    volume, lasts = words.volume(volume_l), words.duration(lasts_ms, talk.language)
    talk.say("console.override_means", use=talk.word(f"use.{use}"), volume=volume, lasts=lasts)
    talk.confirm()
    talk.order("OverrideOrder", use=use, volume_l=volume_l, lasts_ms=lasts_ms, reason=reason)


def end_override(talk: Talk, reason: str) -> None:
    talk.order("ReleaseOverrideOrder", reason=reason)
