"""Room rule: a PIN is known again and kept nowhere. The one module that has seen one.

What is kept is made by scrypt (RFC 7914) with a salt of its own. Someone who reads the book must
guess each PIN by itself at 16 MiB and tens of milliseconds a guess; so nothing of it may leave this
host either. Everything here takes long: it is not for the scan's thread.
"""

import secrets
from dataclasses import dataclass
from hashlib import scrypt
from hmac import compare_digest
from itertools import pairwise
from typing import Final

PIN_MIN: Final = 6
PIN_MAX: Final = 64
_N, _R, _P = 2**14, 8, 1
_SALT_BYTES: Final = 16
_DIGEST_BYTES: Final = 32
# What everybody tries first, beside rows and repetitions.
_COMMON: Final = frozenset(
    {"password", "wellkeeper", "admin123", "administrator", "qwerty", "qwertyuiop", "1q2w3e"}
    | {"1q2w3e4r", "147258", "147258369", "159357", "520520", "5201314", "123123", "123321"}
    | {"112233", "666888", "888666", "168168", "abc123", "a123456", "123456a"}
)


@dataclass(frozen=True, slots=True)
class Verifier:
    """By this a PIN is known again; both in hex."""

    salt: str
    digest: str


def verifier_of(pin: str) -> Verifier:
    salt = secrets.token_bytes(_SALT_BYTES)
    return Verifier(salt.hex(), _digest(pin, salt).hex())


# Compared with when there is no account, so that the answer takes as long.
_NOBODYS: Final = Verifier("00" * _SALT_BYTES, "00" * _DIGEST_BYTES)


def matches(pin: str, verifier: Verifier | None) -> bool:
    """Takes the same time whether or not there is anything to match."""
    kept = verifier or _NOBODYS
    digest = _digest(pin, bytes.fromhex(kept.salt))
    return compare_digest(digest, bytes.fromhex(kept.digest)) and verifier is not None


def is_weak(pin: str, name: str) -> bool:
    """Too short, or what somebody would try who has a minute and no machine."""
    plain = pin.casefold()
    if not PIN_MIN <= len(pin) <= PIN_MAX or not pin.isprintable():
        return True
    steps = {ord(after) - ord(before) for before, after in pairwise(plain)}
    in_a_row = len(steps) == 1 and steps <= {-1, 0, 1}
    repeated = any(plain == plain[:size] * (len(plain) // size) for size in (1, 2))
    return in_a_row or repeated or plain in _COMMON or plain.startswith(name.casefold())


def _digest(pin: str, salt: bytes) -> bytes:
    return scrypt(
        pin.encode("utf-8", "surrogatepass"), salt=salt, n=_N, r=_R, p=_P, dklen=_DIGEST_BYTES
    )
