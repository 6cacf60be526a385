"""The console as a technician has it: a real pty, a real station, a terminal that is not ours."""

import os
import random
import signal
import subprocess
import sys
from contextlib import closing

from agent.demo.actor import Panel
from tests.shell.console.ward import PIN, manned


def test_first_start_makes_a_supervisor_and_nothing_else_works_before() -> None:
    with manned() as ward:
        ward.sees("no supervisor yet")
        ward.sees("account:")
        ward.types("li")
        ward.sees("New PIN")
        ward.types("123456")
        ward.sees("once more")
        ward.types("123456")
        ward.sees("too short or too easily guessed")
        ward.founds()
        ward.types("exit")
        ward.sees("Account:")
        ward.types("li")
        ward.sees("PIN:")
        ward.types(PIN)
        ward.sees("well# ")
        ward.types("status")
        assert "Not commissioned" in ward.sees("well# ")
        ward.runs("config check", shows="settings")
        assert ward.pss_kib("console front") <= 15 * 1024
        for file in ward.folder.rglob("*"):
            assert not file.is_file() or PIN.encode() not in file.read_bytes(), file


def test_noise_on_the_line_ends_neither_the_console_nor_the_scan(soak: int) -> None:
    with manned() as ward:
        ward.founds()
        ward.types("exit")
        ward.sees("Account:")
        pid, noise = ward.pid("console front"), random.Random(6)
        for _ in range(30 * soak):
            ward.line.send(noise.randbytes(64))
            ward.line.send(b"\r")
        # Ctrl-U, so that what is left of the noise is in no name.
        ward.line.send(b"\x15\r\x15no-such-account\r")
        ward.sees("no-such-account")
        assert ward.pid("console front") == pid
        assert "Traceback" not in ward.log()


def test_root_at_the_shell_opens_lists_resets_and_removes_accounts() -> None:
    with manned() as ward:

        def account(*words: str, typed: str = "") -> tuple[int, str]:
            argv = [sys.executable, "-m", "agent.cli", "account", *words, "--config"]
            done = subprocess.run(
                [*argv, str(ward.config), "--language", "en"],
                input=typed.encode(), capture_output=True, check=False,
            )  # fmt: skip
            return done.returncode, (done.stdout + done.stderr).decode()

        assert account("add", "li", "supervisor", typed="12345\n")[0] == 1
        assert account("add", "li", "supervisor", typed=f"{PIN}\n") == (0, "Took effect: account\n")
        assert account("add", "ma", "viewer", typed=f"{PIN}\n")[0] == 0
        code, told = account("list")
        assert told.split() == ["li", "supervisor", "ma", "viewer"]
        assert account("remove", "li")[0] == 1
        assert account("remove", "ma")[0] == 0
        assert account("reset", "li", typed="another 9\n") == (0, "Took effect: PIN changed\n")
        ward.types("")
        ward.sees("Account:")
        ward.types("li")
        ward.sees("PIN:")
        ward.types("another 9")
        ward.sees("well# ")
        assert code == 0


def test_from_nothing_to_the_first_permit_to_exhausted_and_topped_up() -> None:
    """Everything through the cable, but the button that the owner presses."""
    with manned() as ward:
        ward.founds()
        ward.runs("meter fit flow F-1 1m3 cert-1", "0L", "well", shows="Took effect")
        ward.runs("meter fit power P-1 0kWh cert-2", "well", shows="Took effect")
        ward.runs("allocation set", "", "300L", "水资〔2026〕7号", "well", shows="0.300 m³")
        ward.until("Permitted, contactor open")
        with closing(Panel(ward.folder / "panel.sock")) as panel:
            panel.ask("start")
            ward.until("Permitted, and the pump runs")
            shown = ward.until("Cut by this controller: Allocation exhausted")
            assert "used up" in shown
            assert "allocation add" in shown
        ward.runs("language zh", shows="现在使用中文")
        assert "指标用尽" in ward.runs("status", shows="北京时间")
        ward.runs("allocation add 2026 １００方 9号", "well", "well", shows="已生效：录入指标")
        ward.until("已允许，接触器未吸合")
        assert "[####" not in ward.runs("allocation show", shows="100.300 m³")


def test_a_cable_that_is_pulled_changes_nothing_by_halves_and_a_lockout_survives_a_restart() -> (
    None
):
    with manned() as ward:
        ward.founds()
        ward.types("allocation set 2026 500m3 doc-1")
        ward.sees("well ? ")
        ward.pull()
        ward.plug()
        ward.sees("Account:")
        assert ward.entries() == []
        ward.signs_in()
        ward.types("allocation set 2026 700m3 doc-2")
        ward.sees("well ? ")
        ward.types("well")
        ward.pull()  # before anybody has read the answer
        ward.plug()
        ward.sees("Account:")
        assert [one["volume_l"] for one in ward.entries()] in ([], [700_000])
        for number in range(5):
            ward.types("li")
            ward.sees("PIN:")
            ward.types(f"wrong {number}")
            ward.sees("The account or the PIN is wrong")
        ward.sees("next attempt in 30 s")
        os.kill(ward.pid("control"), signal.SIGKILL)
        ward.until_up()
        for _ in range(2):
            ward.types("")
        ward.sees("Account:")
        ward.types("li")
        ward.sees("PIN:")
        ward.types(PIN)
        ward.sees("Too many attempts failed")


def test_control_that_is_restarted_ends_the_sign_in_and_not_the_console() -> None:
    with manned() as ward:
        ward.founds()
        pid = ward.pid("console front")
        os.kill(ward.pid("control"), signal.SIGKILL)
        ward.until_up()
        ward.types("status")
        ward.sees("Account:")
        ward.signs_in(asked=True)
        ward.runs("about", shows="Public key")
        assert ward.pid("console front") == pid
