"""Room rule: whether a seal vouches for the records before it, and of whose key. Reads no file."""

from collections.abc import Sequence
from typing import Final

from agent.core.model import Seal
from agent.journal import chain
from agent.journal.chain import Head, JournalDamaged
from agent.signing import signed_by

# Between a seal and the record it was signed over stand those of the seconds that signing took.
SEALED_WITHIN: Final = 1000


def check(seal: Seal, epoch: str, before: Sequence[Head], key: str | None = None) -> None:
    """JournalDamaged when it vouches for none of the heads before it, the newest last.

    `key` is the public key that it should be of.
    """
    record = before[-1].number + 1
    sealed = next((one for one in before if one.number == seal.through), None)
    if sealed is None or sealed.hash.hex() != seal.hash:
        raise JournalDamaged("journal_damaged.seal_misplaced", record=record)
    if not signed_by(seal.public_key, chain.sealed(epoch, sealed), seal.signature):
        raise JournalDamaged("journal_damaged.seal_forged", record=record)
    if key is not None and seal.public_key != key.strip().lower():
        raise JournalDamaged("journal_damaged.seal_key", record=record, public=seal.public_key)
