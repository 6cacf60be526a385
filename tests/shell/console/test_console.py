"""The console as a technician has it: a real pty, a real station, a terminal that is not ours."""

import subprocess
import sys

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
