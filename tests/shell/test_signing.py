"""The station's key, and what a signature proves: to us, and to every other Ed25519 tool."""

import base64
import json
import stat
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import jwt
import pytest

from agent.notary import Notary
from agent.signing import (
    KEY_FILE,
    PUBLIC_FILE,
    KeyUnusable,
    Proof,
    Unproved,
    new_pair,
    proved,
    public_half,
    public_of,
    sign,
    signed_by,
    token_of,
)

ROOT = Path(__file__).parents[2]
CLAIMS = {"iss": "province", "order": "stop"}


def test_a_key_is_made_once_and_only_its_owner_may_read_it(tmp_path: Path) -> None:
    first = public_half(tmp_path)
    assert public_half(tmp_path) == first
    assert len(bytes.fromhex(first)) == 32
    assert stat.S_IMODE((tmp_path / KEY_FILE).stat().st_mode) == 0o600
    assert signed_by(first, b"what", sign(tmp_path, b"what").hex())


@pytest.mark.parametrize(
    ("public", "message", "signature"),
    [
        (None, b"other", None),
        ("00" * 32, b"what", None),
        (None, b"what", "00" * 64),
        (None, b"what", "zz"),
        ("12", b"what", None),
    ],
)
def test_what_was_not_signed_is_not_believed(
    tmp_path: Path, public: str | None, message: bytes, signature: str | None
) -> None:
    ours = public_half(tmp_path)
    made = sign(tmp_path, b"what").hex()
    assert not signed_by(public or ours, message, signature or made)


def test_openssl_reads_the_key_and_believes_the_signature(tmp_path: Path) -> None:
    public_half(tmp_path)
    (tmp_path / "message").write_bytes(b"wellkeeper seal")
    (tmp_path / "signature").write_bytes(sign(tmp_path, b"wellkeeper seal"))
    argv = ["openssl", "pkeyutl", "-verify", "-rawin", "-inkey", "station.key"]
    argv += ["-in", "message", "-sigfile", "signature"]
    done = subprocess.run(argv, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert "Signature Verified Successfully" in done.stdout, done.stderr


@pytest.mark.parametrize("content", ["", "no key", "-----BEGIN PRIVATE KEY-----\n"])
def test_a_file_that_is_no_key_is_said_and_left_as_it_was(tmp_path: Path, content: str) -> None:
    (tmp_path / KEY_FILE).write_text(content)
    with pytest.raises(KeyUnusable, match=r"station\.key cannot be used .*: restore it"):
        public_half(tmp_path)
    assert (tmp_path / KEY_FILE).read_text() == content


def test_a_public_half_that_was_lost_is_made_again(tmp_path: Path) -> None:
    public = public_half(tmp_path)
    (tmp_path / PUBLIC_FILE).unlink()
    assert public_half(tmp_path) == public


# --- signed commands ------------------------------------------------------------------------------


@pytest.fixture
def key(tmp_path: Path) -> Path:
    file = tmp_path / "province.pem"
    file.write_text(new_pair()[0])
    return file


@pytest.fixture
def keys(key: Path) -> Mapping[str, str]:
    return {"k1": public_of(key)}


def test_claims_that_were_signed_are_proved(key: Path, keys: Mapping[str, str]) -> None:
    assert proved(token_of(CLAIMS, "k1", key), keys) == Proof("k1", CLAIMS)


def test_a_token_that_openssl_signed_is_proved(
    tmp_path: Path, key: Path, keys: Mapping[str, str]
) -> None:
    """So a sender needs no library of ours, and none of JWT either."""
    said = _part({"alg": "EdDSA", "kid": "k1"}) + b"." + _part(CLAIMS)
    (tmp_path / "said").write_bytes(said)
    argv = ["openssl", "pkeyutl", "-sign", "-rawin", "-inkey", str(key), "-in", "said"]
    signature = subprocess.run(argv, cwd=tmp_path, capture_output=True, check=True).stdout
    token = said + b"." + base64.urlsafe_b64encode(signature).rstrip(b"=")
    assert proved(token.decode(), keys) == Proof("k1", CLAIMS)


def _part(value: object) -> bytes:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=")


def _headed(token: str, **header: object) -> str:
    _, claims, signature = token.split(".")
    return f"{_part({'alg': 'EdDSA', 'kid': 'k1', **header}).decode()}.{claims}.{signature}"


@pytest.mark.parametrize(
    ("header", "why"),
    [
        ({"alg": "none"}, "algorithm"),
        ({"alg": "HS256"}, "algorithm"),
        ({"alg": "eddsa"}, "algorithm"),
        ({"alg": ["EdDSA"]}, "algorithm"),
        ({"crit": ["exp"]}, "algorithm"),
        ({"jwk": {"kty": "OKP"}}, "algorithm"),
        ({"kid": "k2"}, "key"),
        ({"kid": None}, "key"),
        ({"typ": "JOSE"}, "signature"),
    ],
)
def test_a_header_that_was_not_signed_so_proves_nothing(
    key: Path, keys: Mapping[str, str], header: Mapping[str, object], why: str
) -> None:
    found = proved(_headed(token_of(CLAIMS, "k1", key), **header), keys)
    assert isinstance(found, Unproved)
    assert found.why in (why, "no_token")


def test_the_public_key_is_no_secret_to_sign_with(keys: Mapping[str, str]) -> None:
    """Algorithm confusion: everybody knows the public half."""
    confused = jwt.encode(CLAIMS, bytes.fromhex(keys["k1"]), "HS256", headers={"kid": "k1"})
    assert proved(confused, keys) == Unproved("algorithm")
    unsigned = jwt.encode(CLAIMS, "", "none", headers={"kid": "k1"})
    assert proved(unsigned, keys) == Unproved("algorithm")


@pytest.mark.parametrize(
    "token",
    ["", ".", "..", "a.b.c", "\x00" * 9, "é.é.é", "[" * 8000, f"{_part({}).decode()}.." * 3,
     base64.urlsafe_b64encode(b"[" * 6000).decode() + ".e30.AA",
     base64.urlsafe_b64encode(b'{"alg":' + b"[" * 6000).decode() + ".e30.AA"],
)  # fmt: skip
def test_what_is_no_token_proves_nothing(keys: Mapping[str, str], token: str) -> None:
    assert isinstance(proved(token, keys), Unproved)


def test_a_signature_by_another_key_proves_nothing(tmp_path: Path, keys: Mapping[str, str]) -> None:
    other = tmp_path / "other.pem"
    other.write_text(new_pair()[0])
    assert proved(token_of(CLAIMS, "k1", other), keys) == Unproved("signature", "k1")


def test_naming_what_is_here_loads_no_library() -> None:
    code = "import sys, agent.notary; sys.exit(bool({'cryptography', 'jwt'} & {*sys.modules}))"
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True)


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o666, 0o777])
def test_a_key_that_others_may_read_signs_nothing_and_starts_no_station(
    tmp_path: Path, mode: int
) -> None:
    public_half(tmp_path)
    (tmp_path / KEY_FILE).chmod(mode)
    with pytest.raises(KeyUnusable, match="chmod 600"):
        sign(tmp_path, b"x")
    with pytest.raises(KeyUnusable, match=f"{mode:04o}"):
        Notary(tmp_path)
    (tmp_path / KEY_FILE).chmod(0o400)
    assert sign(tmp_path, b"x")
