"""`wellkeeper allocate`: give a plan year its water."""

import argparse
from typing import Any

from agent.amounts import signed_volume_l
from agent.cli.asking import add_actor, add_document, add_year, order
from agent.cli.days import after_ms
from agent.cli.options import add_config, settings_of
from agent.core.model import AllocationKind
from agent.settings import Settings

VOLUME = "with its unit: 62500m3, 6.25万m³, 600L; signed for a correction: --volume=-600L"


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("kind", choices=[kind.value for kind in AllocationKind])
    add_year(parser)
    parser.add_argument("--volume", required=True, help=VOLUME)
    add_document(parser)
    parser.add_argument("--expires", help="provisional only: the last day, YYYY-MM-DD")
    add_actor(parser)
    add_config(parser)


def run(options: argparse.Namespace) -> int:
    settings = settings_of(options)
    fields = granted(options, settings) | {"volume_l": signed_volume_l(options.volume)}
    return order(options, settings, "AllocateOrder", fields)


def granted(options: argparse.Namespace, settings: Settings) -> dict[str, Any]:
    """What every order says that gives a year, or takes from it; water or energy."""
    fields = {"year": options.year, "kind": options.kind, "document": options.document}
    if options.expires is not None:
        fields["expires_utc_ms"] = after_ms(options.expires, settings.station.zone)
    return fields
