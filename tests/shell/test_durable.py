"""A file comes under its name for good; what stands there and is no file is left alone."""

import os
import socket
from pathlib import Path

import pytest

from agent import durable


@pytest.mark.parametrize("kind", ["pipe", "socket", "folder", "link to a device"])
def test_what_is_no_file_is_not_replaced_by_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    name = tmp_path / "x"
    with socket.socket(socket.AF_UNIX) as door:
        match kind:
            case "pipe":
                os.mkfifo(name)
            case "socket":
                monkeypatch.chdir(tmp_path)  # a socket's path is short
                door.bind("x")
            case "folder":
                name.mkdir()
            case _:
                name.symlink_to(os.devnull)
        before = name.lstat()
        with pytest.raises(OSError, match="no regular file"):
            durable.write(name, "text", 0o644)
        assert name.lstat().st_ino == before.st_ino
        assert [one.name for one in tmp_path.iterdir()] == ["x"]


def test_what_could_not_be_written_leaves_nothing_behind(tmp_path: Path) -> None:
    (tmp_path / "key.pem").write_text("before")
    with pytest.raises(UnicodeEncodeError):
        durable.write(tmp_path / "key.pem", "-----BEGIN\ud800", 0o600)
    assert [one.name for one in tmp_path.iterdir()] == ["key.pem"]
    assert (tmp_path / "key.pem").read_text() == "before"
