"""Room rule: what a scan is told: everything is gathered here, and nothing is judged."""

from collections.abc import Sequence
from dataclasses import replace

from agent.control import holding
from agent.control.organs import Loop, Organs
from agent.core.keyring import joined
from agent.core.model import Command, Contacts, Health, Moment
from agent.core.state import Seen
from agent.health import Around, Link
from agent.ports import Inputs, RelayGone

COMMANDS_PER_SCAN_MAX = 8


def see(organs: Organs, loop: Loop) -> Seen:
    """Gather. The relay is asked before the meters: reading them takes most of the period.

    A scan's moment is when it began. Were it taken when the meters had been read, a process that
    stood still meanwhile would date an old total as new, and the water of that time would then
    seem to come in one second.
    """
    moment = organs.clock.now()
    failing = loop.writer.failing is not None
    commands: Sequence[Command] = () if failing else organs.desk.take(COMMANDS_PER_SCAN_MAX)
    try:
        relay_permitted: bool | None = organs.relay.position().permitted
    except RelayGone:
        relay_permitted = None
    process, was = organs.relay.process_id(), loop.relay_process
    if process is not None:
        loop.relay_process = process
    held = holding.held(organs.desk)  # beside those that this scan judges
    readings = organs.meters.read(moment)
    started = loop.started
    return Seen(
        moment=moment,
        readings=readings,
        commands=tuple(commands),
        relay_permitted=relay_permitted,
        journal_failing=failing,
        journal_written=loop.committed.since_start,
        started=started and replace(started, relay_permitted=relay_permitted is True),
        rebuilt=loop.rebuilt,
        contacts=_contacts(organs.inputs),
        turned_away=() if failing else organs.desk.turned_away(),
        keys=joined(organs.keys, organs.book.keys()),
        uplink_stale=not all(one.reported.connected for one in organs.desk.uplinks().values()),
        health=_health(organs, moment),
        relay_restarted=None not in (process, was) and process != was,
        held=held,
    )


def _health(organs: Organs, moment: Moment) -> Health | None:
    """What is to be written down of the station's own body, if it is time."""
    if organs.health is None or not organs.health.judges(moment):
        return None
    links = {
        name: Link(one.reported.began_ms, one.reported.wire_bytes)
        for name, one in organs.desk.uplinks().items()
    }
    unsealed = organs.upkeep is not None and organs.upkeep.unsealed
    around = Around(organs.meters.counters(), links, organs.relay.process_id(), unsealed)
    return organs.health.due(moment, around)


def _contacts(inputs: Inputs | None) -> Contacts:
    """Each declared contact as the core knows it; None for one that cannot be read.

    A bypass or a door without a contact is closed off: what its contact had told before somebody
    took it out of the settings does not stand for ever.
    """
    active = {} if inputs is None else inputs.read()
    return Contacts(
        bypass_closed=active.get("bypass", False),
        door_open=active.get("door", False),
        mains_present=active.get("mains"),
        contactor_closed=active.get("contactor"),
    )
