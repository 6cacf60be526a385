"""Room rule: what a platform's key is called, and which keys count. Signs and checks nothing.

A key id is the key's thumbprint after RFC 7638: whoever has the key can reckon it, with any tool.
The settings name it in every process, so it loads no room of the model (decision 0016).
"""

import re
from base64 import urlsafe_b64encode
from collections.abc import Iterable
from dataclasses import replace

from agent.core import model

# Valid at the same time, of one platform: a new key comes in before the old one goes.
KEYS_MAX = 2
_PUBLIC = re.compile(r"[0-9a-fA-F]{64}")


def kid_of(public: str) -> str | None:
    """The key id of a public half in hex; None when it is none."""
    if not _PUBLIC.fullmatch(public):
        return None
    import hashlib  # it loads OpenSSL, and every process reads settings

    said = f'{{"crv":"Ed25519","kty":"OKP","x":"{_base64(bytes.fromhex(public))}"}}'
    return _base64(hashlib.sha256(said.encode()).digest())


def joined(
    declared: "Iterable[model.PlatformKey]", kept: "Iterable[model.PlatformKey]"
) -> "tuple[model.PlatformKey, ...]":
    """The settings' keys and those of the station's own book, which may revoke either.

    Whose a key is the settings say, where they name it: a platform may have been renamed.
    """
    by_kid = {one.kid: one for one in declared}
    for one in kept:
        by_kid[one.kid] = replace(one, platform=by_kid.get(one.kid, one).platform)
    return tuple(by_kid.values())


def changed(
    keys: "tuple[model.PlatformKey, ...]", bodies: "Iterable[model.Body]"
) -> "tuple[model.PlatformKey, ...]":
    """The keys after an order, for the next one of its scan: the book hears of both later."""
    for body in bodies:
        if isinstance(body, model.KeyAdded):
            keys = (*keys, model.PlatformKey(body.platform, body.kid, body.public_key))
        elif isinstance(body, model.KeyRevoked):
            keys = tuple(replace(one, revoked=True) if one.kid == body.kid else one for one in keys)
    return keys


def _base64(raw: bytes) -> str:
    return urlsafe_b64encode(raw).rstrip(b"=").decode()
