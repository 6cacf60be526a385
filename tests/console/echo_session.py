"""A session that only repeats what it was told, on a real tty: `python echo_session.py PORT`.

It ends when the line hangs up, and says so on stderr.
"""

import sys
from pathlib import Path

from agent.console.terminal import HungUp, Terminal
from agent.ports import NotThere
from drivers.host import HostClock
from drivers.line import LineConfig, SerialPort

clock = HostClock("always")
line = SerialPort(LineConfig(Path(sys.argv[1]), baud=115_200), clock.monotonic_ms).open(5_000)
assert not isinstance(line, NotThere), line
terminal = Terminal(line, clock, "en")
terminal.probe()
while not isinstance(
    answer := terminal.ask(
        "> ", complete=lambda *_: ["status", "sessions"], help=lambda *_: ["help"], remember=True
    ),
    HungUp,
):
    terminal.say(f"got {answer}")
line.close()
print(answer, file=sys.stderr)
