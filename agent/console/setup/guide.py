"""Room rule: from step to step, and out of the guide at any of its questions. Knows no step's work.

A step that was left by Ctrl-C, by a wrong word of confirmation or by a check that failed is asked
about once more; one that is done is noted at control before the next begins.
"""

from collections.abc import Callable
from enum import Enum
from typing import Final

from agent.commissioning import known
from agent.console.cells import bad, bold
from agent.console.setup import meters, papers, pump
from agent.console.setup.work import Back, Found, Quit, Skip, Work, hear, noted
from agent.console.talk import Cancelled, Talk
from agent.core.model import SetupOutcome, SetupStep

WET_MS: Final = 180_000
WET_MS_RANGE: Final = range(20_000, 600_001)
STEPS: Final[dict[SetupStep, Callable[[Work], Found]]] = {
    SetupStep.NAMEPLATE: papers.nameplate,
    SetupStep.CLOCK: papers.o_clock,
    SetupStep.BUS: meters.bus,
    SetupStep.FLOW_METER: meters.flow_meter,
    SetupStep.POWER_METER: meters.power_meter,
    SetupStep.PLAN: meters.plan,
    SetupStep.RELAY: pump.relay,
    SetupStep.WET_TEST: pump.wet_test,
    SetupStep.PLATFORMS: pump.platforms,
    SetupStep.BACKUP: papers.backup,
    SetupStep.SIGNATURE: papers.signature,
}
assert list(STEPS) == list(SetupStep), "each step is in its place"
_ORDER: Final = tuple(SetupStep)


class _Way(Enum):
    ON = "on"
    BACK = "back"
    AGAIN = "again"


def go(talk: Talk, wet_ms: int | None) -> None:
    """From the first step that is open to the last."""
    work = begun(talk, wet_ms)
    step = next_open(talk)
    if step is None:
        talk.lines(papers.record(work))
        talk.say("setup.finished")
        return
    talk.say("setup.begins")
    _through(work, step)


def only(talk: Talk, step: SetupStep, wet_ms: int | None) -> None:
    """One step once more, and then whatever is open."""
    _through(begun(talk, wet_ms), step)


def begun(talk: Talk, wet_ms: int | None) -> Work:
    return Work(talk, wet_ms or WET_MS, known(noted(talk)))


def next_open(talk: Talk) -> SetupStep | None:
    settled = talk.state()["setup"]
    return next(
        (one for one in _ORDER if settled.get(one) in {None, SetupOutcome.FAILED.value}), None
    )


def _through(work: Work, first: SetupStep) -> None:
    talk, step = work.talk, first
    talk.hear = hear
    try:
        while True:
            if _one(work, step) is _Way.BACK:
                step = _ORDER[max(0, _ORDER.index(step) - 1)]
                continue
            following = next_open(talk)
            if following is None:
                break
            step = following
    except Quit:
        talk.say("setup.kept")
        return
    finally:
        talk.hear = str
    talk.say("setup.finished")


def _one(work: Work, step: SetupStep) -> _Way:
    """Through one step, as often as it takes."""
    talk = work.talk
    number, name = _ORDER.index(step) + 1, talk.word(f"setup_step.{step}")
    way = _Way.AGAIN
    while way is _Way.AGAIN:
        told = talk.word("setup.step", number=number, of=len(_ORDER), name=name)
        talk.lines(["", bold(told), f"  {talk.word(f'setup_means.{step}')}"])
        way = _tried(work, step, _worked)
        if way is _Way.AGAIN:
            way = _tried(work, step, _asked)
    return way


def _tried(work: Work, step: SetupStep, act: Callable[[Work, SetupStep], _Way]) -> _Way:
    try:
        return act(work, step)
    except Back:
        return _Way.BACK
    except Skip as skip:
        return _skipped(work, step, skip)


def _worked(work: Work, step: SetupStep) -> _Way:
    try:
        found = STEPS[step](work)
    except Cancelled:
        return _Way.AGAIN
    if found.failed:
        work.talk.terminal.say(bad(work.talk.word("setup.failed", why=found.failed)))
    return _Way.ON if work.note(step, found) and not found.failed else _Way.AGAIN


def _asked(work: Work, _: SetupStep) -> _Way:
    """What to do with a step that did not end well. Ctrl-C once more leaves the guide."""
    try:
        work.talk.ask(work.talk.word("setup.again"))
    except Cancelled:
        raise Quit from None
    return _Way.AGAIN


def _skipped(work: Work, step: SetupStep, skip: Skip) -> _Way:
    """A step is left out for a reason that is written down."""
    reason = str(skip)
    if not reason:
        work.talk.say("setup.skip_why")
        return _Way.AGAIN
    return _Way.ON if work.note(step, Found(), skipped=reason) else _Way.AGAIN
