"""`wellkeeper run`: every process of one station, as children of this one."""

import argparse
import fcntl
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from agent import words
from agent.catalogue import Told
from agent.cli.options import add_config, language_of, settings_of
from agent.supervisor import Child
from agent.supervisor import run as supervise
from drivers import children
from drivers.host import HostClock, StopRequest

LOCK = "run.lock"
PID_BYTES_MAX = 20


class StationTaken(Told):
    """Another `wellkeeper run` holds this folder; says which process."""


def add_options(parser: argparse.ArgumentParser) -> None:
    add_config(parser)


def run(options: argparse.Namespace) -> int:
    settings = settings_of(options)
    language = language_of(options, settings)
    ours = (sys.executable, "-m", "agent.cli")
    config = ("--config", str(options.config), "--language", language)
    # They are stopped in the opposite order: the relay, which holds the pump, goes last.
    named = [
        Child("relay", (*ours, "relay", *config)),
        Child("control", (*ours, "control", *config)),
        *(
            Child(f"uplink {one.name}", (*ours, "uplink", one.name, *config))
            for one in settings.platform
        ),
        *(
            Child(f"console {one.name}", (*ours, "console", one.name, *config))
            for one in settings.console
        ),
    ]
    with _held(settings.station.run_dir), StopRequest() as stop:
        return supervise(
            named,
            start=children.start,
            stop=stop,
            clock=HostClock(settings.clock.trusted_when),
            tell=lambda event: print(words.supervision(event, language), flush=True),
        )


@contextmanager
def _held(folder: Path) -> Iterator[None]:
    """The lock dies with this process, and is not handed to its children."""
    folder.mkdir(parents=True, exist_ok=True)
    lock = os.open(folder / LOCK, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o644)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        pid = os.read(lock, PID_BYTES_MAX).decode("ascii", "replace").strip() or "?"
        os.close(lock)
        raise StationTaken("station.taken", folder=folder, pid=pid) from error
    os.ftruncate(lock, 0)
    os.pwrite(lock, b"%d\n" % os.getpid(), 0)
    try:
        yield
    finally:
        os.close(lock)
