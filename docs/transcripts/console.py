"""Room rule: sits at a real station's console and writes down what was on the line.

    python docs/transcripts/console.py

The station is the whole of it (relay, control and console as processes, a simulated pump house on
the bus); the terminal is pexpect on a pty, which knows nothing of ours, and once the real picocom
over a pair of ptys, with an emulator before it. Writes docs/transcripts/console-*.md.
"""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from io import BytesIO
from pathlib import Path

import pexpect
import pyte

from agent.demo.actor import Panel
from tests.shell.console.test_commissioning import answers, begins, commissions
from tests.shell.console.ward import PIN, WAIT_S, Ward
from tests.terminals import Emulator

FOLDER = Path(__file__).parent
# A character at 9600 baud is ten bits.
OCTETS_PER_S = 960
ROWS = 3_000
# Drawn again at each look: a tall one answers the console too late.
PICOCOM_ROWS = 100
PLAN_L = 300
# As long as the folder that it stands for: the line breaks where it broke.
NOWHERE = b"/srv/stations/1"


class Sitting:
    """One technician at the cable, and a log of what he saw."""

    def __init__(self, ward: Ward) -> None:
        self.ward = ward
        self.log = BytesIO()
        self.ward.line.logfile_read = self.log
        self._from = 0

    def again(self) -> None:
        """The cable is another one."""
        self.ward.line.logfile_read = self.log

    def does(self, *lines: str) -> None:
        """Each line, and everything up to the next prompt."""
        for line in lines:
            self.ward.types(line)
            self.ward.sees("well# ")

    def told(self) -> str:
        """What was on the line since the last time, as a terminal draws it."""
        octets = self.log.getvalue()
        new, self._from = octets[self._from :], len(octets)
        return drawn(new.replace(os.fsencode(self.ward.folder), NOWHERE))


def drawn(octets: bytes) -> str:
    screen = pyte.Screen(80, ROWS)
    pyte.ByteStream(screen).feed(octets)
    rows = [row.rstrip() for row in screen.display[: screen.cursor.y + 1]]
    return "\n".join(rows).strip("\n")


@contextmanager
def seated(language: str, terminal: str = "dumb", baud: int = 115_200) -> Iterator[Sitting]:
    ward = Ward(Path(tempfile.mkdtemp(prefix="wk")), terminal, language)
    text = ward.config.read_text("utf-8").replace("baud = 115200", f"baud = {baud}")
    ward.config.write_text(text, "utf-8")
    try:
        ward.begin()
        sitting = Sitting(ward)
        try:
            yield sitting
        except pexpect.TIMEOUT:
            raise SystemExit(f"it stopped here:\n{sitting.told()}") from None
    finally:
        ward.end()


def commissioned(sitting: Sitting, plan: str) -> None:
    """By the single commands, as somebody does who knows them."""
    ward = sitting.ward
    ward.founds()
    for line, *rest in (
        ("meter fit flow F-1 1m3 cert-1", "0L", "well"),
        ("meter fit power P-1 0kWh cert-2", "well"),
        (f"allocation set 2026 {plan} plan-7", "well"),
    ):
        ward.types(line)
        for answer in rest:
            ward.sees(": " if answer == "0L" else "well ?")
            ward.types(answer)
        ward.sees("well# ")


# --- the sittings --------------------------------------------------------------------------------


def chinese() -> Iterator[tuple[str, str, str]]:
    """First start, commissioning, allocation: one morning at one well."""
    with seated("zh") as sitting, closing(Panel(sitting.ward.folder / "panel.sock")) as panel:
        begins(sitting.ward)
        yield "first-start", "First start: the first supervisor is made (首次启动)", sitting.told()
        commissions(sitting.ward, panel)
        sitting.does("status")
        yield (
            "commissioning",
            "From nothing to the first permit, wet test and signature (调试)",
            sitting.told(),
        )
        ward = sitting.ward
        sitting.does("allocation show")
        ward.types("allocation add 2026 0.6万m³ 水资〔2026〕9号")
        answers(ward, ("well ?", "well"))
        ward.sees("well# ")
        yield "allocation", "An addition is entered (追加指标)", sitting.told()


def exhausted() -> Iterator[tuple[str, str, str]]:
    with seated("en") as sitting, closing(Panel(sitting.ward.folder / "panel.sock")) as panel:
        ward = sitting.ward
        commissioned(sitting, f"{PLAN_L}L")
        sitting.told()
        panel.ask("start")
        for _ in range(120):
            ward.types("status")
            if "exhausted" in ward.sees("well# "):
                break
            time.sleep(1)
        sitting.told()
        sitting.does("status", "alarms")
        ward.types("allocation add 2026 2m3 letter-9")
        answers(ward, ("well ?", "well"))
        ward.sees("well# ")
        time.sleep(5)  # the motor's minimum off time
        sitting.does("status")
        panel.ask("start")
        time.sleep(3)
        sitting.does("status")
        yield (
            "exhausted",
            "A well whose allocation is used up: explained, and topped up",
            sitting.told(),
        )


def lockout() -> Iterator[tuple[str, str, str]]:
    with seated("en") as sitting:
        ward = sitting.ward
        ward.founds()
        ward.types("exit")
        sitting.told()
        for account in ("li", "li", "nobody", "li", "li", "li"):
            answers(ward, ("Account:", account), ("PIN:", "not-the-pin"))
        answers(ward, ("Account:", "li"), ("PIN:", PIN))
        ward.sees("Account:")
        yield "lockout", "Wrong PINs: the right one waits, too", sitting.told()


def pulled() -> Iterator[tuple[str, str, str]]:
    with seated("en") as sitting:
        ward = sitting.ward
        commissioned(sitting, "500m3")
        sitting.told()
        ward.types("allocation add 2026 600m3 letter-9")
        ward.sees("well ?")
        ward.line.send(b"we")
        time.sleep(0.5)
        ward.pull()
        before = sitting.told()
        time.sleep(3)
        ward.plug()
        sitting.again()
        answers(ward, ("Account:", "li"), ("PIN:", PIN))
        ward.sees("well# ")
        sitting.does("allocation show")
        yield (
            "cable-pulled",
            "The cable is pulled at the confirmation: nothing was changed, nobody stays signed in",
            f"{before}\n\n~~~ the cable is pulled, and put back ~~~\n\n{sitting.told()}",
        )


def slow() -> Iterator[tuple[str, str, str]]:
    """9600 baud: a pty has no speed, so the reader has."""
    for language in ("en", "zh"):
        with seated(language, "ansi", 9_600) as sitting:
            if language == "zh":
                begins(sitting.ward)
            else:
                sitting.ward.founds()
            sitting.told()
            told = []
            for command, ends in (("status", b"well# "), ("watch", _WATCHED[language])):
                octets, lasted_s = _paced(sitting.ward, command, ends)
                told.append(f"{command}: {len(octets)} octets, {lasted_s:.2f} s at 9600 baud")
                told.append(drawn(octets))
            yield f"9600-{language}", f"At 9600 baud, {language}", "\n\n".join(told)


_WATCHED = {"en": b"any key ends it", "zh": "按任意键返回".encode()}


def _paced(ward: Ward, command: str, ends: bytes) -> tuple[bytes, float]:
    """Take no more than the wire would carry; from Enter to the last octet."""
    began_s = time.perf_counter()
    ward.types(command)
    taken = b""
    while ends not in taken:
        due_s = began_s + len(taken) / OCTETS_PER_S
        time.sleep(max(0.0, due_s - time.perf_counter()))
        taken += os.read(ward.master, 96)
    return taken, max(time.perf_counter() - began_s, len(taken) / OCTETS_PER_S)


def picocom() -> Iterator[tuple[str, str, str]]:
    """The real program, an ANSI emulator before it, the console's auto-detection at work."""
    ward = Ward(Path(tempfile.mkdtemp(prefix="wk")), "auto", "zh")
    ours, theirs = ward.folder / "console.tty", ward.folder / "cable"
    ward.plug = lambda: None  # type: ignore[method-assign]  # the pair is the cable
    pair = subprocess.Popen(
        ["socat", f"pty,raw,echo=0,link={ours}", f"pty,raw,echo=0,link={theirs}"]
    )
    try:
        for _ in range(100):
            if theirs.exists() and ours.exists():
                break
            time.sleep(0.05)
        child = pexpect.spawn(
            "picocom", ["--baud", "115200", "--nolock", str(theirs)], timeout=WAIT_S,
            dimensions=(24, 80),
        )  # fmt: skip
        ward.begin()
        emulator = Emulator(80, PICOCOM_ROWS)

        def sees(text: str) -> None:
            ends_s = time.perf_counter() + WAIT_S
            while not any(text in row for row in emulator.rows()):
                if time.perf_counter() > ends_s:
                    raise SystemExit(f"{text} did not come: {emulator.rows()[:40]}")
                try:
                    answer = emulator.feed(child.read_nonblocking(4096, 1))
                except pexpect.TIMEOUT:
                    continue
                if answer:
                    child.send(answer)

        for question, answer in (
            ("主管账号名", "li\r"), ("新密码（", f"{PIN}\r"), ("再输一次", f"{PIN}\r"),
            ("well#", "relay stop 井房检修，请勿启动"), ("请勿启动", "\x17更换压力表\r"),
            ("已生效", "alarms\r"), ("现场停泵", "exit\r"), ("已退出", "\x01\x18"),
        ):  # fmt: skip
            sees(question)
            child.send(answer.encode())
        child.expect(pexpect.EOF)
        emulator.feed(child.before or b"")
        shown = "\n".join(emulator.rows()).strip("\n")
        shown = shown.replace(str(ward.folder), NOWHERE.decode())
        yield "picocom", "The real picocom, an ANSI terminal, Chinese edited on the line", shown
    finally:
        child.close(force=True)
        ward.end()
        pair.terminate()
        pair.wait()


SITTINGS: tuple[Callable[[], Iterator[tuple[str, str, str]]], ...] = (
    chinese, exhausted, lockout, pulled, slow, picocom,
)  # fmt: skip


def main() -> None:
    chosen = sys.argv[1:]
    for sitting in SITTINGS:
        if chosen and sitting.__name__ not in chosen:
            continue
        for name, title, text in sitting():
            file = FOLDER / f"console-{name}.md"
            file.write_text(f"# {title}\n\n```\n{text}\n```\n", "utf-8")
            print(file.name)


if __name__ == "__main__":
    main()
