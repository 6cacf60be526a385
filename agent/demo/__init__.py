"""Room rule: `wellkeeper demo`: the station as its user has it, on a simulated pump house.

It reaches the station only by what a user has: its commands, the administrator's desk socket, the
owner's panel, and what the two brokers deliver. `story` says what happens, `house` holds the
processes, `actor` plays on it, `picture` shows it, `verdict` judges it; only `command` knows all.
"""

from agent.demo.command import add_options, run

__all__ = ["add_options", "run"]
