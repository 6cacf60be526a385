"""Room rule: what is wrong now, what it means, and that somebody saw to it."""

from agent.console.cells import bad, warning
from agent.console.screens.status import condition, means
from agent.console.talk import Talk
from agent.core.model import Action


def show(talk: Talk) -> None:
    """Each condition with its meaning and its remedy."""
    state = talk.state()
    found, ailing = state["conditions"], (state["health"] or {"ailments": ()})["ailments"]
    if not found and not ailing:
        talk.say("console.no_alarms")
    for one in found:
        styled = bad if one["action"] == Action.CUT else warning
        told = means(one["kind"], talk.language, one["level"])
        talk.lines([styled(condition(one, talk.language)), f"  {told}"])

    for one in ailing:
        about = f" ({one['about']})" if one["about"] else ""
        told = talk.word(f"ailment_remedy.{one['kind']}")
        talk.lines([warning(talk.word(f"ailment.{one['kind']}") + about), f"  {told}"])


def acknowledge(talk: Talk, kind: str, reason: str) -> None:
    talk.order("AcknowledgeOrder", condition=kind, reason=reason)
