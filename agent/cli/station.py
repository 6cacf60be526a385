"""`wellkeeper run`: every process of one station, as children of this one."""

import argparse
import sys

from agent import words
from agent.cli.options import add_config, language_of, settings_of
from agent.supervisor import Child
from agent.supervisor import run as supervise
from drivers import children
from drivers.host import HostClock, StopRequest


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
    ]
    with StopRequest() as stop:
        return supervise(
            named,
            start=children.start,
            stop=stop,
            clock=HostClock(settings.clock.trusted_when),
            tell=lambda event: print(words.supervision(event, language), flush=True),
        )
