"""A rollback puts an older journal back: a power cut at any step of it leaves a journal."""

import os
import re
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

POSTINST = Path(__file__).parents[2] / "packaging" / "debian" / "postinst"
FORMAT = 2
# Each call of what changes a name counts; the power goes before the one that is named.
CUT = """#!/bin/sh
echo x >> {folder}/calls
[ "$(wc -l < {folder}/calls)" -ne {at} ] || kill -9 $PPID
exec /bin/{name} "$@"
"""
STEPS = 6


def journal(file: Path, version: int) -> None:
    with closing(sqlite3.connect(file)) as made, made:
        made.execute("CREATE TABLE records(number INTEGER)")
        made.execute(f"PRAGMA user_version = {version}")


def version_of(file: Path) -> int:
    with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as found:
        return int(found.execute("PRAGMA user_version").fetchone()[0])


def put_back(folder: Path, at: int) -> None:
    """As root's postinst does it, until the power goes."""
    found = re.search(
        r"^put_back_journal\(\) \{.*?^\}", POSTINST.read_text("utf-8"), re.MULTILINE | re.DOTALL
    )
    assert found is not None
    tools = folder / "bin"
    tools.mkdir(exist_ok=True)
    (folder / "calls").unlink(missing_ok=True)
    for name in ("mv", "ln", "cp"):
        (tools / name).write_text(CUT.format(folder=folder, at=at, name=name))
        (tools / name).chmod(0o755)
    text = found[0].replace("/run/wellkeeper.rollback", str(folder / "mark"))
    text = text.replace("/run/systemd/system", str(folder / "no-systemd"))
    text = text.replace('"$LIB/bin/python"', sys.executable)
    head = f"set -eu\nSTATE={folder}\nFORMAT={FORMAT}\nsay() {{ :; }}\n"
    environment = {**os.environ, "PATH": f"{tools}:{os.environ['PATH']}"}
    subprocess.run(["sh", "-c", f"{head}{text}\nput_back_journal\n:"], check=False, env=environment)


@pytest.mark.parametrize("at", [*range(1, STEPS), 0])
def test_there_is_always_a_journal_under_its_name(tmp_path: Path, at: int) -> None:
    """Between two renames there was none: control began an empty one, and the account was gone."""
    current = tmp_path / "journal.db"
    journal(current, FORMAT + 1)
    (tmp_path / "journal.db-shm").touch()
    journal(tmp_path / f"journal.format-{FORMAT}.db", FORMAT)
    (tmp_path / "mark").touch()
    put_back(tmp_path, at)
    assert current.exists()
    aside = [one for one in tmp_path.glob("journal.set-aside-*.db") if one.samefile(current)]
    kept = {version_of(one) for one in tmp_path.glob("journal.set-aside-*.db")}
    assert version_of(current) == FORMAT + 1 or (kept == {FORMAT + 1} and not aside)
    put_back(tmp_path, 0)  # whoever takes the version back once more ends what was begun
    assert version_of(current) == FORMAT
    assert not (tmp_path / "journal.db-shm").exists()
