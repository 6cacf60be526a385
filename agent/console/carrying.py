"""Room rule: a line is carried out, or it is said why not. Does nothing by itself.

What a command does is loaded when it is first asked for: an idle console is small.
"""

from collections.abc import Callable, Sequence
from importlib import import_module
from typing import Any, Final

from agent.console.arguments import Argument
from agent.console.commands import GRAMMAR
from agent.console.grammar import (
    Ambiguous,
    Blank,
    Command,
    Meaning,
    Offer,
    TooMuch,
    Understood,
    Unfinished,
    Unknown,
    Wrong,
)
from agent.console.talk import HEIGHT, Cancelled, DeskAway, DeskDeclined, Talk

NAME_WIDTH: Final = 24
# What somebody typed is repeated up to here.
GIVEN_MAX: Final = 40


def carry_out(talk: Talk, meaning: Meaning) -> None:
    """Do what a line says, or say what is wrong with it."""
    if not isinstance(meaning, Understood):
        _explain(talk, meaning)
        return
    try:
        _run(talk, meaning.command, meaning.values)
    except Cancelled:
        talk.say("console.cancelled")
    except DeskAway as away:
        talk.say("desk.gone", why=away.args[0])
    except DeskDeclined as declined:
        talk.say("desk.refused", why=declined.args[0])


def _explain(talk: Talk, meaning: Meaning) -> None:
    match meaning:
        case Unknown(given, known):
            talk.say("console.unknown", given=given[:GIVEN_MAX], known=", ".join(known))
        case Ambiguous(given, known):
            talk.say("console.ambiguous", given=given, known=", ".join(known))
        case Wrong(_, argument, given):
            talk.wrong(argument, given)
        case TooMuch(command, given):
            talk.say("console.too_much", command=command.name, given=given[:GIVEN_MAX])
        case Unfinished(words, _):
            line = " ".join((*words, ""))
            talk.lines(listed(talk, GRAMMAR.offers(line, len(line)) or ()))
        case Blank() | Understood():
            return


def _run(talk: Talk, command: Command, given: dict[str, Any]) -> None:
    stops = talk.limited and talk.may_stop and command.does == "relay.stop"
    if HEIGHT[talk.account.rank] < HEIGHT[command.rank] and not stops:
        needed = talk.word(f"rank.{command.rank}")
        talk.say("console.takes_rank", command=command.name, rank=needed)
        return
    values = [
        given[one.name] if one.name in given else _asked(talk, one) for one in command.arguments
    ]
    does(command)(talk, *values)


def does(command: Command) -> Callable[..., None]:
    """The function of `screens` that the table names."""
    module, _, name = command.does.partition(".")
    function: Callable[..., None] = getattr(import_module(f"agent.console.screens.{module}"), name)
    return function


def _asked(talk: Talk, argument: Argument) -> Any:
    return talk.value(argument) if argument.asked else None


# --- help ----------------------------------------------------------------------------------------


def offered(talk: Talk, text: str, cursor: int) -> list[str] | None:
    """What may stand at the cursor, a line each; None where a question mark is a character."""
    offers = GRAMMAR.offers(text, cursor)
    return None if offers is None else listed(talk, offers)


def listed(talk: Talk, offers: Sequence[Offer]) -> list[str]:
    return [_told(talk, one) for one in offers] or [talk.word("console.nothing_more")]


def _told(talk: Talk, offer: Offer) -> str:
    word = offer.word
    if offer.argument is not None:
        word = word or f"<{offer.argument.kind.example}>"
        key = f"console_argument.{offer.argument.name}"
    elif offer.command is not None:
        key = f"console_help.{offer.command.key}"
    else:
        key = f"console_noun.{word.replace('-', '_')}"
    return f"  {word:<{NAME_WIDTH}} {talk.word(key)}"
