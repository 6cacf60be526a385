"""`wellkeeper command sign|send`: a platform's side of a signed command. Asks no settings.

`sign` prints the token, for a console where the network is out; `send` publishes it and says what
became of it. docs/examples/command.py does the same without us.
"""

import argparse
import json
import re
import secrets
import sys
import typing
from contextlib import closing
from pathlib import Path
from typing import Any, Final

from agent import words
from agent.catalogue import Told
from agent.cli import CONFIGURATION, UNAVAILABLE
from agent.cli.asking import REFUSED, account_lines
from agent.cli.options import language_here
from agent.core.keyring import kid_of
from agent.core.spent import LIFETIME_MAX_MS
from agent.desk.claims import JTI_MAX, NAMES
from agent.desk.fields import ORDERS, Fields
from agent.desk.wire import Refused
from agent.settings.options import StationId, Topic
from agent.signing import KeyUnusable, public_of, token_of
from drivers.host import HostClock, monotonic_ms
from drivers.mqtt import Broker, TlsFiles
from drivers.mqtt.sender import Sender

_UNITS: Final = {"m": 60, "h": 3600, "d": 86_400}
STEP_S: Final = 0.2
# As the station's own settings have them.
_STATION: Final = typing.get_args(StationId)[1].pattern
_PREFIX: Final = typing.get_args(Topic)[1].pattern


class NotSigned(Told):
    """What was given makes no command."""


def add_options(parser: argparse.ArgumentParser) -> None:
    kinds = parser.add_subparsers(dest="what", metavar="WHAT", required=True)
    sign = kinds.add_parser("sign", help="print the signed command")
    send = kinds.add_parser("send", help="sign it, publish it and wait for its result")
    for one in (sign, send):
        one.add_argument("order", choices=sorted(NAMES), help="what is ordered")
        one.add_argument("fields", nargs="*", help="the order's fields, as name=value")
        one.add_argument("--key", type=Path, required=True, help="the platform's private key")
        one.add_argument("--platform", required=True, help="its name in the station's settings")
        one.add_argument("--station", required=True, help="the station's id")
        one.add_argument("--valid", default="1h", help="for how long: 30m, 12h, 7d")
        one.add_argument("--id", help="single use; made when it is not given")
        one.add_argument("--language", choices=words.LANGUAGES)
    send.add_argument("--host", required=True, help="the broker")
    send.add_argument("--port", type=int, default=8883)
    tls = send.add_mutually_exclusive_group()
    tls.add_argument("--ca", type=Path, help="believe this authority alone")
    tls.add_argument("--no-tls", action="store_true", help="in clear text: on loopback only")
    send.add_argument("--user")
    send.add_argument("--password-file", type=Path)
    send.add_argument("--prefix", default="wells", help="of the topics")
    send.add_argument("--within", type=int, default=60, help="seconds to wait for the result")


def run(options: argparse.Namespace) -> int:
    language = language_here(options)
    command_id, token = _signed(options)
    if options.what == "sign":
        print(token)
        return 0
    return _send(options, command_id, token, language)


def _signed(options: argparse.Namespace) -> tuple[str, str]:
    """NotSigned when no station would read the order, or every one would refuse it."""
    if not re.fullmatch(_STATION, options.station):
        raise NotSigned("command.station", given=options.station)
    command_id = secrets.token_hex(8) if options.id is None else options.id
    if not (0 < len(command_id) <= JTI_MAX and command_id.isprintable()):
        raise NotSigned("command.id", most=JTI_MAX)
    kind = NAMES[options.order]
    given = _fields(ORDERS[kind], options.fields)
    fields = Fields({"order": kind, "fields": given})
    fields.order("order", "fields")
    try:
        fields.end()
    except Refused as why:
        raise NotSigned("command.fields", why=why.why) from why
    lasts = re.fullmatch(r"(\d{1,5})([mhd])", options.valid)
    lasts_s = int(lasts[1]) * _UNITS[lasts[2]] if lasts else 0
    if not 0 < lasts_s * 1000 <= LIFETIME_MAX_MS:
        raise NotSigned("command.valid", given=options.valid)
    issued_s = HostClock("always").now().utc_ms // 1000
    claims = {
        "iss": options.platform,
        "aud": options.station,
        "jti": command_id,
        "iat": issued_s,
        "exp": issued_s + lasts_s,
        "order": options.order,
        "fields": given,
    }
    try:
        kid = kid_of(public_of(options.key))
    except KeyUnusable as why:
        raise KeyUnusable("command.key", file=options.key, raw=why.__cause__ or why) from why
    assert kid is not None, "a private key has a public half"
    return command_id, token_of(claims, kid, options.key)


def _fields(order: type, given: list[str]) -> dict[str, Any]:
    """As typed: a number where the order has one."""
    hints = typing.get_type_hints(order)
    found: dict[str, Any] = {}
    for one in given:
        name, parted, value = one.partition("=")
        if not parted or name in found:
            raise NotSigned("command.parted" if not parted else "command.twice", given=one)
        hint = hints.get(name)
        counts = hint is int or int in typing.get_args(hint)
        found[name] = int(value) if counts and re.fullmatch(r"-?\d{1,16}", value) else value
    return found


def _send(options: argparse.Namespace, command_id: str, token: str, language: str) -> int:
    if not re.fullmatch(_PREFIX, options.prefix):
        raise NotSigned("command.prefix", given=options.prefix)
    topic = f"{options.prefix}/{options.station}"
    try:
        broker = Broker(
            host=options.host,
            port=options.port,
            client_id=f"{options.platform}-command-{secrets.token_hex(4)}",
            tls=None if options.no_tls else TlsFiles(options.ca),
            user=options.user,
            password=_password(options.password_file),
        )
        sender = Sender(broker, f"{topic}/commands", token.encode(), f"{topic}/results")
    except (OSError, ValueError) as error:
        print(words.say("command.unsent", language, why=error), file=sys.stderr)
        return CONFIGURATION
    until_ms = monotonic_ms() + 1000 * options.within
    with closing(sender):
        while not sender.error and monotonic_ms() < until_ms:
            sender.step(STEP_S)
            for payload in sender.take():
                result = _result(payload, command_id)
                if result is not None:
                    return _say(result, language)
    if sender.error:
        print(words.say("command.unsent", language, why=sender.error), file=sys.stderr)
    else:
        key = "command.silent" if sender.sent else "command.untaken"
        print(words.say(key, language, seconds=options.within, id=command_id), file=sys.stderr)
    return UNAVAILABLE


def _password(file: Path | None) -> str | None:
    return None if file is None else file.read_text("utf-8").strip()


def _result(payload: bytes, command_id: str) -> dict[str, Any] | None:
    """Ours, among those of other commands."""
    try:
        found = json.loads(payload)
    except ValueError:
        return None
    return found if isinstance(found, dict) and found.get("id") == command_id else None


def _say(result: dict[str, Any], language: str) -> int:
    if not result["accepted"]:
        print(words.say("verdict.refused", language, why=result["refusal"]["words"]))
        return REFUSED
    done = words.say(f"order.{result['order']}", language)
    print(words.say("verdict.accepted", language, order=done))
    for line in account_lines(result["balance"], language):
        print(line)
    return 0
