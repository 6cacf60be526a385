"""`wellkeeper journal` on a real file: what it says, and that others can check what it gives."""

import csv
import json
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from agent.cli import main
from agent.journal import (
    Ahead,
    Journal,
    Now,
    Retention,
    Stamped,
    Transaction,
    Upkeep,
    begin_epoch,
)
from agent.journal.retention import DAY_MS, Pruning
from agent.signing import public_half

from .conftest import EPOCH_UTC_MS, signer_of

Minute = Callable[[int], Stamped]

ROOT = Path(__file__).parents[3]
CHECKER = ROOT / "docs" / "examples" / "verify_export.py"


@pytest.fixture
def written(path: Path, sample: Minute, entry: Minute, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two days with two seals, an entry, an untrusted clock and eight pruned samples."""
    monkeypatch.setattr("agent.journal.store.TAIL_RECORDS", 20)
    journal = Journal.open(path)
    upkeep = Upkeep(journal, Retention(731, 3652, 1 << 40), signer_of(path.parent))
    bodies = [sample(n) for n in range(1, 21)]
    bodies[4], bodies[7] = entry(2026), sample(8)._replace(at_utc_ms=5, trusted=False)
    journal.append(Transaction(bodies, cursors={"division": 12}))
    seal(upkeep, Now(EPOCH_UTC_MS, trusted=True, passed=0))
    journal.append(Transaction([sample(n) for n in range(21, 30)]))
    seal(upkeep, Now(EPOCH_UTC_MS + DAY_MS, trusted=True, passed=0))
    pruning = Pruning(journal, Retention(731, 3652, 1 << 40))
    assert pruning.step(Now(EPOCH_UTC_MS + 800 * DAY_MS, trusted=True, passed=9))
    journal.close()
    return path


def seal(upkeep: Upkeep, now: Now) -> None:
    """Have it signed, and write it down."""
    for _ in range(2):
        upkeep.step(now)


def alter(path: Path, sql: str) -> None:
    outside = sqlite3.connect(path)
    outside.execute(sql)
    outside.commit()
    outside.close()


def exported(path: Path, capsys: pytest.CaptureFixture[str], *options: str) -> list[str]:
    assert main(["journal", "export", str(path), *options]) == 0
    return capsys.readouterr().out.splitlines()


def checked(path: Path, lines: list[str], *known: str) -> str:
    """What the independent script says."""
    file = path.with_name("lines.jsonl")
    file.write_text("\n".join(lines) + "\n", "utf-8")
    done = subprocess.run(
        [sys.executable, "-I", str(CHECKER), str(file), *known],
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stdout.strip() or done.stderr.strip()


def test_a_sound_file_is_said_to_be_sound(
    written: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    key = public_half(written.parent)
    assert main(["journal", "verify", str(written), "--language", "en", "--key", key]) == 0
    told = capsys.readouterr().out
    assert "records 1 to 31 are what was written" in told
    assert f"2 seals hold, of the public key {key}" in told
    assert main(["journal", "verify", str(written)]) == 0
    assert "与写入时一致" in capsys.readouterr().out


def test_a_copy_is_told_of_in_the_language_of_the_station(
    written: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = tmp_path / "station.toml"
    text = (ROOT / "config/demo.toml").read_text("utf-8")
    config.write_text(text.replace("[station]", '[station]\nlanguage = "en"'), "utf-8")
    assert main(["journal", "verify", str(written), "--config", str(config)]) == 0
    assert "are what was written" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("sql", "words"),
    [
        ("UPDATE records SET at_utc_ms = 0 WHERE number = 12", "journal record 12 is not what"),
        (
            "UPDATE pruned SET kind = 'gap' WHERE number = 3",
            "one of the records 1 to 4 is not what",
        ),
        ("DELETE FROM pruned WHERE number = 3", "journal record 3 is missing"),
        ("DELETE FROM records WHERE number = 25", "journal record 25 is missing"),
    ],
)
def test_the_first_bad_record_is_named(
    written: Path, capsys: pytest.CaptureFixture[str], sql: str, words: str
) -> None:
    alter(written, sql)
    assert main(["journal", "verify", str(written), "--language", "en"]) == 65
    assert words in capsys.readouterr().err


def test_a_file_rewritten_with_a_good_chain_fails_at_its_seal(
    tmp_path: Path, path: Path, sample: Minute, capsys: pytest.CaptureFixture[str]
) -> None:
    """Whoever can write the file can reckon hashes; he cannot sign."""
    journal = Journal.open(path)
    journal.append(Transaction([sample(1)]))
    forger = signer_of(tmp_path, lambda _: b"something else")
    upkeep = Upkeep(journal, Retention(1, 1, 1), forger)
    seal(upkeep, Now(EPOCH_UTC_MS, trusted=True, passed=0))
    journal.close()
    assert main(["journal", "verify", str(path), "--language", "en"]) == 65
    assert "record 2, a seal, has a signature that its key did not" in capsys.readouterr().err


def test_a_seal_of_another_key_than_the_platform_knows_is_said(
    written: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = ["--key", "00" * 32, "--language", "en"]
    assert main(["journal", "verify", str(written), *other]) == 65
    assert "record 21, a seal, is of another key" in capsys.readouterr().err


@pytest.mark.parametrize("after", ["32", "9" * 30])
def test_an_export_after_a_record_that_is_not_there_says_which_is_the_newest(
    written: Path, capsys: pytest.CaptureFixture[str], after: str
) -> None:
    asked = ["journal", "export", str(written), "--language", "en", "--after"]
    assert main([*asked, after]) == 64
    assert "The newest record of" in (said := capsys.readouterr().err)
    assert f"is 31, there is no record {after}." in said
    assert main([*asked, "31"]) == 0  # what came since the last export: nothing
    assert len(capsys.readouterr().out.splitlines()) == 1


def test_an_export_is_checked_without_wellkeeper(
    written: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = exported(written, capsys)
    first = json.loads(lines[0])
    head = first["head"]
    assert checked(written, lines).endswith(f"records 1 to 31 hold, hash {head['hash']}")
    assert "1 to 31 hold" in checked(written, lines, first["epoch"], "31", head["hash"])
    assert "not what the platform received" in checked(
        written, lines, first["epoch"], "12", head["hash"]
    )
    assert "is not in this export" in checked(written, lines, "f" * 16, "12", head["hash"])
    later = exported(written, capsys, "--after", "3")
    assert "records 4 to 31 hold" in checked(written, later)
    record = json.loads(later[2])
    assert (record["number"], record["kind"], record["body"]["year"]) == (5, "allocate", 2026)
    assert "missing" in checked(written, lines[:9] + lines[10:])
    forged = lines[10].replace("[45", "[46")
    assert forged != lines[10]
    assert "record 10 is not what was written" in checked(
        written, [*lines[:10], forged, *lines[11:]]
    )


def test_an_export_can_be_of_a_time(written: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Both instants are Beijing time; the sample of minute n is n minutes after 01:53:20."""
    lines = exported(written, capsys, "--from", "2026-01-01T01:03:00", "--to", "2026-01-01T01:06")
    numbers = [json.loads(line)["number"] for line in lines[1:]]
    assert numbers == [10, 11, 12]
    with pytest.raises(SystemExit):
        main(["journal", "export", str(written), "--from", "yesterday"])


def test_a_time_before_a_restored_card_is_exported_as_what_was_carried_over(
    path: Path, sample: Minute, entry: Minute, capsys: pytest.CaptureFixture[str]
) -> None:
    """An epoch's first record is of its beginning, and older ones follow: the export was empty."""
    journal = Journal.open(path)
    journal.append(Transaction([entry(2026), *(sample(n) for n in range(2, 21))]))
    journal.close()
    ahead = Ahead("", 20)
    begin_epoch(path, ahead, EPOCH_UTC_MS + DAY_MS, trusted=True, uplinks=["a"], alive=list)
    lines = exported(path, capsys, "--from", "2026-01-01T01:03:00", "--to", "2026-01-01T01:06")
    kinds = [json.loads(line)["kind"] for line in lines[1:]]
    assert kinds == ["epoch_began", "allocate", *["sample"] * 11], "up to the twelfth minute"
    table = exported(path, capsys, "--csv", "--kind", "sample", "--to", "2026-01-01T01:06")
    assert len(table) == 1 + 11


def test_a_table_is_for_a_spreadsheet(written: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = exported(written, capsys, "--csv", "--kind", "sample")
    assert text[0].startswith("\ufeffnumber,at,trusted,forward_total_l")
    table = list(csv.DictReader([text[0].lstrip("\ufeff"), *text[1:]]))
    assert len(table) == 20
    assert table[0]["number"] == "10"
    everything = exported(written, capsys, "--csv")
    assert len(everything) == 1 + 31 - 8
    assert "师水〔2026〕7号" in everything[1]


def test_stats_say_what_is_in_it(written: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["journal", "stats", str(written)]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["kinds"] == {
        "allocate": {"whole": 1, "pruned": 0},
        "sample": {"whole": 20, "pruned": 8},
        "seal": {"whole": 2, "pruned": 0},
    }
    assert told["uplinks"] == {"division": {"cursor": 12, "waiting": 19, "parked": 0}}
    assert told["used_bytes"] <= told["file_bytes"]


def test_the_live_file_is_read_while_it_is_written(
    written: Path, sample: Minute, capsys: pytest.CaptureFixture[str]
) -> None:
    journal = Journal.open(written)
    journal.append(Transaction([sample(32)]))
    assert main(["journal", "verify", str(written), "--language", "en"]) == 0
    assert "1 to 32" in capsys.readouterr().out
    journal.append(Transaction([sample(33)]))
    journal.close()


def test_a_copy_without_its_log_is_told_from_a_damaged_one(
    path: Path, sample: Minute, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    journal = Journal.open(path)
    journal.append(Transaction([sample(1)]))
    copy = tmp_path / "copy.db"
    shutil.copy(path, copy)
    assert main(["journal", "stats", str(path)]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["log_bytes"] == path.with_name("journal.db-wal").stat().st_size > 0
    assert main(["journal", "verify", str(copy)]) == 74
    assert "请把" in capsys.readouterr().err
    shutil.copy(path.with_name("journal.db-wal"), tmp_path / "copy.db-wal")
    assert main(["journal", "verify", str(copy)]) == 0
    journal.close()


def test_a_file_that_is_not_there_is_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["journal", "verify", str(tmp_path / "none.db"), "--language", "en"]) == 74
    assert "There is no file" in capsys.readouterr().err
    assert main(["journal", "verify", str(tmp_path), "--language", "en"]) == 74
    assert "is a directory and no journal" in capsys.readouterr().err
