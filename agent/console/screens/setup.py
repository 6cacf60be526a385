"""Room rule: the commissioning guide as commands: go on with it, one step again, its record."""

from agent.console.setup import guide, papers
from agent.console.talk import Talk
from agent.core.model import SetupStep


def go(talk: Talk, wet_ms: int | None) -> None:
    if _in_bounds(talk, wet_ms):
        guide.go(talk, wet_ms)


def step(talk: Talk, name: str, wet_ms: int | None) -> None:
    if _in_bounds(talk, wet_ms):
        guide.only(talk, SetupStep(name), wet_ms)


def show(talk: Talk) -> None:
    """All of it down the line: what the terminal captures is a file."""
    for line in papers.record(guide.begun(talk, None)):
        talk.terminal.say(line)


def _in_bounds(talk: Talk, wet_ms: int | None) -> bool:
    """A test of seconds proves no total, one of hours is a rating."""
    if wet_ms is None or wet_ms in guide.WET_MS_RANGE:
        return True
    talk.say("setup.wet_bounds")
    return False
