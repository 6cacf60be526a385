"""A platform's keys: how they are written, how they are made, and what a sender is told."""

import json
import os
import stat
import subprocess
from base64 import urlsafe_b64encode
from pathlib import Path

import jwt
import pytest

from agent.book import Book
from agent.cli import IO, UNAVAILABLE, USAGE, main
from agent.core.keyring import joined, kid_of
from agent.core.model import KeyAdded, KeyRevoked, PlatformKey
from agent.settings.keys import public_of
from agent.signing import Unproved, new_pair, proved

HEX = "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"  # RFC 8037's example
X = urlsafe_b64encode(bytes.fromhex(HEX)).rstrip(b"=").decode()
JWK = {"kty": "OKP", "crv": "Ed25519", "x": X}


@pytest.mark.parametrize(
    "text", [HEX, f"  {HEX}\n", HEX.upper(), json.dumps(JWK), json.dumps({**JWK, "kid": "mine"})]
)
def test_a_public_half_is_read_in_the_forms_that_tools_write(text: str) -> None:
    assert public_of(text) == HEX


def test_pem_is_read_as_openssl_writes_it(tmp_path: Path) -> None:
    private = tmp_path / "p.pem"
    subprocess.run(
        ["openssl", "genpkey", "-algorithm", "ed25519", "-out", private],
        check=True, capture_output=True,
    )  # fmt: skip
    public = subprocess.run(
        ["openssl", "pkey", "-in", private, "-pubout"], check=True, capture_output=True, text=True
    ).stdout
    found = public_of(public)
    assert found is not None
    assert public_of(public + public) is None
    assert public_of(private.read_text()) is None


@pytest.mark.parametrize(
    "text",
    ["", "key", HEX[:-2], HEX + "00", new_pair()[0], "-----BEGIN PUBLIC KEY-----\nAAAA\n",
     json.dumps({**JWK, "d": X}), json.dumps({**JWK, "crv": "X25519"}), json.dumps([JWK]),
     json.dumps({**JWK, "x": 5}), "{" * 4000, "[" * 4000],
)  # fmt: skip
def test_what_is_no_public_half_is_none(text: str) -> None:
    assert public_of(text) is None


def test_a_pair_is_made_once_and_its_private_half_is_its_owners(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    name = str(tmp_path / "division-2026")
    assert main(["keys", "new", name, "--language", "en"]) == 0
    said = capsys.readouterr().out
    private, public = tmp_path / "division-2026.pem", tmp_path / "division-2026.pub.pem"
    assert stat.S_IMODE(private.stat().st_mode) == 0o600
    kid = kid_of(str(public_of(public.read_text())))
    assert f"key id {kid}" in said
    for file in (public, private):
        assert main(["keys", "show", str(file), "--language", "en"]) == 0
        assert capsys.readouterr().out.strip() == kid
    before = private.read_text()
    assert main(["keys", "new", name, "--language", "en"]) == IO
    assert "is there already" in capsys.readouterr().out
    assert private.read_text() == before
    assert main(["keys", "show", str(tmp_path / "none"), "--language", "en"]) == IO


def test_the_book_keeps_keys_and_what_was_revoked_stays_so() -> None:
    book = Book(None)
    declared = (PlatformKey("a", "k1", "11"), PlatformKey("b", "k2", "22"))
    book.change_key(KeyAdded("a", "k3", "33", "form", "li"), "33", 1)
    book.change_key(KeyRevoked("a", "k1", "lost", "li"), "11", 2)
    book.change_key(KeyRevoked("a", "k3", "lost", "li"), "33", 3)
    book = Book(book.pending())
    assert {(one.kid, one.revoked) for one in joined(declared, book.keys())} == {
        ("k1", True),
        ("k2", False),
        ("k3", True),
    }


ORDER = ["allocate", "year=2026", "kind=addition", "volume_l=5000", "document=notice 12"]


def sign(tmp_path: Path, *words: str) -> int:
    key = tmp_path / "a.pem"
    if not key.exists():
        key.write_text(new_pair()[0])
    whose = ["--key", str(key), "--platform", "a", "--station", "W-1", "--language", "en"]
    return main(["command", "sign", *words, *whose])


def test_a_signed_command_is_proved_by_the_public_half(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert sign(tmp_path, *ORDER, "--valid", "2d", "--id", "n-1") == 0
    token = capsys.readouterr().out.strip()
    assert main(["keys", "show", str(tmp_path / "a.pem")]) == 0
    kid = capsys.readouterr().out.strip()
    assert jwt.get_unverified_header(token)["kid"] == kid
    claims = jwt.decode(token, options={"verify_signature": False})
    assert (claims["jti"], claims["exp"] - claims["iat"]) == ("n-1", 2 * 86_400)
    assert claims["fields"] == {
        "year": 2026,
        "kind": "addition",
        "volume_l": 5000,
        "document": "notice 12",
    }
    assert proved(token, {kid: "00" * 32}) == Unproved("signature", kid)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["allocate", "year=2026"], "missing"),
        (["allocate", *ORDER[1:], "force=1"], "force"),
        (["allocate", "year=soon", *ORDER[2:]], "year"),
        ([*ORDER, "--valid", "1w"], "1w is no lifetime"),
        ([*ORDER, "--valid", "0m"], "0m is no lifetime"),
        ([*ORDER, "--valid", "8d"], "at most 7d"),
        ([*ORDER, "--id", ""], "--id must be one line"),
        ([*ORDER, "--id", "a\nb"], "--id must be one line"),
        (["stop", "reason"], "reason must be name=value"),
        (["stop", "reason=a", "reason=b"], "reason=b: this field is there twice"),
    ],
)
def test_what_a_station_would_not_read_is_not_signed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], words: list[str], said: str
) -> None:
    assert sign(tmp_path, *words) == USAGE
    assert said in capsys.readouterr().err


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (["--station", "w/#"], "w/# is no station's id"),
        (["--station", ""], "is no station's id"),
        (["--station", "W-1", "--prefix", "+"], "+ cannot begin a topic"),
    ],
)
def test_what_makes_no_topic_is_said_before_anything_is_sent(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], more: list[str], said: str
) -> None:
    key = tmp_path / "a.pem"
    key.write_text(new_pair()[0])
    words = ["command", "send", "report", "--key", str(key), "--platform", "a", "--no-tls"]
    assert main([*words, "--host", "127.0.0.1", "--port", "1", "--language", "en", *more]) == USAGE
    assert said in capsys.readouterr().err


def test_a_key_that_cannot_sign_is_not_taken_for_the_stations_own(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    public = tmp_path / "a.pub.pem"
    public.write_text(new_pair()[1])
    for key in (public, tmp_path, tmp_path / "none"):
        words = ["command", "sign", "report", "--platform", "a", "--station", "W-1"]
        assert main([*words, "--key", str(key), "--language", "en"]) == IO
        assert "not the .pub.pem" in capsys.readouterr().err
    assert main(["keys", "show", os.devnull, "--language", "en"]) == IO
    assert "holds no Ed25519 key" in capsys.readouterr().err


def test_a_broker_that_is_not_there_is_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    key = tmp_path / "a.pem"
    key.write_text(new_pair()[0])
    words = ["command", "send", "report", "--key", str(key), "--platform", "a", "--station", "W-1"]
    words += ["--host", "127.0.0.1", "--port", "1", "--no-tls", "--language", "en"]
    assert main(words) == UNAVAILABLE
    assert "was not sent" in capsys.readouterr().err
