"""A station's key that cannot be used keeps no pump house still: it only signs the seals."""

from contextlib import closing
from pathlib import Path

import pytest

from agent.cli.control import _notary, _signer
from agent.core.model import Seal
from agent.journal import Journal, Now, Retention, Stamped, Transaction, Upkeep
from agent.journal.retention import DAY_MS
from agent.journal.upkeep import SEAL_AGAIN_MS
from agent.notary import Notary
from agent.signing import KEY_FILE, PUBLIC_FILE, KeyUnusable, public_half, signed_by
from tests.core.story import Story

WAIT_S = 20.0
BEGAN = 20_000 * DAY_MS


@pytest.mark.parametrize("public", ["", None, "half of one"])
def test_control_starts_without_a_key_and_says_why(
    tmp_path: Path, public: str | None, capsys: pytest.CaptureFixture[str]
) -> None:
    """A card that lost its last writes: an empty key beside an empty public half."""
    (tmp_path / KEY_FILE).touch(0o600)
    if public is not None:
        (tmp_path / PUBLIC_FILE).write_text(public, "ascii")
    with closing(_notary(tmp_path, "en")) as notary:
        assert notary.public == ""
        assert "station.key cannot be used" in capsys.readouterr().err
        with pytest.raises(KeyUnusable, match="cannot be used"):
            notary.begin_signing(b"what").result(WAIT_S)
    assert (tmp_path / KEY_FILE).read_bytes() == b"", "it is left as it was"


def test_a_public_half_that_cannot_be_read_is_no_hindrance_either(tmp_path: Path) -> None:
    public_half(tmp_path)
    (tmp_path / PUBLIC_FILE).unlink()
    (tmp_path / PUBLIC_FILE).mkdir()
    with closing(Notary(tmp_path)) as notary:
        assert notary.public == ""
        with pytest.raises(KeyUnusable):
            notary.begin_signing(b"what").result(WAIT_S)
        (tmp_path / PUBLIC_FILE).rmdir()
        signature = notary.begin_signing(b"what").result(WAIT_S)
        assert signed_by(notary.public, b"what", signature.hex())


def test_a_key_that_was_put_back_signs_what_is_owed_without_a_restart(tmp_path: Path) -> None:
    key = tmp_path / KEY_FILE
    key.touch(0o600)
    body = Story().look().bodies[0]
    with (
        closing(Journal.open(tmp_path / "journal.db")) as journal,
        closing(Notary(tmp_path)) as notary,
    ):
        journal.append(Transaction([Stamped(BEGAN, trusted=True, body=body)]))
        upkeep = Upkeep(journal, Retention(731, 3652, 1 << 40), _signer(notary))
        assert _tended(upkeep, BEGAN).unsealed
        key.unlink()
        assert not _tended(upkeep, BEGAN + SEAL_AGAIN_MS).unsealed
        newest = journal.newest("seal")
        assert newest is not None
        seal = newest[2]
        assert isinstance(seal, Seal)
        said = f"wellkeeper seal {journal.epoch} {seal.through} {seal.hash}".encode()
        assert seal.public_key == notary.public
        assert signed_by(seal.public_key, said, seal.signature)


def _tended(upkeep: Upkeep, at_utc_ms: int) -> Upkeep:
    """Until a signature was had, or could not be had."""
    now = Now(at_utc_ms, trusted=True, passed=0)
    upkeep.step(now)
    assert upkeep._signing is not None
    upkeep._signing[1].exception(WAIT_S)
    upkeep.step(now)
    return upkeep


def test_a_key_that_is_made_anew_has_a_public_half_of_its_own(tmp_path: Path) -> None:
    """Moved away as it is told: each seal of the new key named the old one and proved nothing."""
    old = public_half(tmp_path)
    (tmp_path / KEY_FILE).unlink()
    with closing(Notary(tmp_path)) as notary:
        signature = notary.begin_signing(b"what").result(WAIT_S)
        assert notary.public != old
        assert signed_by(notary.public, b"what", signature.hex())


def test_a_public_half_of_another_key_stands_in_no_seal(tmp_path: Path) -> None:
    """One file of a backup was put back, and not the other."""
    public_half(tmp_path)
    (tmp_path / PUBLIC_FILE).write_text("ab" * 32, "ascii")
    with closing(Notary(tmp_path)) as notary, pytest.raises(KeyUnusable, match=r"station\.pub"):
        notary.begin_signing(b"what").result(WAIT_S)


def test_a_key_that_is_exchanged_while_control_runs_stands_in_its_own_seals(tmp_path: Path) -> None:
    """Both files of a backup were put back: each seal named the key before, and held for nobody."""
    backup = tmp_path / "backup"
    backup.mkdir()
    kept = public_half(backup)
    old = public_half(tmp_path)
    with closing(Notary(tmp_path)) as notary:
        signature = notary.begin_signing(b"what").result(WAIT_S)
        assert signed_by(old, b"what", signature.hex())
        for file in (KEY_FILE, PUBLIC_FILE):
            (backup / file).replace(tmp_path / file)
        signature = notary.begin_signing(b"what").result(WAIT_S)
        assert notary.public == kept
        assert signed_by(kept, b"what", signature.hex())
