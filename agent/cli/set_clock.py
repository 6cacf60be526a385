"""`wellkeeper set-clock`: say what time it is, where nothing else does."""

import argparse
from datetime import datetime
from zoneinfo import ZoneInfo

from agent.amounts import AmountError
from agent.cli.asking import add_actor, order
from agent.cli.options import add_config, settings_of

EXAMPLE = "2026-06-01T08:30"


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("time", help=f"by the clock of the site's zone: {EXAMPLE}")
    parser.add_argument("--reason", required=True, help="who says so, in a few words")
    add_actor(parser)
    add_config(parser)


def run(options: argparse.Namespace) -> int:
    settings = settings_of(options)
    fields = {
        "utc_ms": _instant_ms(options.time, settings.station.zone),
        "reason": options.reason,
    }
    return order(options, settings, "SetClockOrder", fields)


def _instant_ms(text: str, zone: str) -> int:
    try:
        local = datetime.fromisoformat(text)
    except ValueError:
        raise AmountError(text, EXAMPLE) from None
    if local.tzinfo is not None or not 2000 <= local.year < 2100:
        raise AmountError(text, EXAMPLE)
    return int(local.replace(tzinfo=ZoneInfo(zone)).timestamp() * 1000)
