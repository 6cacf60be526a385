"""`wellkeeper allocate`: give a plan year its water."""

import argparse
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from agent.amounts import AmountError, volume_l
from agent.cli.asking import add_actor, order
from agent.cli.options import add_config, settings_of
from agent.core.model import AllocationKind


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("kind", choices=[kind.value for kind in AllocationKind])
    parser.add_argument("--year", type=int, required=True, help="the plan year")
    parser.add_argument("--volume", required=True, help="with its unit: 62500m3, 6.25万m³, 600L")
    parser.add_argument("--document", required=True, help="document number (文号)")
    parser.add_argument("--expires", help="provisional only: the last day, YYYY-MM-DD")
    add_actor(parser)
    add_config(parser)


def run(options: argparse.Namespace) -> int:
    settings = settings_of(options)
    fields = {
        "year": options.year,
        "kind": options.kind,
        "volume_l": volume_l(options.volume),
        "document": options.document,
    }
    if options.expires is not None:
        fields["expires_utc_ms"] = _end_of_day_ms(options.expires, settings.station.zone)
    return order(options, settings, "AllocateOrder", fields)


def _end_of_day_ms(day: str, zone: str) -> int:
    """The first instant after a day of the site's calendar."""
    try:
        begins = datetime.strptime(day, "%Y-%m-%d").replace(tzinfo=ZoneInfo(zone))
    except ValueError:
        raise AmountError(day, "2026-03-31") from None
    return int((begins + timedelta(days=1)).timestamp() * 1000)
