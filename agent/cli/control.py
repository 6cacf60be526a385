"""`wellkeeper control`: the meters, the account and the decision. Opens no network socket."""

import argparse
import sys
from collections.abc import Mapping
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple
from zoneinfo import ZoneInfo

import drivers.offline  # noqa: F401  before anybody loads asyncio
from agent import control, durable, log
from agent.book import Book
from agent.cli import VERSION
from agent.cli.house import House, house_of
from agent.cli.options import add_config, settings_of
from agent.cli.site import keys_of
from agent.control import Beginning, beginning_of
from agent.core.model import Health
from agent.core.state import missing_platforms
from agent.desk.server import Desk
from agent.health import Looking, Watch
from agent.journal import (
    ARCHIVES_MAX,
    Ahead,
    Journal,
    JournalFailed,
    Reader,
    Retention,
    Signer,
    Upkeep,
    begin_epoch,
    has_room,
    is_elsewhere,
    note_place,
)
from agent.lease import Lease
from agent.notary import Notary, NotaryGone
from agent.ports import Inputs
from agent.rows import RowError
from agent.settings import (
    ADMIN,
    Settings,
    console_client,
    desk_socket,
    digest,
    held_file,
    journal_file,
    metrics_file,
    relay_socket,
)
from agent.settings.paths import MODEM_DECLARED
from agent.signing import KeyUnusable
from agent.status import Identity
from drivers.adapter import refuse_taken
from drivers.bus import Buses
from drivers.health import HostLooks
from drivers.host import HostClock, StopRequest, SystemdWatchdog
from drivers.journald import Journald
from drivers.metrics import MetricsFile


def add_options(parser: argparse.ArgumentParser) -> None:
    add_config(parser)


def run(options: argparse.Namespace) -> int:
    settings, sha256 = settings_of(options), digest(options.config)
    house = house_of(settings, options.config)
    station = settings.station
    durable.folder(station.state_dir, "station.state_dir")
    durable.folder(station.run_dir, "station.run_dir")
    for bus in house.buses:
        refuse_taken(bus.port)
    clock = HostClock(settings.clock.trusted_when)
    inputs = _inputs(settings)
    with StopRequest() as stop:
        notary = _notary(station.state_dir, station.language)
        declared = options.config.resolve().parent / MODEM_DECLARED
        host = HostLooks(station.state_dir, declared)
        metrics = MetricsFile(metrics_file(settings), station.id)
        looking = Looking(host, metrics.write)
        told = Journald({"station": station.id})
        parts = _Parts(settings, sha256, house, clock, inputs, notary, stop, looking, told)
        while (anew := _epoch(parts)) is not None:
            _begin_anew(parts, anew)
        notary.close()
        looking.close()
        told.close()
        if inputs is not None:
            inputs.close()
    return 0


@dataclass(frozen=True, slots=True)
class _Parts:
    """What outlives an epoch."""

    settings: Settings
    settings_sha256: str
    house: House
    clock: HostClock
    inputs: Inputs | None
    notary: Notary
    stop: StopRequest
    looking: Looking
    log: Journald


class _Anew(NamedTuple):
    """Why another epoch is necessary, and to whom what was not read is owed.

    `cursors` are those with which control began: a journal is exchanged while it is down.
    """

    ahead: Ahead
    uplinks: tuple[str, ...]
    cursors: Mapping[str, int]


def _epoch(parts: _Parts) -> _Anew | None:
    """Control on one journal; what is returned makes another epoch necessary."""
    settings, house, clock = parts.settings, parts.house, parts.clock
    station, kept = settings.station, settings.journal
    journal = Journal.open(journal_file(settings))
    if (copied := _copied(parts, journal_file(settings), journal)) is not None:
        owed = _owed(parts, journal)
        journal.close()
        return _Anew(copied, owed, journal.cursors())
    cursors = journal.cursors()
    retention = Retention(kept.samples_days, kept.events_days, kept.megabytes_max * 1_000_000)
    meters = Buses(house.buses, house.instruments, house.bus_budget_ms, clock.monotonic_ms)
    desk = _desk(parts, journal)
    ahead = control.run(
        control.Organs(
            clock=clock,
            meters=meters,
            relay=Lease(relay_socket(settings)),
            watchdog=SystemdWatchdog(),
            journal=journal,
            desk=desk,
            book=Book(journal.book()),
            inputs=parts.inputs,
            keys=keys_of(settings),
            upkeep=Upkeep(journal, retention, _signer(parts.notary)),
            health=_watch(parts, journal),
            log=parts.log,
            held_file=held_file(settings),
        ),
        house.site,
        Identity(
            station.id,
            station.name,
            VERSION,
            journal.epoch,
            settings.relay.energise,
            parts.notary.public,
            station.language,
            house.site,
            parts.settings_sha256,
        ),
        _beginning(journal),
        parts.stop,
    )
    desk.close()
    meters.close()
    with suppress(JournalFailed):  # the note from the beginning is as true, and tells less
        note_place(journal_file(settings), journal)
    owed = () if ahead is None else _owed(parts, journal)
    journal.close()
    return None if ahead is None else _Anew(ahead, owed, cursors)


def _owed(parts: _Parts, journal: Journal) -> tuple[str, ...]:
    """Every platform that is declared, and every one that is missing until somebody says why."""
    declared = (platform.name for platform in parts.settings.platform)
    return (*declared, *missing_platforms(parts.house.site, beginning_of(journal).state))


def _desk(parts: _Parts, journal: Journal) -> Desk:
    """A socket for each declared client, and the admin's."""
    settings = parts.settings
    consoles = [console_client(console.name) for console in settings.console]
    clients = [platform.name for platform in settings.platform] + consoles
    return Desk(
        {name: desk_socket(settings, name) for name in (ADMIN, *clients)},
        journal_file(settings),
        station=settings.station.id,
        version=VERSION,
        cursors=journal.cursors(),
        buses=[bus.name for bus in parts.house.buses],
        consoles=consoles,
        proves=parts.notary,
        language=settings.station.language,
    )


def _begin_anew(parts: _Parts, anew: _Anew) -> None:
    """The one record that no scan writes: the host's log hears of it here."""
    now, file, watchdog = parts.clock.now(), journal_file(parts.settings), SystemdWatchdog()

    def alive() -> None:
        if not parts.stop.requested():  # else the service manager's patience is what it is
            watchdog.busy()

    began = begin_epoch(
        file,
        anew.ahead,
        now.utc_ms,
        trusted=now.trusted,
        uplinks=anew.uplinks,
        alive=alive,
        cursors=anew.cursors,
    )
    watchdog.close()
    for line in log.lines([began], parts.settings.station.language):
        parts.log.say(line.priority, line.words, line.facts)


def _copied(parts: _Parts, path: Path, journal: Journal) -> Ahead | None:
    """A backup that was put back counts anew: what was written since it was made is unknown."""
    if not is_elsewhere(path, journal):
        note_place(path, journal)
        return None
    with closing(Reader(path)) as reader:
        if has_room(reader):
            return Ahead("", journal.head.number)
    line = log.archives_line(path.parent, ARCHIVES_MAX, parts.settings.station.language)
    parts.log.say(line.priority, line.words, line.facts)
    return None


def _notary(folder: Path, language: str) -> Notary:
    """A key that cannot be used signs no seal, and is no reason for a pump to stand still."""
    notary = Notary(folder)
    if notary.unusable is not None:
        print(notary.unusable.said(language), file=sys.stderr)
    return notary


def _signer(notary: Notary) -> Signer:
    return Signer(lambda: notary.public, notary.begin_signing, (NotaryGone, KeyUnusable))


def _watch(parts: _Parts, journal: Journal) -> Watch:
    return Watch(parts.looking, VERSION, ZoneInfo(parts.settings.station.zone), _last(journal))


def _last(journal: Journal) -> Health | None:
    """The newest health record, where the counts go on from.

    One that a newer version wrote, before it was rolled back, tells nothing: they begin again.
    """
    try:
        newest = journal.newest("health")
    except RowError:
        return None
    last = None if newest is None else newest[2]
    assert last is None or isinstance(last, Health), "the kind is the class's"
    return last


def _inputs(settings: Settings) -> Inputs | None:
    """gpiozero costs 13 MB: it is loaded where a contact is declared."""
    if not settings.input:
        return None
    from drivers.inputs import GpioInputs, InputConfig

    return GpioInputs(
        [
            InputConfig(one.name, one.line, one.active_high, one.pull, one.chip)
            for one in settings.input
        ]
    )


def _beginning(journal: Journal) -> Beginning:
    begun = beginning_of(journal)
    if begun.rebuilt is not None:
        why = begun.rebuilt.reason
        print(f"the ledger's checkpoint is not used, its entries are: {why}", file=sys.stderr)
    return begun
