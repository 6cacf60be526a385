"""Room rule: how the public half of an Ed25519 key is written, and its 32 octets. Pure.

PEM (SubjectPublicKeyInfo), a JWK, or 64 hex digits: what `openssl pkey -pubout`, a JWT library and
we write. No library is needed to read them: the DER of such a key is a fixed head and the key.
"""

import base64
import binascii
import json
from typing import Final

FILE_BYTES_MAX: Final = 4096
_HEAD: Final = bytes.fromhex("302a300506032b6570032100")
_BEGIN, _END = "-----BEGIN PUBLIC KEY-----", "-----END PUBLIC KEY-----"
_OCTETS: Final = 32


def public_of(text: str) -> str | None:
    """In hex; None when it is no public half of an Ed25519 key."""
    text = text.strip()
    try:
        raw = _pem(text) if text.startswith(_BEGIN) else _jwk(text) or bytes.fromhex(text)
    except (ValueError, RecursionError, binascii.Error):
        return None
    return raw.hex() if len(raw) == _OCTETS else None


def _pem(text: str) -> bytes:
    inside, _, rest = text.removeprefix(_BEGIN).partition(_END)
    der = base64.b64decode("".join(inside.split()), validate=True)
    if rest.strip() or not der.startswith(_HEAD):
        raise ValueError("another kind of key, or more than one")
    return der.removeprefix(_HEAD)


def _jwk(text: str) -> bytes | None:
    if not text.startswith("{"):
        return None
    found = json.loads(text)
    if (found.get("kty"), found.get("crv")) != ("OKP", "Ed25519") or "d" in found:
        raise ValueError("another kind of key, or its private half")
    part = str(found.get("x"))
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))
