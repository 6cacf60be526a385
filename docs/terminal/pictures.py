"""The console's screens as a terminal shows them: docs/terminal/*.png, by `make pictures`.

xterm on a virtual screen, picocom in it, a pty pair for a cable, and a session at the other end
(serve.py). What is typed comes as key presses of the virtual screen. It fails when a picture is
larger than a page should carry, or the session has ended before it.
"""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any

from tests.console.stations import PIN

HERE = Path(__file__).parent
LANGUAGES = ("zh", "en")
# The command, and the key after which its screen is the one to show.
SCREENS = {"status": "", "watch": "", "daily": "space"}
XTERM = (
    "xterm", "-u8", "-geometry", "80x24+0+0", "-b", "14", "-bw", "0", "+sb", "-uc", "+bdc",
    "-fa", "DejaVu Sans Mono", "-fd", "Noto Sans Mono CJK SC", "-fs", "13",
    "-bg", "#16181d", "-fg", "#d8dee4", "-cr", "#7fd1b9", "-xrm", "XTerm*color1: #ff6b68",
    "-xrm", "XTerm*color2: #7fd18b", "-xrm", "XTerm*color3: #f2c55c",
    "-xrm", "XTerm*cjkWidth: false",
)  # fmt: skip
BYTES_MAX = 150_000
SCREEN = "1200x900x24"
# Until a program stands, and until a screen does.
STARTS_S = 3.0
SETTLES_S = 2.0


class Stage:
    """A virtual screen with one xterm on it, whose cable ends at a session."""

    def __init__(self, stack: ExitStack, language: str) -> None:
        self._stack = stack
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="wk")))
        ours, theirs = folder / "console", folder / "cable"
        self._begin(
            "socat", f"pty,raw,echo=0,link={ours}", f"pty,raw,echo=0,link={theirs}", env=os.environ
        )
        self.env = os.environ | {"DISPLAY": self._display(), "LANG": "C.UTF-8", "LC_ALL": "C.UTF-8"}
        _until(lambda: ours.exists() and theirs.exists())
        served = (sys.executable, "-m", "docs.terminal.serve", str(ours), language)
        self._served = self._begin(*served, env=self.env)
        cable = ("picocom", "--quiet", "--baud", "115200", "--nolock", str(theirs))
        self._begin(*XTERM, "-e", *cable, env=self.env)
        time.sleep(STARTS_S)

    def types(self, line: str) -> None:
        self._does("type", "--delay", "20", f"{line}\n")
        time.sleep(SETTLES_S)

    def presses(self, key: str) -> None:
        self._does("key", key)
        time.sleep(SETTLES_S)

    def shoot(self, file: Path) -> None:
        if self._served.poll() is not None:
            raise SystemExit(f"{file.name}: the console's session has ended")
        window = self._does("search", "--class", "xterm").split()[-1]
        subprocess.run(
            ["import", "-window", window, "-depth", "8", "-colors", "64", f"png8:{file}"],
            check=True, env=self.env,
        )  # fmt: skip

    def _does(self, *words: str) -> str:
        return subprocess.run(
            ["xdotool", *words], check=True, env=self.env, stdout=subprocess.PIPE, text=True
        ).stdout

    def _display(self) -> str:
        told, tells = os.pipe()
        argv = ("Xvfb", "-displayfd", str(tells), "-screen", "0", SCREEN, "-nolisten", "tcp")
        self._begin(*argv, env=os.environ, pass_fds=(tells,))
        os.close(tells)
        with os.fdopen(told) as display:
            return f":{display.readline().strip()}"

    def _begin(
        self, *argv: str, env: "os._Environ[str] | dict[str, str]", **more: Any
    ) -> "subprocess.Popen[bytes]":
        process = subprocess.Popen(argv, env=env, stderr=subprocess.DEVNULL, **more)
        self._stack.callback(_end, process)
        return process


def _end(process: "subprocess.Popen[bytes]") -> None:
    process.terminate()
    with suppress(subprocess.TimeoutExpired):
        process.wait(5)
        return
    process.kill()
    process.wait()


def _until(true: Callable[[], bool]) -> None:
    for _ in range(100):
        if true():
            return
        time.sleep(0.05)
    raise SystemExit("the pty pair did not come")


def main() -> None:
    for language in LANGUAGES:
        with ExitStack() as stack:
            stage = Stage(stack, language)
            for line in ("", "wang", PIN):
                stage.types(line)
            for name, key in SCREENS.items():
                stage.presses("ctrl+l")
                stage.types(name)
                if key:
                    stage.presses(key)
                file = HERE / f"{name}.{language}.png"
                stage.shoot(file)
                if file.stat().st_size > BYTES_MAX:
                    raise SystemExit(f"{file.name} has {file.stat().st_size} octets")
                if name == "watch":
                    stage.presses("q")


if __name__ == "__main__":
    main()
