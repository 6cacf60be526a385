"""Room rule: the platforms' links, as their own processes report them. No network is in here."""

from typing import Any, Final

from agent import words
from agent.console.cells import bad, good
from agent.console.screens.around import link_trouble
from agent.console.talk import Talk
from agent.ports import LinkFault

# A new record reaches a platform that is connected within this.
TEST_WITHIN_S: Final = 60
LOOK_MS: Final = 1_000
# What a link's trouble says about the network below it.
_LAYER: Final = {
    LinkFault.UNRESOLVED: "names",
    LinkFault.UNREACHABLE: "route",
    LinkFault.REFUSED: "port",
    LinkFault.LOST: "route",
    LinkFault.SILENT: "route",
    LinkFault.TLS_UNTRUSTED: "tls",
    LinkFault.TLS_TIME: "clock",
    LinkFault.TLS_NAME: "tls",
    LinkFault.TLS_FAILED: "tls",
    LinkFault.NOT_RUNNING: "process",
}


def show(talk: Talk) -> None:
    for name, one in _declared(talk).items():
        link = good(talk.word("state.connected"))
        if not one["connected"]:
            link = bad(talk.word("state.disconnected"))
        talk.lines(
            [
                f"{name}: {link} {link_trouble(one, talk.language)}",
                talk.row("delivered", str(one["cursor"])),
                talk.row("waiting", str(one["waiting"])),
                talk.row("parked", str(one["parked"])),
                talk.row("batches", f"{one['batches']}, {one['bytes']} B"),
                talk.row("reconnects", str(one["reconnects"])),
            ]
        )


def errors(talk: Talk) -> None:
    for name, one in _declared(talk).items():
        when = one["last_error_utc_ms"]
        at = "" if when is None else words.instant(when, talk.language)
        now = link_trouble(one, talk.language)
        talk.lines([f"{name}: {now or talk.word('state.none')}", f"  {at} {one['last_error']}"])


def test(talk: Talk) -> None:
    """The newest record of this moment: does each platform confirm it?"""
    if not _declared(talk):
        return
    wanted = talk.state()["head"][0]
    talk.say("console.uplink_testing", number=wanted, within_s=TEST_WITHIN_S)
    state = talk.state()
    for _ in range(TEST_WITHIN_S * 1000 // LOOK_MS):
        if not _behind(state, wanted) or talk.interrupted():
            break
        state = talk.later(LOOK_MS)
        talk.terminal.progress(", ".join(_behind(state, wanted)))
    for name, one in state["uplinks"].items():
        key = "console.uplink_has" if one["cursor"] >= wanted else "console.uplink_lacks"
        talk.say(key, name=name, number=wanted, why=link_trouble(one, talk.language))


def _declared(talk: Talk) -> dict[str, Any]:
    """The platforms' links; where there are none, that is said."""
    links = talk.state()["uplinks"]
    if not links:
        talk.say("console.no_platform")
    return dict(links)


def _behind(state: dict[str, Any], wanted: int) -> list[str]:
    return [name for name, one in state["uplinks"].items() if one["cursor"] < wanted]


def resend(talk: Talk, platform: str, first: int, last: int) -> None:
    talk.order("ResendOrder", platform=platform, first=first, last=last)


def network(talk: Talk) -> None:
    """One link that works proves the network; what all lack is the network's."""
    links = _declared(talk)
    for name, one in links.items():
        layer = "good" if one["connected"] else _LAYER.get(one["fault"], "platform")
        talk.say(f"network.{layer}", name=name)
    if links and not any(one["connected"] for one in links.values()):
        talk.say("network.all")
    elif not all(one["connected"] for one in links.values()):
        talk.say("network.some")
