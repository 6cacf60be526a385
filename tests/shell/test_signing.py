"""The station's key: made once, its owner's alone, and of use to every other Ed25519 tool."""

import stat
import subprocess
import sys
from pathlib import Path

import pytest

from agent.signing import KEY_FILE, PUBLIC_FILE, KeyUnusable, StationKey, signed_by

ROOT = Path(__file__).parents[2]


def test_a_key_is_made_once_and_only_its_owner_may_read_it(tmp_path: Path) -> None:
    first = StationKey(tmp_path)
    again = StationKey(tmp_path)
    assert first.public == again.public
    assert len(bytes.fromhex(first.public)) == 32
    assert stat.S_IMODE((tmp_path / KEY_FILE).stat().st_mode) == 0o600
    assert signed_by(again.public, b"what", first.sign(b"what").hex())


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
    key = StationKey(tmp_path)
    made = key.sign(b"what").hex()
    assert not signed_by(public or key.public, message, signature or made)


def test_openssl_reads_the_key_and_believes_the_signature(tmp_path: Path) -> None:
    key = StationKey(tmp_path)
    (tmp_path / "message").write_bytes(b"wellkeeper seal")
    (tmp_path / "signature").write_bytes(key.sign(b"wellkeeper seal"))
    done = subprocess.run(
        [
            "openssl",
            "pkeyutl",
            "-verify",
            "-rawin",
            "-inkey",
            "station.key",
            "-in",
            "message",
            "-sigfile",
            "signature",
        ],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert "Signature Verified Successfully" in done.stdout, done.stderr


@pytest.mark.parametrize("content", ["", "no key", "-----BEGIN PRIVATE KEY-----\n"])
def test_a_file_that_is_no_key_is_said_and_left_as_it_was(tmp_path: Path, content: str) -> None:
    (tmp_path / KEY_FILE).write_text(content)
    with pytest.raises(KeyUnusable, match=r"station\.key cannot be used .*: restore it"):
        StationKey(tmp_path)
    assert (tmp_path / KEY_FILE).read_text() == content


def test_a_public_half_that_was_lost_is_made_again(tmp_path: Path) -> None:
    public = StationKey(tmp_path).public
    (tmp_path / PUBLIC_FILE).unlink()
    assert StationKey(tmp_path).public == public


def test_a_start_with_a_key_does_not_load_the_library(tmp_path: Path) -> None:
    StationKey(tmp_path)
    code = (
        "import sys; from pathlib import Path; from agent.signing import StationKey;"
        " StationKey(Path(sys.argv[1])); sys.exit('cryptography' in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code, str(tmp_path)], cwd=ROOT, check=True)
