"""Room rule: the session itself: help, language, what this is, and leaving."""

from agent.console.commands import GRAMMAR
from agent.console.grammar import Command
from agent.console.talk import ANSWER_WITHIN_S, SignOut, Talk

SUPPORT_EVENTS = 100
GIVEN_MAX = 40


def explain(talk: Talk, line: str | None) -> None:
    """Every command with its one line; or those that begin so, with their arguments."""
    if line is None:
        talk.lines(_line(talk, one) for one in GRAMMAR.commands)
        return
    found = GRAMMAR.beginning(line)
    if not found:
        known = dict.fromkeys(one.words[0] for one in GRAMMAR.commands)
        talk.say("console.unknown", given=line[:GIVEN_MAX], known=", ".join(known))
    for one in found:
        talk.lines([_line(talk, one), *_arguments(talk, one)])


def _line(talk: Talk, command: Command) -> str:
    return f"  {command.name:<22} {talk.word(f'console_help.{command.key}')}"


def _arguments(talk: Talk, command: Command) -> list[str]:
    return [
        f"    {talk.word(f'console_argument.{one.name}')}: {one.kind.example}"
        for one in command.arguments
    ]


def language(talk: Talk, chosen: str) -> None:
    talk.terminal.language = chosen
    talk.say("console.language")


def show(talk: Talk) -> None:
    hello = talk.desk.call("hello", {}, ANSWER_WITHIN_S)
    state = talk.state()
    talk.lines(
        [
            talk.row("station", f"{hello['station']} {state['name']}"),
            talk.row("version", hello["version"]),
            talk.row("epoch", hello["epoch"]),
            talk.row("public_key", state["public_key"] or "-"),
        ]
    )


def support(talk: Talk) -> None:
    """All that helps somebody far away, as text down the line: bounded, and without a secret."""
    from agent.console.screens import alarms, config, history, journal, meter, status, uplink

    talk.terminal.paging = False
    try:
        talk.say("console.support_begins")
        for part in (show, status.show, alarms.show, meter.show, meter.read, uplink.errors):
            part(talk)
        journal.stats(talk)
        config.diff(talk)
        for line in history.raw(talk, SUPPORT_EVENTS):
            talk.terminal.say(line, fold=False)
        talk.say("console.support_ends")
    finally:
        talk.terminal.paging = True


def leave(_: Talk) -> None:
    raise SignOut
