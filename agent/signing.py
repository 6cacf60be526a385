"""Room rule: the station's own key. The one module that meets cryptography; knows no journal.

The private half never leaves its file, which only its owner may read; the public half is shown in
the status and is in every seal, so that anybody can check a signature with any Ed25519 tool. The
library is imported when a key is made and when something is signed (once a day), not before.
"""

from pathlib import Path
from typing import TYPE_CHECKING

from agent import durable

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

KEY_FILE = "station.key"
PUBLIC_FILE = "station.pub"


class KeyUnusable(Exception):
    """The key's file cannot be read or made. Says which, why and what to do."""


class StationKey:
    """Opened in the state directory; made there when there is none."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / KEY_FILE
        public = folder / PUBLIC_FILE
        if not self._file.exists():
            _make(self._file)
        if not public.exists():
            _write(public, self._private().public_key().public_bytes_raw().hex() + "\n", 0o644)
        try:
            self.public = public.read_text(encoding="ascii").strip()
        except (OSError, ValueError) as error:
            raise KeyUnusable(f"{public} cannot be read ({error}): remove it") from error

    def sign(self, message: bytes) -> bytes:
        return bytes(self._private().sign(message))

    def _private(self) -> "Ed25519PrivateKey":
        from cryptography.hazmat.primitives.asymmetric import ed25519
        from cryptography.hazmat.primitives.serialization import load_pem_private_key

        remedy = "restore it, or move it away: a new key is then made, and platforms must learn it"
        try:
            key = load_pem_private_key(self._file.read_bytes(), password=None)
        except (OSError, ValueError, TypeError) as error:
            raise KeyUnusable(f"{self._file} cannot be used ({error}): {remedy}") from error
        if not isinstance(key, ed25519.Ed25519PrivateKey):
            raise KeyUnusable(f"{self._file} is no Ed25519 key: {remedy}")
        return key


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


def _make(file: Path) -> None:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import (
        Encoding,
        NoEncryption,
        PrivateFormat,
    )

    key = Ed25519PrivateKey.generate()
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    _write(file, pem.decode("ascii"), 0o600)


def _write(file: Path, text: str, mode: int) -> None:
    """Whole and durable under its name, or not there."""
    try:
        durable.write(file, text, mode)
    except OSError as error:
        raise KeyUnusable(
            f"{file} cannot be written ({error.strerror}): make its directory writable for"
            " wellkeeper control"
        ) from error
