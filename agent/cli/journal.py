"""`wellkeeper journal`: is it what was written, what is in it, and a copy that others can check.

Reads a file, not the desk: a copy on another computer as well as the live one, which is only read.
The lines of `export` and how to check them without wellkeeper are in docs/journal.md.
"""

import argparse
import csv
import dataclasses
import json
import sys
from collections import Counter, deque
from collections.abc import Iterable, Iterator
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import Any

from agent import rows, words
from agent.catalogue import Told
from agent.cli.options import DEFAULT_CONFIG, language_here
from agent.core.model import Seal
from agent.journal import Head, JournalFailed, Reader, StoredRow, chain, decoded, seals
from agent.settings import journal_file, load

SCHEMA = 1
PAGE_RECORDS = 1000


class BeyondEnd(Told):
    """`--after` a record that is not there."""


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("what", choices=("verify", "export", "stats"))
    parser.add_argument("file", type=Path, nargs="?", help="a journal, instead of the station's")
    parser.add_argument("--config", type=Path, default=DEFAULT_CONFIG, help="the settings file")
    parser.add_argument("--language", choices=words.LANGUAGES, help="the station's, if not given")
    parser.add_argument("--key", help="verify: the station's public key, as the platform knows it")
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--jsonl", action="store_true", help="export: JSON lines (default)")
    form.add_argument("--csv", action="store_true", help="export: a table, for a spreadsheet")
    parser.add_argument("--kind", choices=sorted(rows.BODIES), help="export --csv: of this kind")
    parser.add_argument("--after", type=int, default=0, help="export: begin after this number")
    parser.add_argument(
        "--from", dest="begin", type=instant, help="export: 2026-04-01 or with time"
    )
    parser.add_argument("--to", dest="end", type=instant, help="export: before this instant")


def run(options: argparse.Namespace) -> int:
    file = sought(options.file or journal_file(load(options.config)))
    with closing(Reader(file)) as reader:
        match options.what:
            case "verify":
                return _verify(reader, options)
            case "stats":
                print(json.dumps(_stats(reader), ensure_ascii=False, indent=2))
            case "export" if options.csv:
                _table(reader, options)
            case _:
                _lines(reader, options)
    return 0


def sought(file: Path) -> Path:
    """SQLite's own words for these are about the card."""
    if file.is_dir():
        raise JournalFailed("journal_failed.a_folder", file=file)
    if not file.exists():
        raise JournalFailed("journal_failed.absent", file=file)
    return file


# --- verify --------------------------------------------------------------------------------------


def _verify(reader: Reader, options: argparse.Namespace) -> int:
    """JournalDamaged at the first record that is not what was written."""
    head, sealed = chain.origin(reader.epoch), Counter[str]()
    before: deque[Head] = deque(maxlen=seals.SEALED_WITHIN)
    for row, after in chain.walk(head, every(reader)):
        before.append(head)
        head = after
        if row.kind == "seal" and row.body is not None:
            seal = decoded(reader.path, row)
            assert isinstance(seal, Seal), "as its kind says"
            seals.check(seal, reader.epoch, before, options.key)
            sealed[seal.public_key] += 1
    language = language_here(options)
    said = {"file": reader.path, "epoch": reader.epoch, "number": head.number}
    print(words.say("journal_file.whole", language, **said, hash=head.hash.hex()))
    for key, count in sorted(sealed.items()):
        print(f"  {words.say('journal_file.sealed', language, seals=count, public=key)}")
    return 0


# --- export --------------------------------------------------------------------------------------


def _lines(reader: Reader, options: argparse.Namespace) -> None:
    after = _after(reader, options)
    for line in exported(reader, after, _wanted(reader, after, options)):
        print(line)


def exported(reader: Reader, after: int, wanted: Iterable[StoredRow]) -> Iterator[str]:
    """First what the chain begins with, then a line for each record."""
    begins = chain.origin(reader.epoch).hash if after == 0 else _hash_before(reader, after)
    head = reader.head()
    first = {
        "wellkeeper_journal": SCHEMA,
        "epoch": reader.epoch,
        "after": after,
        "hash": begins.hex(),
        "head": {"number": head.number, "hash": head.hash.hex()},
    }
    yield json.dumps(first)
    for row in wanted:
        yield json.dumps(_line(reader.path, row), ensure_ascii=False)


def _hash_before(reader: Reader, after: int) -> bytes:
    """Of record `after`; reckoned from the start where pruning has left no hash."""
    known = reader.hash_of(after)
    if known is not None:
        return known
    walked = chain.walk(chain.origin(reader.epoch), every(reader))
    return next(head.hash for _, head in walked if head.number >= after)


def _line(file: Path, row: StoredRow) -> dict[str, Any]:
    """`text` is what was stored, to the letter, and what the hash is of; `body` is for a reader."""
    line: dict[str, Any] = {
        "number": row.number,
        "at": words.rfc3339(row.at_utc_ms),
        "at_utc_ms": row.at_utc_ms,
        "trusted": bool(row.trusted),
        "kind": row.kind,
    }
    if row.body is None:
        assert row.digest is not None, "a pruned record keeps its digest"
        line |= {"pruned": True, "sha256": row.digest.hex()}
    else:
        line |= {
            "body": rows.named(decoded(file, row)),
            "text": row.body.decode(),
        }
    return line if row.hash is None else line | {"hash": row.hash.hex()}


def _table(reader: Reader, options: argparse.Namespace) -> None:
    """Of one kind: its fields as columns. Of all: their bodies as JSON."""
    sys.stdout.write("\ufeff")  # without it a spreadsheet reads Chinese as something else
    out = csv.writer(sys.stdout, lineterminator="\r\n")
    fields = (
        [one.name for one in dataclasses.fields(rows.BODIES[options.kind])]
        if options.kind
        else ["body"]
    )
    out.writerow(["number", "at", "trusted", *([] if options.kind else ["kind"]), *fields])
    for row in _wanted(reader, _after(reader, options), options):
        if row.body is None or options.kind not in (None, row.kind):
            continue
        named = rows.named(decoded(reader.path, row))
        place = [row.number, words.rfc3339(row.at_utc_ms), bool(row.trusted)]
        said = [named] if options.kind is None else [named[field] for field in fields]
        kind = [] if options.kind else [row.kind]
        out.writerow([*place, *kind, *(_cell(value) for value in said)])


def _cell(value: object) -> object:
    """A formula in somebody's document number must stay text."""
    if isinstance(value, list | dict):
        return json.dumps(value, ensure_ascii=False)
    return f"'{value}" if isinstance(value, str) and value[:1] in "=+-@\t\r" and value else value


def _wanted(reader: Reader, after: int, options: argparse.Namespace) -> Iterator[StoredRow]:
    """Up to the first trusted record at or after the end.

    The first record of an epoch is of its beginning; what it carries over is older.
    """
    for row in every(reader, after):
        tells = row.trusted and row.kind != "epoch_began"
        if options.end is not None and tells and row.at_utc_ms >= options.end:
            return
        yield row


def _after(reader: Reader, options: argparse.Namespace) -> int:
    """BeyondEnd past the newest record; after the newest itself there is nothing yet."""
    newest = reader.head().number
    if options.after > newest:
        raise BeyondEnd("journal_file.beyond", file=reader.path, after=options.after, newest=newest)
    begin = 0 if options.begin is None else reader.begins_before(options.begin)
    return int(max(options.after, begin, 0))


def every(reader: Reader, after: int = 0) -> Iterator[StoredRow]:
    """Page by page: memory does not grow with the file."""
    while page := reader.after(after, PAGE_RECORDS):
        yield from page
        after = page[-1].number


def instant(text: str) -> int:
    """An instant without a zone is Beijing time, as everything that a person reads."""
    given = datetime.fromisoformat(text)
    zoned = given if given.tzinfo else given.replace(tzinfo=words.BEIJING)
    return round(zoned.timestamp() * 1000)


# --- stats ---------------------------------------------------------------------------------------


def _stats(reader: Reader) -> dict[str, Any]:
    head, counts = reader.head(), reader.counts()
    parked = reader.parked()
    used = reader.used_bytes()
    log = reader.path.with_name(f"{reader.path.name}-wal")  # written, and not yet in the file
    return {
        "file": str(reader.path),
        "epoch": reader.epoch,
        "records": head.number,
        "hash": head.hash.hex(),
        "kinds": {kind: {"whole": whole, "pruned": pruned} for kind, whole, pruned in counts},
        "file_bytes": reader.path.stat().st_size,
        "log_bytes": log.stat().st_size if log.exists() else 0,
        "used_bytes": used,
        "bytes_per_record": round(used / head.number, 1) if head.number else None,
        "uplinks": {
            name: {"cursor": at, "waiting": head.number - at, "parked": parked.get(name, 0)}
            for name, at in reader.cursors().items()
        },
        "earlier_epochs": [str(file) for file in reader.archives()],
    }
