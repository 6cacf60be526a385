"""`wellkeeper bus`: what hangs on a bus, what its registers hold, and how it answers.

While control runs it is asked through the desk, between two scans; otherwise the tty is opened
here. Nothing is ever written to an instrument.
"""

import argparse
import math
from pathlib import Path

from agent.cli.options import add_config

UNITS = (1, 247)
EVERY_S = (0.0, 3600.0)


def add_options(parser: argparse.ArgumentParser) -> None:
    tools = parser.add_subparsers(metavar="TOOL", required=True)
    _scan_options(tools.add_parser("scan", help="find and name every instrument"))
    _read_options(tools.add_parser("read", help="show registers in every type and order"))
    _watch_options(tools.add_parser("watch", help="readings and counters, again and again"))


def run(options: argparse.Namespace) -> int:
    if options.tool == "scan":
        from agent.cli.bus.search import run as tool
    elif options.tool == "read":
        from agent.cli.bus.read import run as tool
    else:
        from agent.cli.bus.watch import run as tool
    return tool(options)


def _scan_options(parser: argparse.ArgumentParser) -> None:
    _common(parser, "scan")
    parser.add_argument("--units", type=units, default=UNITS, help="1-247, or fewer: 1-32")
    parser.add_argument(
        "--bauds", type=numbers, help="9600,19200 and so on; the bus's own if not given"
    )
    parser.add_argument("--parities", type=parities, help="N,E,O; the bus's own if not given")
    parser.add_argument(
        "--thorough", action="store_true", help="also find units that keep silent at address 0"
    )


def _read_options(parser: argparse.ArgumentParser) -> None:
    _common(parser, "read")
    parser.add_argument("unit", type=int, help="unit id, 1 to 247")
    parser.add_argument("address", type=address, help="0-based, as in the PDU; 0x1010 is taken")
    parser.add_argument("count", type=int, nargs="?", default=2, help="registers (default 2)")
    parser.add_argument(
        "--function", type=int, choices=(3, 4), default=3, help="holding (3) or input (4)"
    )
    parser.add_argument("--baud", type=int, help="the bus's own if not given")
    parser.add_argument("--parity", choices=("N", "E", "O"), help="the bus's own if not given")


def _watch_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--times", type=int, default=0, help="end after so many (default: never)")
    parser.add_argument("--every-s", type=seconds, default=1.0, help="seconds between (default 1)")
    parser.set_defaults(tool="watch")
    add_config(parser)


def _common(parser: argparse.ArgumentParser, tool: str) -> None:
    parser.add_argument("--bus", help="its name in the settings; the first one if not given")
    parser.add_argument("--port", type=Path, help="a tty, where there are no settings yet")
    parser.add_argument(
        "--patience-ms", type=int, default=150, help="how long a reply may take (default 150)"
    )
    parser.set_defaults(tool=tool)
    add_config(parser)


# What an argument may be: the catalogue's `usage_type` says each, under the function's name.


def seconds(text: str) -> float:
    given = float(text)
    if not (math.isfinite(given) and EVERY_S[0] <= given <= EVERY_S[1]):
        raise ValueError
    return given


def units(text: str) -> tuple[int, int]:
    first, _, last = text.partition("-")
    low, high = int(first), int(last or first)
    if not UNITS[0] <= low <= high <= UNITS[1]:
        raise ValueError
    return low, high


def numbers(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in text.split(","))


def parities(text: str) -> tuple[str, ...]:
    given = tuple(text.upper().split(","))
    if not set(given) <= {"N", "E", "O"}:
        raise ValueError
    return given


def address(text: str) -> int:
    return int(text, 0)
