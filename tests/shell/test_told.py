"""What a command says when control is not there, or does not grant what was asked."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from agent import catalogue
from agent.cli import UNAVAILABLE, USAGE, control, main, records
from agent.desk import wire
from agent.desk.client import DeskRefused
from agent.notary import NotaryGone
from agent.settings import Settings

DEMO = Path(__file__).parents[2] / "config" / "demo.toml"


@pytest.fixture
def config(tmp_path: Path) -> str:
    return str(shutil.copy(DEMO, tmp_path / "station.toml"))


@pytest.mark.parametrize(
    ("language", "told"),
    [
        ([], "控制程序没有应答"),  # the station's own language
        (["--language", "zh"], "控制程序没有应答"),
        (["--language", "en"], "Control does not answer"),
    ],
)
def test_without_control_status_says_so_in_the_asked_language(
    config: str, capsys: pytest.CaptureFixture[str], language: list[str], told: str
) -> None:
    assert main(["status", "--config", config, *language]) == UNAVAILABLE
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.startswith(told)
    assert "admin.sock: No such file or directory" in said.err
    assert "wellkeeper control" in said.err


@pytest.mark.parametrize(
    ("code", "ends_with"), [(wire.BAD_FIELDS, USAGE), (wire.TOO_BUSY, UNAVAILABLE)]
)
def test_a_wrong_request_is_the_askers_and_a_busy_desk_is_not(
    config: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    code: int,
    ends_with: int,
) -> None:
    def refuse(_: Settings) -> None:
        raise DeskRefused(code, "limit must be a whole number from 1 to 1000")

    monkeypatch.setattr(records, "administrator", refuse)
    assert main(["records", "--config", config]) == ends_with
    assert capsys.readouterr().err.startswith("控制程序拒绝了请求：limit must be")


@pytest.mark.parametrize(
    "line",
    [
        b'{"id":1,"error":7}',
        b'{"id":1,"error":{}}',
        b'{"id":1,"error":{"code":"x","message":"y"}}',
        b'{"id":1,"error":{"code":true,"message":"y"}}',
        b"[]",
        b"\xff",
    ],
)
def test_an_answer_that_is_none_is_refused(line: bytes) -> None:
    with pytest.raises(wire.Refused):
        wire.read_answer(line)


@pytest.mark.parametrize(
    "data",
    [
        "x",
        {"key": "no.such.text"},
        {"key": ["desk.gone"]},
        {"key": "desk.gone"},
        {"key": "desk.gone", "values": 7},
        {"key": "desk.gone", "values": {"key": "twice"}},
        {"key": "desk.gone", "values": {"other": "another version's"}},
    ],
)
def test_a_sentence_of_another_version_is_said_in_its_own_english(data: object) -> None:
    """After an upgrade the old control still answers, with the catalogue it was started with."""
    said = {"id": 1, "error": {"code": wire.TOO_BUSY, "message": "ask later", "data": data}}
    _, _, error = wire.read_answer(json.dumps(said).encode())
    assert error is not None
    assert error.why == "ask later"


def test_control_that_cannot_start_its_notary_says_so(
    config: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def gone(_: Path) -> None:
        raise NotaryGone("notary.died")

    monkeypatch.setattr(control, "Notary", gone)
    assert main(["control", "--config", config]) == UNAVAILABLE
    said = capsys.readouterr().err
    assert said.startswith("签名进程在应答途中退出")
    assert "Traceback" not in said


def test_a_process_that_outlives_an_upgrade_keeps_its_own_sentences(tmp_path: Path) -> None:
    """dpkg puts the new catalogue under the old one's name while control still runs."""
    here = Path(catalogue.__file__)
    (tmp_path / "agent").mkdir()
    (tmp_path / "agent" / "__init__.py").touch()
    for name in ("catalogue.py", "catalogue.toml"):
        (tmp_path / "agent" / name).write_bytes((here.parent / name).read_bytes())
    script = (
        "from pathlib import Path; from agent.catalogue import say\n"
        "say('verdict.accepted', 'en', order='')\n"
        "file = Path('agent/catalogue.toml'); new = file.with_name('new')\n"
        "new.write_text('# longer\\n' * 99 + file.read_text('utf-8'), 'utf-8')\n"
        "new.rename(file)\n"
        "print(say('desk.refused', 'en', why='x'))"
    )
    said = subprocess.run(
        [sys.executable, "-c", script], cwd=tmp_path, capture_output=True, text=True, check=True,
        env={"PYTHONPATH": str(tmp_path)}, timeout=30,
    )  # fmt: skip
    assert said.stdout == "Control refused the request: x\n"
