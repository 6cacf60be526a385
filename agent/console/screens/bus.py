"""Room rule: what hangs on an RS-485 line, asked through control, between its scans."""

from typing import Any, Final

from agent.console.screens.meter import BUS_WITHIN_S, answering
from agent.console.talk import Cancelled, Talk

WATCH_EVERY_MS: Final = 2_000


def scan(talk: Talk, bus: str | None) -> None:
    chosen = _chosen(talk, bus)
    if chosen is None:
        return
    talk.say("console.scanning")

    def ask(fields: dict[str, Any]) -> Any:
        if talk.interrupted():
            raise Cancelled
        # A minute or more beside the scans: nobody is to think that it hangs.
        talk.terminal.progress(talk.word("console.scanning_unit", unit=fields["unit"]))
        return talk.desk.call("bus_ask", fields, BUS_WITHIN_S)

    for line in talk.bench.scan(chosen, ask, talk.language):
        talk.terminal.say(line)


def read(talk: Talk, unit: int, address: int, count: int | None, bus: str | None) -> None:
    """The same words in every sensible type and order."""
    chosen = _chosen(talk, bus)
    if chosen is None:
        return
    fields = {"bus": chosen, "unit": unit, "address": address, "count": count or 2}
    told = talk.desk.call("bus_ask", fields, BUS_WITHIN_S)
    if told["words"]:
        talk.lines(talk.bench.views(address, told["words"]))
    elif told["exception"] is not None:
        meaning = talk.word(f"bus_read.exception_{_explained(told['exception'])}")
        talk.say("bus_read.refused", unit=unit, code=told["exception"], meaning=meaning)
    else:
        talk.say("console.no_answer", unit=unit, fault=talk.word(f"fault.{told['fault']}"))


def _explained(code: int) -> int | str:
    return code if code in {1, 2, 3} else "other"


def watch(talk: Talk) -> None:
    while True:
        lines = [*answering(talk, talk.state()), talk.word("console.any_key")]
        talk.terminal.paint(lines)
        if talk.key(WATCH_EVERY_MS) is not None:
            return


def _chosen(talk: Talk, bus: str | None) -> str | None:
    names = [one.name for one in talk.settings.bus]
    if bus is None:
        return names[0]
    if bus not in names:
        talk.say("bus_tool.no_bus", wanted=bus, names=", ".join(names))
        return None
    return bus
