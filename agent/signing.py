"""Room rule: keys, signatures and signed commands. The one module that meets cryptography and jwt.

Run as a program it is control's notary: a request a line in, an answer a line out, and its end
when nobody has asked for a while. So the library's 9 MiB are in memory while they are of use, and
no scan shares a process with it. Everything is imported where it is used: whoever only names
something from here loads nothing.

The private half of the station's key never leaves its file, which only its owner may read; the
public half is in every seal, so that anybody can check one with any Ed25519 tool.
"""

import errno
import json
import os
import select
import stat
import sys
from collections.abc import Mapping
from pathlib import Path
from string import hexdigits
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from agent import durable
from agent.catalogue import Told

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

KEY_FILE = "station.key"
PUBLIC_FILE = "station.pub"
ALGORITHM: Final = "EdDSA"
# What a signed command's header may say; `crit`, `jku`, `jwk` and the like are none of it.
HEADER: Final = frozenset({"alg", "kid", "typ"})
LINE_BYTES_MAX: Final = 64 * 1024
KID_MAX: Final = 64
PUBLIC_DIGITS: Final = 64  # of Ed25519, in hex
# A command's claims nest three deep. What this process can read and its asker cannot, further down
# its own stack, would end the asker.
NEST_MAX: Final = 16


class KeyUnusable(Told):
    """A key's file cannot be read or made. Says which, why and what to do."""


class Proof(NamedTuple):
    """What a signature proves: these claims were made by who has this key."""

    kid: str
    claims: dict[str, Any]


class Unproved(NamedTuple):
    """Nothing is proved. `kid` is what it claims, when it can be read."""

    why: str  # "no_token", "algorithm", "key" or "signature"
    kid: str = ""


# --- the station's key ----------------------------------------------------------------------------


def public_half(folder: Path) -> str:
    """In hex. The key is made when there is none, and the public half when it is lost or cut.

    That of a key which was moved away goes first: no crash leaves it beside the new one.
    """
    file, public = folder / KEY_FILE, folder / PUBLIC_FILE
    if not file.exists():
        _remove(public)
        _write(file, new_pair()[0], 0o600)
    if not is_whole(public):
        _write(public, public_of(file) + "\n", 0o644)
    return written_public(folder)


def is_whole(public: Path) -> bool:
    """Whether a public half stands there. One cut short by a crash would spoil every seal.

    Of one that cannot be read nothing is said here: `written_public` does.
    """
    try:
        text = public.read_text(encoding="ascii").strip()
    except FileNotFoundError:
        return False
    except (OSError, ValueError):
        return True
    return len(text) == PUBLIC_DIGITS and all(one in hexdigits for one in text)


def refuse_exposed(file: Path) -> None:
    """KeyUnusable when others than its owner may read the station's key. Loads nothing."""
    try:
        mode = stat.S_IMODE(file.stat().st_mode)
    except OSError:
        return  # that it cannot be read is said by whoever reads it
    if mode & 0o077:
        raise KeyUnusable("key.exposed", file=file, mode=f"{mode:04o}")


def written_public(folder: Path) -> str:
    """The public half as it is written beside the key."""
    public = folder / PUBLIC_FILE
    try:
        return public.read_text(encoding="ascii").strip()
    except (OSError, ValueError) as error:
        raise KeyUnusable("key.public_unreadable", file=public, raw=error) from error


def sign(folder: Path, message: bytes) -> bytes:
    key = _private(folder / KEY_FILE)
    refuse_exposed(folder / KEY_FILE)
    if written_public(folder).lower() != key.public_key().public_bytes_raw().hex():
        raise KeyUnusable("key.of_another", file=folder / PUBLIC_FILE)
    return bytes(key.sign(message))


def signed_by(public: str, message: bytes, signature: str) -> bool:
    """Whether the signature over the message is of this key; both are in hex."""
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    try:
        key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(public))
        key.verify(bytes.fromhex(signature), message)
    except (InvalidSignature, ValueError):
        return False
    return True


# --- signed commands ------------------------------------------------------------------------------


def new_pair() -> tuple[str, str]:
    """A private key and its public half, both as PEM."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import (
        Encoding,
        NoEncryption,
        PrivateFormat,
        PublicFormat,
    )

    key = Ed25519PrivateKey.generate()
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    public = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    return private.decode("ascii"), public.decode("ascii")


def public_of(file: Path) -> str:
    """The public half of a private key's file, in hex."""
    return _private(file).public_key().public_bytes_raw().hex()


def token_of(claims: Mapping[str, Any], kid: str, file: Path) -> str:
    """The claims as a JWT, signed with the private key of a file."""
    import jwt

    key = _private(file)
    return jwt.encode(dict(claims), key, algorithm=ALGORITHM, headers={"kid": kid})


def proved(token: str, keys: Mapping[str, str]) -> Proof | Unproved:
    """What a token proves by one of the keys (public halves in hex, by key id).

    Judges no claim: no time, no audience. The algorithm is ours and never the token's.
    """
    import jwt
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    try:
        header = jwt.get_unverified_header(token)
    except (jwt.InvalidTokenError, ValueError, RecursionError):
        return Unproved("no_token")
    kid = header.get("kid")
    if header.get("alg") != ALGORITHM or not HEADER.issuperset(header):
        return Unproved("algorithm")
    if not isinstance(kid, str) or kid not in keys:
        return Unproved("key", kid[:KID_MAX] if isinstance(kid, str) else "")
    try:
        key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(keys[kid]))
        claims = jwt.decode(token, key, algorithms=[ALGORITHM], options=_SIGNATURE_ALONE)
    except (jwt.InvalidTokenError, ValueError, RecursionError):
        return Unproved("signature", kid)
    return Unproved("no_token", kid) if _nests(claims, NEST_MAX) else Proof(kid, claims)


def _nests(value: object, deeper_than: int) -> bool:
    if not isinstance(value, dict | list):
        return False
    parts = value.values() if isinstance(value, dict) else value
    return deeper_than == 0 or any(_nests(one, deeper_than - 1) for one in parts)


_SIGNATURE_ALONE: Final[Any] = {
    "verify_signature": True,
    **{f"verify_{claim}": False for claim in ("exp", "iat", "nbf", "aud", "iss", "sub", "jti")},
}


# --- the notary -----------------------------------------------------------------------------------


def serve(folder: Path, idle_s: float) -> None:
    """Answer the requests on standard input until it ends, or nobody asks for `idle_s`."""
    # When memory runs out, this process goes and not control, whose protection it inherited.
    protection = Path("/proc/self/oom_score_adj")
    if int(protection.read_text("ascii")) < 0:
        protection.write_text("0", "ascii")
    while select.select([sys.stdin], [], [], idle_s)[0]:
        line = sys.stdin.buffer.readline(LINE_BYTES_MAX + 1)
        if not line.endswith(b"\n"):
            return
        answer = json.dumps(_answer(folder, json.loads(line))).encode() + b"\n"
        try:
            os.write(sys.stdout.fileno(), answer)
        except BrokenPipeError:
            return  # control is gone, and with it whoever wanted to know


def _answer(folder: Path, asked: dict[str, Any]) -> dict[str, Any]:
    try:
        match asked["do"]:
            case "public":
                return {"public": public_half(folder)}
            case "sign":
                signature = sign(folder, bytes.fromhex(asked["message"]))
                return {"signature": signature.hex(), "public": written_public(folder).lower()}
            case "prove":
                found = proved(asked["token"], asked["keys"])
                return {"proved": isinstance(found, Proof), "is": found._asdict()}
            case other:
                raise AssertionError(f"a notary cannot {other!r}")
    except KeyUnusable as why:
        return {"unusable": why.named()}


def _private(file: Path) -> "Ed25519PrivateKey":
    from cryptography.hazmat.primitives.asymmetric import ed25519
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    try:
        key = load_pem_private_key(file.read_bytes(), password=None)
    except (OSError, ValueError, TypeError) as error:
        raise KeyUnusable("key.unusable", file=file, raw=error) from error
    if not isinstance(key, ed25519.Ed25519PrivateKey):
        raise KeyUnusable("key.unusable", file=file, raw="not Ed25519")
    return key


def _write(file: Path, text: str, mode: int) -> None:
    """Whole and durable under its name, or not there."""
    try:
        durable.write(file, text, mode)
    except OSError as error:
        raise _unwritten(file, error) from error


def _remove(file: Path) -> None:
    try:
        file.unlink(missing_ok=True)
        durable.sync_folder(file.parent)
    except OSError as error:
        raise _unwritten(file, error) from error


def _unwritten(file: Path, error: OSError) -> KeyUnusable:
    full = error.errno in (errno.ENOSPC, errno.EDQUOT)
    return KeyUnusable("key.no_room" if full else "key.not_written", file=file, raw=error.strerror)


if __name__ == "__main__":
    serve(Path(sys.argv[1]), float(sys.argv[2]))
