"""What a hasty or hostile shell gets: one sentence and the right exit code, never a traceback."""

import fcntl
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from contextlib import closing
from pathlib import Path

import pytest

from agent.cli import main
from agent.desk import wire
from agent.desk.client import Client, DeskRefused
from agent.desk.wire import TAKEN
from agent.uplink.inquiry import TAKEN_MS, Inquiry
from tests.shell.uplink.conftest import House

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "config" / "station.example.toml"
WITHIN_S = 30.0


def ours(*arguments: str, output: int = subprocess.PIPE) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-m", "agent.cli", *arguments],
        cwd=ROOT, stdout=output, stderr=subprocess.PIPE, text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip


@pytest.mark.parametrize("arguments", [[], ["nothing"], ["allocate"], ["status", "--verbose"]])
def test_a_command_that_is_not_understood_is_a_mistake_of_usage(arguments: list[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 64


USAGE = [
    (["stop"], "缺少必需的参数 --reason", "missing: --reason"),
    (["nothing"], "不接受 'nothing'，可选：", "does not take 'nothing'; it takes one of: "),
    (["status", "--verbose"], "没有这样的参数：--verbose", "no such argument: --verbose"),
    (
        ["records", "--limit", "ten"],
        "可接受：整数",
        "--limit does not take 'ten'; it takes a whole",
    ),
    (["records", "--limit"], "参数 --limit 后面缺少值", "--limit needs a value after it"),
    (
        ["bus", "watch", "--every-s", "nan"],
        "0 至 3600 之间的秒数",
        "seconds from 0 to 3600",
    ),
    (
        ["bus", "watch", "--every-s", "inf"],
        "0 至 3600 之间的秒数",
        "seconds from 0 to 3600",
    ),
    (["bus", "watch", "--every-s", "-1"], "0 至 3600 之间的秒数", "seconds from 0 to 3600"),
    (["bus", "scan", "--units", "0-9"], "1 至 247", "a unit id from 1 to 247"),
    (["bus", "scan", "--parities", "X"], "N、E、O", "N, E and O with commas"),
    (["journal", "export", "--from", "soon"], "日期或时刻", "a date or an instant"),
    (["report"], "应给出下列参数之一", "one of these must be given: --year"),
    (["report", "--year", "1", "--month", "2"], "不能与", "does not go together with --year"),
]


@pytest.mark.parametrize("language", [0, 1], ids=["zh", "en"])
@pytest.mark.parametrize(("arguments", "zh", "en"), USAGE, ids=lambda one: str(one)[:40])
def test_a_mistake_of_usage_ends_with_one_line_in_the_reader_s_language(
    arguments: list[str], zh: str, en: str, language: int, capsys: pytest.CaptureFixture[str]
) -> None:
    """It names the argument and what it takes; what stands above it is the command's syntax."""
    with pytest.raises(SystemExit):
        main([*arguments, f"--language={('zh', 'en')[language]}"])
    *syntax, last = capsys.readouterr().err.splitlines()
    assert (zh, en)[language] in last
    assert syntax[0].startswith("usage: ")
    assert not any("error:" in line for line in syntax)


def test_a_mistake_of_usage_is_said_in_the_station_s_language(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = tmp_path / "station.toml"
    text = EXAMPLE.read_text("utf-8").replace('language = "zh"', 'language = "en"')
    settings.write_text(text, "utf-8")
    with pytest.raises(SystemExit):
        main(["stop", "--config", str(settings)])
    assert capsys.readouterr().err.endswith("missing: --reason; --help shows the usage\n")


def test_an_output_that_is_full_is_said_in_one_line() -> None:
    with Path("/dev/full").open("w") as full:
        process = ours("conditions", "--config", str(EXAMPLE), output=full.fileno())
        _, said = process.communicate(timeout=WITHIN_S)
    assert process.returncode == 74
    assert said == "输出无法写入（No space left on device）。请检查输出文件所在磁盘。\n"


def test_an_export_into_a_file_is_utf_8_whatever_the_locale_says() -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "agent.cli", "conditions", "--config", str(EXAMPLE)],
        cwd=ROOT, capture_output=True, check=True, timeout=WITHIN_S,
        env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "gbk"},
    )  # fmt: skip
    assert "停泵" in ended.stdout.decode("utf-8")
    assert ended.stderr == b""


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
def test_a_stream_that_was_closed_is_no_fault(closed: str) -> None:
    command = f'"{sys.executable}" -m agent.cli conditions --config "{EXAMPLE}" {closed}'
    ended = subprocess.run(
        ["sh", "-c", command], cwd=ROOT, capture_output=True, text=True, check=False,
        timeout=WITHIN_S, env={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    assert (ended.returncode, ended.stderr) == (0, "")


def test_each_answer_of_the_desk_has_a_number_of_its_own() -> None:
    numbers = [value for name, value in vars(wire).items() if name.isupper() and value < 0]
    assert len(numbers) == len(set(numbers))


def test_an_interrupt_while_it_still_starts_is_no_fault() -> None:
    """argparse waits for nothing, so the interrupt waits for it: delivered before anything runs."""
    script = (
        "import signal, sys; import agent.cli as cli\n"
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"  # a shell's & ignores it
        "cli._parser = lambda _: signal.raise_signal(signal.SIGINT)\n"
        "sys.exit(cli.main(['status']))"
    )
    ended = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=False,
        timeout=WITHIN_S,
    )  # fmt: skip
    assert (ended.returncode, ended.stderr) == (128 + signal.SIGINT, "")


@pytest.mark.parametrize("name", ["receiver.py", "verify_export.py"])
def test_an_example_says_how_it_is_used(name: str) -> None:
    script = ROOT / "docs" / "examples" / name
    ended = subprocess.run(
        [sys.executable, str(script)], capture_output=True, text=True, check=False,
        timeout=WITHIN_S,
    )  # fmt: skip
    assert ended.returncode == 1
    assert f"python {name}" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_an_order_whose_answer_is_lost_is_not_to_be_given_again_unseen(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Control ends between taking an order and saying its verdict: it may have added water."""
    handed_in: list[str] = []

    def control_that_dies(door: socket.socket) -> None:
        caller, _ = door.accept()
        with caller, caller.makefile() as lines:
            handed_in.append(json.loads(lines.readline())["params"]["id"])

    with tempfile.TemporaryDirectory(prefix="wk") as folder, socket.socket(socket.AF_UNIX) as door:
        settings = Path(folder) / "station.toml"
        settings.write_text((ROOT / "config" / "demo.toml").read_text("utf-8"), "utf-8")
        (Path(folder) / "run" / "desk").mkdir(parents=True)
        door.bind(str(Path(folder) / "run" / "desk" / "admin.sock"))
        door.listen()
        door.settimeout(WITHIN_S)
        control = threading.Thread(target=control_that_dies, args=(door,))
        control.start()
        order = ["allocate", "addition", "--year", "2026", "--volume", "5m3", "--document", "n 1"]
        assert main([*order, "--config", str(settings), "--language", "en"]) == 69
        control.join(WITHIN_S)
    said = capsys.readouterr().err
    assert f"No answer came to order {handed_in[0]}" in said
    assert "do not give it again yet" in said
    assert f"grep {handed_in[0]}" in said


def test_a_second_station_in_one_folder_names_the_first(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = (ROOT / "config" / "demo.toml").read_text("utf-8")
    (tmp_path / "station.toml").write_text(text, "utf-8")
    run = tmp_path / "run"
    run.mkdir()
    with (run / "run.lock").open("w") as held:
        held.write("4711\n")
        held.flush()
        fcntl.flock(held, fcntl.LOCK_EX)
        station = ["--config", str(tmp_path / "station.toml"), "--language", "en"]
        assert main(["run", *station]) == 69
    said = capsys.readouterr()
    assert said.out == ""
    assert f"Another wellkeeper run holds {run} (process 4711)" in said.err


def test_a_second_uplink_for_one_platform_is_refused_by_the_desk(folder: Path) -> None:
    script = (
        "import sys; from pathlib import Path; from agent.desk.client import Client, DeskRefused\n"
        "try:\n  Client(Path(sys.argv[1])).call('cursor', {}, 5.0)\n"
        "except DeskRefused as why:\n  print(why.code, why.why.said('zh'))"
    )
    argv = [sys.executable, "-c", script, str(folder / "a.sock")]

    def second() -> str:
        return subprocess.run(
            argv, cwd=ROOT, capture_output=True, text=True, check=True, timeout=WITHIN_S
        ).stdout

    with (
        closing(House(folder)),
        Client(folder / "a.sock") as first,
        Client(folder / "a.sock") as again,
    ):
        first.call("cursor", {}, WITHIN_S)
        again.call("cursor", {}, WITHIN_S)  # the same process may come twice
        said = f"{TAKEN} 平台 a 已有上报进程（进程号 {os.getpid()}）在运行，请先停止它\n"
        assert second() == said
        first.close()
        assert second() == said
        again.close()
        # The desk hears of the hang-up in its own time; a second one is let in from then on.
        answers = {second() for _ in range(3)}
    assert "" in answers


def test_an_uplink_that_finds_its_place_taken_waits_a_moment_and_then_gives_up() -> None:
    class Taken:
        def call(self, _method: str, _fields: object, _within_s: float, /) -> object:
            raise DeskRefused(TAKEN, "taken")

        def close(self) -> None: ...

    inquiry = Inquiry(Taken)  # type: ignore[arg-type]  # no more of it is asked
    assert inquiry.open(1000) is None
    assert inquiry.open(1000 + TAKEN_MS - 1) is None
    with pytest.raises(DeskRefused):
        inquiry.open(1000 + TAKEN_MS)
