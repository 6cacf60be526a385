"""Room rule: who sits at the other end of a console's cable. Knows the words to wait for, no more.

    technician.py PORT < DIALOGUE        a JSON list of [what is waited for, what is typed]

Puts a pty of udev's group and mode where the port stands, lets the kernel say that the port has
appeared, types, and prints what the terminal showed. Who starts a console then is udev's affair.
"""

import json
import os
import select
import shutil
import subprocess
import sys
import time
from pathlib import Path

WITHIN_S = 60.0


def main(port: Path, dialogue: list[tuple[str, str]]) -> None:
    master, slave = os.openpty()
    tty = Path(os.ttyname(slave))
    shutil.chown(tty, group="dialout")
    tty.chmod(0o660)
    port.unlink(missing_ok=True)
    port.symlink_to(tty)
    device = f"/sys/class/tty/{port.name}"
    subprocess.run(["udevadm", "trigger", "--action=add", device], check=True)
    seen = b""
    for awaited, typed in dialogue:
        seen += until(master, awaited.encode())
        os.write(master, typed.encode() + b"\r")
    seen += until(master, b"Signed out.")
    print(seen.decode("utf-8", "replace").replace("\r", ""))


def until(master: int, awaited: bytes) -> bytes:
    """All that is shown, up to what was awaited."""
    seen = b""
    ends = time.perf_counter() + WITHIN_S
    while awaited not in seen:
        left = max(0.0, ends - time.perf_counter())
        if not select.select([master], [], [], left)[0]:
            sys.exit(f"{awaited!r} was not shown; at last {seen[-300:]!r}")
        seen += os.read(master, 4096)
    return seen


if __name__ == "__main__":
    main(Path(sys.argv[1]), json.load(sys.stdin))
