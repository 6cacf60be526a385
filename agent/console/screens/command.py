"""Room rule: an order that a platform signed, carried here where the network does not reach."""

from agent.console.talk import COMMAND_WITHIN_S, Cancelled, Talk


def paste(talk: Talk) -> None:
    """One line; control checks the signature, the time and that it was never used."""
    talk.say("console.paste")
    token = "".join(talk.ask(talk.word("console.token")).split())
    if not token:
        raise Cancelled
    told = talk.desk.call("signed_command", {"token": token}, COMMAND_WITHIN_S)
    result = told["result"]
    if result is None:
        talk.terminal.say(told["words"])
    elif not talk.refused(result["refusal"]):
        key = "verdict.accepted" if told.get("written", True) else "verdict.held"
        talk.say(key, order=talk.word(f"order.{result['order']}"))
