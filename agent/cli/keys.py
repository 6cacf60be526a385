"""`wellkeeper keys`: a platform's pair, and which of its public halves a station knows.

`new` is for the platform's side and asks no station. The private half never comes to a station.
"""

import argparse
import sys
from pathlib import Path
from typing import Any

from agent import durable, words
from agent.cli import IO, USAGE
from agent.cli.asking import administrator, labelled, order
from agent.cli.options import add_config, language_here, language_of, settings_of
from agent.core.keyring import KEYS_MAX, kid_of
from agent.settings import Settings
from agent.settings.keys import public_of
from agent.signing import KeyUnusable, new_pair
from agent.signing import public_of as public_of_private

STATUS_WITHIN_S = 10.0


def add_options(parser: argparse.ArgumentParser) -> None:
    kinds = parser.add_subparsers(dest="what", metavar="WHAT", required=True)
    new = kinds.add_parser("new", help="make a pair: NAME.pem stays, NAME.pub.pem goes around")
    new.add_argument("name", type=Path, help="where, and how the two files are called")
    new.add_argument("--language", choices=words.LANGUAGES)
    show = kinds.add_parser("show", help="the station's own key, and those of its platforms")
    show.add_argument("file", type=Path, nargs="?", help="a key's file: say its key id instead")
    add = kinds.add_parser("add", help="let a platform sign with this key, too")
    rotate = kinds.add_parser("rotate", help="the same, and revoke the older of two")
    for one in (add, rotate):
        one.add_argument("platform", help="the platform's name in the settings")
        one.add_argument("file", type=Path, help="the public half: PEM, JWK or hex")
        one.add_argument("--document", required=True, help="which letter or form says so")
    revoke = kinds.add_parser("revoke", help="believe nothing that this key signs")
    revoke.add_argument("platform", help="the platform's name in the settings")
    revoke.add_argument("kid", help="the key id, as `keys show` says it")
    revoke.add_argument("--reason", required=True, help="why, in a few words: it is recorded")
    for one in (show, add, rotate, revoke):
        add_config(one)
    for one in (add, rotate, revoke):
        one.add_argument("--as", dest="actor", help="who asks; the login name if not given")


def run(options: argparse.Namespace) -> int:
    if options.what == "new":
        return _new(options.name, language_here(options))
    if options.what == "show" and options.file is not None:
        print(_kid(_public(options.file), options.file))
        return 0
    settings = settings_of(options)
    match options.what:
        case "show":
            return _show(options, settings)
        case "revoke":
            return _revoke(options, settings)
        case _:
            return _add(options, settings)


def _new(name: Path, language: str) -> int:
    if not name.name:
        print(words.say("keys.nameless", language), file=sys.stderr)
        return USAGE
    private, public = name.with_name(f"{name.name}.pem"), name.with_name(f"{name.name}.pub.pem")
    if private.exists() or public.exists():
        print(words.say("keys.exists", language, file=private))
        return IO
    pair = new_pair()
    try:
        durable.write(private, pair[0], 0o600)
        durable.write(public, pair[1], 0o644)
    except OSError as error:
        print(words.say("keys.unwritable", language, file=private, raw=error.strerror))
        return IO
    kid = _kid(_public(public), public)
    print(words.say("keys.made", language, private=private, public=public, kid=kid))
    return 0


def _show(options: argparse.Namespace, settings: Settings) -> int:
    language = language_of(options, settings)
    state = _state(settings)
    print(f"{state['station']} {state['name']}")
    print(labelled("public_key", state["public_key"] or "-", language))
    for platform, kids in state["keys"].items():
        for kid in kids:
            print(labelled("platform_key", f"{platform} {kid}", language))
    return 0


def _add(options: argparse.Namespace, settings: Settings) -> int:
    fields = {
        "platform": options.platform,
        "public_key": _public(options.file),
        "document": options.document,
    }
    known = _state(settings)["keys"].get(options.platform, [])
    if options.what == "rotate" and len(known) >= KEYS_MAX:
        fields["replaces"] = known[0]
    return order(options, settings, "KeyOrder", fields)


def _revoke(options: argparse.Namespace, settings: Settings) -> int:
    fields = {"platform": options.platform, "kid": options.kid, "reason": options.reason}
    return order(options, settings, "RevokeKeyOrder", fields)


def _state(settings: Settings) -> dict[str, Any]:
    with administrator(settings) as client:
        found: dict[str, Any] = client.call(
            "status", {"revision": 0, "wait_ms": 5000}, STATUS_WITHIN_S
        )["state"]
    return found


def _public(file: Path) -> str:
    """Of either half's file; KeyUnusable when it is neither."""
    try:
        text = file.read_text("ascii")
    except (OSError, ValueError) as error:
        raw = error.strerror if isinstance(error, OSError) else error
        raise KeyUnusable("keys.unreadable", file=file, raw=raw) from error
    try:
        return public_of(text) or public_of_private(file)
    except KeyUnusable as why:
        raise KeyUnusable("keys.no_key", file=file) from why


def _kid(public: str, file: Path) -> str:
    kid = kid_of(public)
    assert kid is not None, f"{file} was a key a moment ago"
    return kid
