"""Room rule: the journal, as far as the desk shows it: numbers, and the chain followed."""

from typing import Any, Final

from agent.console.cells import bad, good
from agent.console.screens.around import journal_failing
from agent.console.talk import ANSWER_WITHIN_S, Talk

VERIFY_WITHIN_S: Final = 30.0


def stats(talk: Talk) -> None:
    hello = talk.desk.call("hello", {}, ANSWER_WITHIN_S)
    state = talk.state()
    number, digest = state["head"]
    failing = journal_failing(state, talk.language)
    lines = [
        talk.row("epoch", hello["epoch"]),
        talk.row("records", str(number)),
        talk.row("hash", digest),
        talk.row("journal", bad(failing) if failing else talk.word("state.writable")),
    ]
    for name, one in state["uplinks"].items():
        waits = f"{name}: {one['cursor']}, {talk.word('label.waiting')} {one['waiting']}"
        lines.append(talk.row("platform", waits))
    talk.lines(lines)


def verify(talk: Talk) -> None:
    """From the first record on, a page at a time; Ctrl-C ends it."""
    at: dict[str, Any] = {"number": 0, "hash": ""}
    head = talk.state()["head"][0]
    while True:
        asked = {"after": at["number"], "hash": at["hash"]}
        after = talk.desk.call("verify", asked, VERIFY_WITHIN_S)
        if after["damaged"] is not None:
            talk.terminal.say(bad(after["damaged"]))
            return
        if after["number"] == at["number"]:
            break
        at = after
        talk.terminal.progress(f"{at['number']}/{head}")
        if talk.interrupted():
            return
    talk.terminal.say(good(talk.word("console.chain_whole", number=at["number"], hash=at["hash"])))
