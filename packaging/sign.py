# ruff: noqa: INP001 - a script, in no package
"""Room rule: the signature of a package, which packaging/upgrade checks. Builds nothing.

    python packaging/sign.py release-2026.pem FILE.deb     (makes FILE.deb.sig)

The key is a pair of `wellkeeper keys new`, and stays with whoever answers for the release.
"""

import hashlib
import sys
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key


def main(key_file: Path, package: Path) -> None:
    key = load_pem_private_key(key_file.read_bytes(), password=None)
    if not isinstance(key, Ed25519PrivateKey):
        raise SystemExit(f"{key_file} is no Ed25519 key: wellkeeper keys new NAME makes one")
    with package.open("rb") as opened:
        digest = hashlib.file_digest(opened, "sha256").hexdigest()
    statement = f"wellkeeper package sha256 {digest}"
    signature = Path(f"{package}.sig")
    signature.write_text(f"{statement}\n{key.sign(statement.encode()).hex()}\n", "ascii")
    print(signature)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
