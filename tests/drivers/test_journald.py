"""What systemd's journal is sent, read as its protocol says; and silence elsewhere."""

import os
import socket
import struct
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from drivers.journald import VALUE_BYTES_MAX, Journald, is_heard


@pytest.fixture
def journal() -> Iterator[socket.socket]:
    with tempfile.TemporaryDirectory(prefix="wk") as folder:
        listening = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        listening.bind(f"{folder}/socket")
        with listening:
            yield listening


def fields(datagram: bytes) -> dict[str, str]:
    """https://systemd.io/JOURNAL_NATIVE_PROTOCOL/"""
    told: dict[str, str] = {}
    while datagram:
        line, _, rest = datagram.partition(b"\n")
        if b"=" in line:
            name, _, value = line.partition(b"=")
        else:
            name = line
            (size,) = struct.unpack_from("<Q", rest)
            value, rest = rest[8 : 8 + size], rest[8 + size + 1 :]
        told[name.decode()] = value.decode()
        datagram = rest
    return told


def said(journal: socket.socket, words: str, **facts: str) -> dict[str, str]:
    log = Journald({"station": "W-1"}, path=Path(journal.getsockname()), heard=True)
    log.say(4, words, facts)
    log.close()
    return fields(journal.recv(65_536))


def test_a_line_has_its_facts_as_fields(journal: socket.socket) -> None:
    assert said(journal, "继电器停泵", condition="short_cycle") == {
        "MESSAGE": "继电器停泵",
        "PRIORITY": "4",
        "SYSLOG_IDENTIFIER": "wellkeeper",
        "WELLKEEPER_STATION": "W-1",
        "WELLKEEPER_CONDITION": "short_cycle",
    }


def test_what_a_person_typed_forges_no_field(journal: socket.socket) -> None:
    forged = "li\nPRIORITY=0\n_UID=0"
    told = said(journal, "x", actor=forged)
    assert told["WELLKEEPER_ACTOR"] == forged
    assert (told["PRIORITY"], len(told)) == ("4", 5)


def test_a_line_is_bounded(journal: socket.socket) -> None:
    assert len(said(journal, "x" * 100_000)["MESSAGE"]) == VALUE_BYTES_MAX


def test_a_journal_that_is_gone_or_full_stops_nobody(journal: socket.socket) -> None:
    log = Journald({}, path=Path(journal.getsockname()), heard=True)
    for _ in range(10_000):
        log.say(6, "a line that nobody reads", {})
    log.close()
    gone = Journald({}, path=Path("/nowhere/socket"), heard=True)
    gone.say(6, "x", {})
    gone.close()


def test_it_is_heard_only_where_our_errors_go_to_that_journal(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    assert not Journald({}).heard
    with (tmp_path / "errors").open("w") as errors:
        status = os.fstat(errors.fileno())
        monkeypatch.setenv("JOURNAL_STREAM", f"{status.st_dev}:{status.st_ino}")
        assert is_heard(errors.fileno())
        assert not is_heard()
