"""Room rule: the console's commands, as one table. What they do stands in `screens`.

The order is the order of `help` and of the manual. Each has its line in the catalogue under
`console_help`, each argument under `console_argument`.
"""

from typing import Final

from agent.console.arguments import (
    DAY,
    DISPLAY,
    DURATION,
    ENERGY,
    REST,
    SIGNED_VOLUME,
    TEXT,
    THIS_YEAR,
    TIME,
    VOLUME,
    WORD,
    YEAR,
    Argument,
    choice,
    number,
    scaled,
)
from agent.console.grammar import Command, Grammar
from agent.core.model import AllocationKind, Language, Latched, Rank, RateMethod, SetupStep, Use
from agent.core.thresholds import THRESHOLDS

TECHNICIAN, SUPERVISOR = Rank.TECHNICIAN, Rank.SUPERVISOR

_YEAR: Final = Argument("year", YEAR, default=THIS_YEAR)
_VOLUME: Final = Argument("volume", VOLUME)
_ENERGY_KINDS: Final = tuple(one for one in AllocationKind if one is not AllocationKind.CORRECTION)
_DOCUMENT: Final = Argument("document", TEXT)
_REASON: Final = Argument("reason", REST)
_METER: Final = Argument("role", choice("role", ("flow", "power")))
_ACCOUNT: Final = Argument("account", WORD)
_RANK: Final = Argument("rank", choice("rank", Rank))
_WET_TEST: Final = Argument("wet_test", DURATION, asked=False)
_BUS: Final = Argument("bus", WORD, asked=False)

COMMANDS: Final = (
    Command(("status",), "status.show"),
    Command(("watch",), "status.watch"),
    Command(("alarms",), "alarms.show"),
    Command(
        ("acknowledge",),
        "alarms.acknowledge",
        TECHNICIAN,
        (Argument("condition", choice("condition", Latched)), _REASON),
    ),
    # --- commissioning
    Command(("setup",), "setup.go", TECHNICIAN, (_WET_TEST,)),
    Command(
        ("setup", "step"),
        "setup.step",
        TECHNICIAN,
        (Argument("step", choice("step", SetupStep)), _WET_TEST),
    ),
    Command(("setup", "show"), "setup.show"),
    # --- water
    Command(("allocation", "show"), "allocation.show"),
    Command(("allocation", "set"), "allocation.plan", SUPERVISOR, (_YEAR, _VOLUME, _DOCUMENT)),
    Command(("allocation", "add"), "allocation.add", SUPERVISOR, (_YEAR, _VOLUME, _DOCUMENT)),
    Command(("allocation", "reduce"), "allocation.reduce", SUPERVISOR, (_YEAR, _VOLUME, _DOCUMENT)),
    Command(
        ("allocation", "transfer"),
        "allocation.transfer",
        SUPERVISOR,
        (Argument("direction", choice("direction", ("in", "out"))), _YEAR, _VOLUME, _DOCUMENT),
    ),
    Command(
        ("allocation", "provisional"),
        "allocation.provisional",
        SUPERVISOR,
        (_YEAR, _VOLUME, Argument("expires", DAY), _DOCUMENT),
    ),
    Command(
        ("allocation", "correct"),
        "allocation.correct",
        SUPERVISOR,
        (_YEAR, Argument("signed_volume", SIGNED_VOLUME), _DOCUMENT, _REASON),
    ),
    Command(
        ("allocation", "limit"),
        "limits.limit",
        SUPERVISOR,
        (
            _YEAR,
            Argument("round", TEXT),
            _VOLUME,
            Argument("from", DAY),
            Argument("to", DAY),
            _DOCUMENT,
        ),
    ),
    Command(
        ("allocation", "energy"),
        "limits.energy",
        SUPERVISOR,
        (
            Argument("energy_kind", choice("energy_kind", _ENERGY_KINDS)),
            _YEAR,
            Argument("energy", ENERGY),
            _DOCUMENT,
            Argument("expires", DAY, asked=False),
        ),
    ),
    Command(
        ("override",),
        "relay.override",
        SUPERVISOR,
        (Argument("use", choice("use", Use)), _VOLUME, Argument("lasts", DURATION), _REASON),
    ),
    Command(("override", "end"), "relay.end_override", TECHNICIAN, (_REASON,)),
    # --- the pump
    Command(("relay", "stop"), "relay.stop", TECHNICIAN, (_REASON,)),
    Command(("relay", "release"), "relay.release", TECHNICIAN, (_REASON,)),
    Command(
        ("relay", "test"),
        "relay.test",
        TECHNICIAN,
        (Argument("test_lasts", DURATION, asked=False),),
    ),
    # --- the meters and their line
    Command(("meter", "list"), "meter.show"),
    Command(("meter", "read"), "meter.read"),
    Command(
        ("meter", "fit"),
        "meter.fit",
        TECHNICIAN,
        (_METER, Argument("serial", WORD), Argument("display", DISPLAY), _DOCUMENT),
    ),
    Command(
        ("meter", "remove"),
        "meter.remove",
        TECHNICIAN,
        (_METER, Argument("serial", WORD), _DOCUMENT),
    ),
    Command(("meter", "test"), "meter.test", TECHNICIAN, (_METER,)),
    Command(("meter", "calibrate", "begin"), "meter.begin_rating", TECHNICIAN),
    Command(("meter", "calibrate", "end"), "meter.end_rating", TECHNICIAN),
    Command(
        ("meter", "calibrate", "set"),
        "meter.set_rate",
        SUPERVISOR,
        (
            Argument("coefficient", scaled("coefficient", 3, 100, 20_000, "3.81")),
            Argument("method", choice("method", RateMethod)),
            Argument("measured", DAY),
            _DOCUMENT,
        ),
    ),
    Command(("bus", "scan"), "bus.scan", TECHNICIAN, (_BUS,)),
    Command(
        ("bus", "read"),
        "bus.read",
        TECHNICIAN,
        (
            Argument("unit", number("unit", 1, 247, "3")),
            Argument("address", number("address", 0, 65_535, "0, 0x1010")),
            Argument("count", number("count", 1, 125, "2"), asked=False),
            _BUS,
        ),
    ),
    Command(("bus", "watch"), "bus.watch"),
    # --- people and seasons
    Command(("visit", "show"), "visit.show"),
    Command(
        ("visit", "open"),
        "visit.begin",
        TECHNICIAN,
        (Argument("person", TEXT), Argument("cause", REST)),
    ),
    Command(("visit", "close"), "visit.end", TECHNICIAN),
    Command(("lay-up",), "visit.lay_up", TECHNICIAN, (_DOCUMENT,)),
    Command(("resume",), "visit.resume", TECHNICIAN, (_DOCUMENT,)),
    # --- what was written down
    Command(
        ("sessions",),
        "history.sessions",
        arguments=(Argument("number", number("number", 1, 200, "10"), asked=False),),
    ),
    Command(
        ("events",),
        "history.events",
        arguments=(Argument("number", number("number", 1, 500, "20"), asked=False),),
    ),
    Command(
        ("readings",),
        "history.readings",
        arguments=(
            Argument("from", DAY, asked=False),
            Argument("to", DAY, asked=False),
        ),
    ),
    Command(
        ("daily",),
        "daily.daily",
        arguments=(Argument("span", choice("span", ("days", "months")), asked=False),),
    ),
    Command(
        ("export",),
        "history.export",
        arguments=(
            Argument("from", DAY),
            Argument("to", DAY),
        ),
    ),
    Command(("journal", "stats"), "journal.stats"),
    Command(("journal", "verify"), "journal.verify", TECHNICIAN),
    # --- platforms, clock, settings
    Command(("uplink", "status"), "uplink.show"),
    Command(("uplink", "errors"), "uplink.errors"),
    Command(("uplink", "test"), "uplink.test", TECHNICIAN),
    Command(
        ("uplink", "resend"),
        "uplink.resend",
        TECHNICIAN,
        (
            Argument("platform", WORD),
            Argument("first", number("number", 1, 2**53, "1")),
            Argument("last", number("number", 1, 2**53, "400")),
        ),
    ),
    Command(("command", "paste"), "command.paste", TECHNICIAN),
    Command(("network", "test"), "uplink.network"),
    Command(("clock", "show"), "clock.show"),
    Command(("clock", "set"), "clock.set_to", TECHNICIAN, (Argument("time", TIME),)),
    Command(
        ("clock", "year"),
        "clock.open_year",
        SUPERVISOR,
        (_YEAR, Argument("year_total", VOLUME), _DOCUMENT),
    ),
    Command(
        ("set",),
        "config.set_threshold",
        SUPERVISOR,
        (
            Argument("threshold", choice("threshold", THRESHOLDS)),
            Argument("value", number("value", 0, 10_000_000, "30")),
            _DOCUMENT,
        ),
    ),
    Command(("config", "show"), "config.show"),
    Command(("config", "check"), "config.check"),
    Command(("config", "diff"), "config.diff"),
    # --- accounts and the session itself
    Command(("account", "list"), "account.show"),
    Command(
        ("account", "add"),
        "account.add",
        SUPERVISOR,
        (_ACCOUNT, _RANK, Argument("language", choice("language", Language))),
    ),
    Command(("account", "rank"), "account.rank", SUPERVISOR, (_ACCOUNT, _RANK)),
    Command(
        ("account", "pin"), "account.pin", Rank.VIEWER, (Argument("account", WORD, asked=False),)
    ),
    Command(("account", "remove"), "account.remove", SUPERVISOR, (_ACCOUNT,)),
    Command(
        ("language",),
        "about.language",
        arguments=(Argument("language", choice("language", Language)),),
    ),
    Command(("support",), "about.support"),
    Command(("about",), "about.show"),
    Command(("help",), "about.explain", arguments=(Argument("command", REST, asked=False),)),
    Command(("exit",), "about.leave"),
)

GRAMMAR: Final = Grammar(COMMANDS)
