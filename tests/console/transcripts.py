"""What a technician types in each story, and what he is shown: once for the tests, once for good.

`python -m tests.console.transcripts` writes what the console says now; the tests compare it.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Literal

from agent.core.model import Fault, Quantity
from agent.status import Reported, UplinkPicture
from tests.console.stations import Station, Visitor
from tests.core.story import OF_FLOW_METER, Story

FOLDER = Path(__file__).parent / "transcripts"


def _pumping(allocated_l: int = 62_500_000, before_l: int = 0) -> Story:
    story = Story().commission(allocated_l, before_l).after(2)
    story.start()
    return story.unhurried().after(600)


def _exhausted() -> Station:
    story = _pumping(20_000)
    return Station(story.after(300))


def _new() -> Station:
    station = Station(Story().at(3))
    station.instruments = {}
    return station


def _season() -> Station:
    station = Station(_pumping(before_l=1_600_000))
    station.year(60)  # which gave as much
    return station


def _broken() -> Station:
    story = _pumping()
    story.lay(Fault.TIMEOUT, *OF_FLOW_METER)
    story.lay(Fault.OUT_OF_RANGE, Quantity.POWER_W)
    return Station(story.after(120))


def _offline() -> Station:
    station = Station()
    lost = Reported(fault="unresolved", error="[Errno -2]", last_error="tls", last_error_utc_ms=0)
    station.uplinks = {"a": UplinkPicture(3, 1, lost), "b": UplinkPicture(0, 0)}
    return station


STORIES: dict[str, tuple[Callable[[], Station], list[str]]] = {
    "first_look": (Station, ["", "help", "help allocation set", "about", "exit"]),
    "status_pumping": (lambda: Station(_pumping()), ["status", "watch", "q"]),
    "status_exhausted": (
        _exhausted,
        ["alarms", "allocation add 2026 6.25万m3 no-9", "well", "well", "status"],
    ),
    "status_broken": (_broken, ["alarms", "meter read"]),
    "allocation": (
        Station,
        [
            "allocation show", "allocation add", "", "500m3", "水资〔2026〕9号", "well",
            "allocation add 2026 5 doc", "allocation add 2026 600000m3 no-7", "well", "nothing",
            "allocation reduce 2026 100m3 no-8", "demo-well",
            "allocation transfer out 2026 9万m3 no-8", "well",
            "allocation correct 2026 -3m3 no-9 hand reading", "well",
            "allocation provisional 2026 5m3 2026-10-31 no-1", "well",
        ],
    ),
    "limits": (
        Station,
        [
            "allocation limit 2026 第一轮 2万方 2026-05-20 2026-06-20 水资〔2026〕9号", "500m3",
            "well", "allocation show",
            "allocation limit 2026 第一轮 20万方 2026-05-20 2026-06-20 x", "", "well", "no",
            "allocation limit 2026 late 1m3 2026-12-01 2027-01-02 x", "well",
            "allocation energy plan 2026 ２００００千瓦时 no-10", "well", "status",
            "allocation energy reduction 2026 30000kWh no-11", "well",
            "allocation energy provisional 2026 5kWh no-12", "2026-10-31", "well",
            "allocation energy plan 2026 5 no-12",
        ],
    ),
    "commissioning": (
        _new,
        [
            "meter list", "meter fit flow F-1 500m3 cert-1", "0L", "well",
            "meter fit power P-1 70kWh cert-2", "well", "allocation set 2026 6.25万方 no-7", "well",
            "status",
        ],
    ),
    "setup": (
        _new,
        [
            "setup", "兵取水14-0127", "2030-12-31", "三连", "30", "cert-1", "明天", "2028-01-01",
            "A-17", "cert-2", "2028-01-01", "A-18", "", "F-1", "500m3", "", "0L", "well",
            "back", "500m3", "skip 流量计送修", "quit", "setup step clock", "", "quit",
            "setup show",
        ],
    ),
    "relay": (
        lambda: Station(_pumping()),
        [
            "relay stop work on the well", "relay release", "done", "well", "relay test", "well",
            "override fire 50m3 2h the barn", "well", "override end it is out",
            "acknowledge dry_well x",
        ],
    ),
    "meters": (
        Station,
        [
            "meter test flow", "meter remove flow F-1 form-2", "", "well",
            "meter calibrate begin", "meter calibrate end",
            "meter calibrate set 3.81 test 2026-05-01 report-5", "well",
            "bus scan", "bus read 3 0x1010 2", "bus scan other", "bus watch", "q",
        ],
    ),
    "visit": (
        Station,
        [
            "visit show", 'visit open "Wang, contractor" meter unsteady', "visit show",
            "visit close", "couplant renewed", "couplant", "A-17", "lay-up form-3", "well",
            "resume form-4", "well",
        ],
    ),
    "history": (
        _season,
        [
            "daily", "daily months", "readings 2026-05-30 2026-05-31",
            "export 2026-05-31 2026-05-31",
            "sessions", "events 5", "journal stats", "journal verify",
        ],
    ),
    "platforms": (
        _offline,
        ["uplink status", "uplink errors", "network test", "uplink test", "command paste", "good",
         "command paste", "bad", "uplink resend a 1 2"],
    ),
    "clock_and_settings": (
        Station,
        ["clock show", "clock set 2026-06-01 09:00", "well", "clock year 2026 500m3 form-1", "well",
         "config show", "config check", "set ratio_band_percent 30 letter-1", "well",
         "config diff"],
    ),
    "accounts": (
        Station,
        [
            "account list", "account add chen technician zh", "lamp 5 oak", "lamp 5 oak",
            "account list", "account rank li viewer", "account pin chen", "new one 9", "other",
            "new one 9", "new one 9", "account pin", "834-kite", "other 77", "other 77",
            "account remove chen", "well", "account add", "",
        ],
    ),
    "mistakes": (
        Station,
        [
            "frobnicate", "re", "relay", "status now", "relay test soon", "meter fit water",
            "allocation set 2026 五 doc", "clock set yesterday", "help nothing",
        ],
    ),
    "viewer": (Station, ["status", "relay stop danger", "account pin li", "account list"]),
    "support": (_offline, ["support"]),
}  # fmt: skip


def transcript(name: str, language: Literal["zh", "en"]) -> str:
    """What is on the line from the sign-in on."""
    made, lines = STORIES[name]
    visitor = Visitor(made(), language=language)
    account = "ma" if name == "viewer" else "li"
    return visitor.signed_in(*lines, account=account, language=language)


def main() -> None:
    FOLDER.mkdir(exist_ok=True)
    for name in STORIES:
        languages: tuple[Literal["zh", "en"], ...] = ("zh", "en")
        for language in languages:
            file = FOLDER / f"{name}.{language}.txt"
            file.write_text(transcript(name, language), "utf-8")
    print(f"{len(STORIES)} stories in {FOLDER}")


if __name__ == "__main__":
    main()
