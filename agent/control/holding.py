"""Room rule: stops that hold although they cannot be written down. Judges none: the scan does.

Cutting waits for no disk. While the journal takes nothing, a stop that the scan would obey holds
from that scan on; it stays in its place at the desk, and is written down like every order as soon
as that can be. A file beside the desk's sockets, in memory, brings it over a restart of control.
"""

import json
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from agent import durable, rows
from agent.catalogue import Told
from agent.control.organs import Loop, Organs
from agent.core.model import Command, Site, Verdict
from agent.core.scan import scan
from agent.core.state import Seen
from agent.desk.server import Desk

KEPT_MODE = 0o600


class HeldUnreadable(Told):
    """Stops may hold that nobody can name: the pump stays cut until somebody has looked."""


def obeyed(organs: Organs, site: Site, loop: Loop, seen: Seen) -> tuple[Verdict, ...]:
    """The stops at the desk that hold from now on. Not written: whoever asked is told so."""
    waiting = tuple(one for one in organs.desk.stops() if not one.held)
    if not waiting:
        return ()
    tried = scan(site, loop.state, replace(seen, commands=waiting, journal_failing=False))
    good = tuple(one for one in tried.verdicts if one.refusal is None)
    names = {(one.origin, one.actor, one.command_id) for one in good}
    organs.desk.hold([one for one in waiting if (one.origin, one.actor, one.id) in names])
    return good


def held(desk: Desk) -> tuple[Command, ...]:
    return tuple(one for one in desk.stops() if one.held)


def keep(organs: Organs, loop: Loop) -> None:
    """Over a restart of control, where the host gives it memory; else as long as control lives.

    What the host's memory does not take is tried again by the next scan.
    """
    now = held(organs.desk)
    if organs.held_file is None or now == loop.held:
        return
    with suppress(OSError):
        if now:
            durable.write(organs.held_file, rows.dumps(rows.to_row(now)).decode(), KEPT_MODE)
        else:
            organs.held_file.unlink(missing_ok=True)
        loop.held = now


def kept(path: Path | None) -> tuple[Command, ...]:
    """Those that were held when control ended."""
    if path is None or not path.exists():
        return ()
    try:
        found = rows.from_row(tuple[Command, ...], json.loads(path.read_text("utf-8")))
    except (OSError, ValueError) as error:
        raise HeldUnreadable("held.unreadable", file=path, raw=error) from error
    assert isinstance(found, tuple), "commands were kept"
    return found
