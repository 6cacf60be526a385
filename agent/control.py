"""Room rule: the scan loop, and the order in which a scan's outcome is applied. Decides nothing.

One thread, plain synchronous code, like the scan cycle of a PLC:

    1  cut first, record after: cutting never waits for a disk
    2  record first, permit after: a permit that could not be written down is not given
    3  pet the watchdog last, and only after a completed scan

Only entries, verdicts and the edge from cut to permit wait for the disk. A scan that has to wait
and could not be written is thrown away and done again without its commands, which stay in the
desk's inbox.
"""

import select
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from agent import log, rows
from agent.book import Book
from agent.core.keyring import joined
from agent.core.model import (
    AccountChange,
    AccountChanged,
    Command,
    Contacts,
    Fault,
    FitMeter,
    Health,
    KeyAdded,
    KeyRevoked,
    Moment,
    PlatformKey,
    Rebuilt,
    RelayMoved,
    SetupNoted,
    Site,
    Started,
)
from agent.core.scan import Outcome, scan
from agent.core.spent import of_epoch
from agent.core.state import Seen, State
from agent.desk.server import Desk
from agent.health import Around as HealthAround
from agent.health import Link, Watch
from agent.journal import (
    Ahead,
    Head,
    Journal,
    Now,
    Stamped,
    Transaction,
    Upkeep,
    Writer,
)
from agent.ports import Clock, Inputs, Log, Meters, Relay, RelayGone, Watchdog
from agent.status import Around, Identity, picture, revision

COMMANDS_PER_SCAN_MAX = 8
# What a technician asks of the bus ends so long before the next scan is due.
INQUIRY_MARGIN_MS = 20
# Cursors that moved are written at the latest after so long, when nothing else is written.
CURSORS_KEPT_MS = 60_000


class Stop(Protocol):
    """Becomes readable when control is to end."""

    def fileno(self) -> int: ...


@dataclass(frozen=True, slots=True)
class Organs:
    """What control owns. All of it lives and dies with this process, but the relay's lease."""

    clock: Clock
    meters: Meters
    relay: Relay
    watchdog: Watchdog
    journal: Journal
    desk: Desk
    book: Book
    inputs: Inputs | None = None
    upkeep: Upkeep | None = None
    keys: tuple[PlatformKey, ...] = ()  # of platforms, as the settings name them
    health: Watch | None = None
    log: Log | None = None


class _Committed:
    """The journal's head as last made durable; told by the writer's thread."""

    def __init__(self, head: Head, desk: Desk) -> None:
        self.head = head
        self.since_start = False
        self._desk = desk

    def __call__(self, head: Head) -> None:
        self.head = head
        self.since_start = True
        self._desk.committed(head)


@dataclass(slots=True)
class _Loop:
    """What one turn of the loop leaves to the next."""

    state: State
    started: Started | None
    rebuilt: Rebuilt | None
    writer: Writer
    committed: _Committed
    handed_over_ms: int


@dataclass(frozen=True, slots=True)
class Beginning:
    """Where control goes on from; `rebuilt` when the last checkpoint was of no use."""

    state: State
    rebuilt: Rebuilt | None = None


def run(
    organs: Organs, site: Site, identity: Identity, beginning: Beginning, stop: Stop
) -> Ahead | None:
    """Scan until `stop` becomes readable. The relay keeps its lease: a restart stops no pump.

    It also ends when a platform holds more than this journal; that is then returned.
    """
    committed = _Committed(organs.journal.head, organs.desk)
    writer = Writer(organs.journal, committed, organs.upkeep)
    boot = organs.clock.now().boot
    due_ms = organs.clock.monotonic_ms()
    started = Started(identity.version, boot, relay_permitted=False)
    known = organs.book.known()
    _tell_desk(organs)
    # The book's word is the last: a state that was made again from entries knows nobody.
    people = replace(
        beginning.state.people,
        accounts=tuple(account for account, _ in known.values()),
        setup=organs.book.setup(),
    )
    spent = of_epoch(beginning.state.spent, identity.epoch)
    state = replace(beginning.state, people=people, spent=spent)
    loop = _Loop(state, started, beginning.rebuilt, writer, committed, due_ms)
    while True:
        _turn(organs, site, identity, loop)
        organs.watchdog.ready()
        organs.watchdog.pet()
        now_ms = organs.clock.monotonic_ms()
        # A scan that came late is not made up for: the next one is due a period later, or now.
        due_ms = max(due_ms + site.period_ms, now_ms)
        _answer_inquiries(organs, due_ms)
        rest_ms = max(0, due_ms - organs.clock.monotonic_ms())
        ahead = organs.desk.ahead()
        if select.select([stop], [], [], rest_ms / 1000)[0] or ahead is not None:
            break
    writer.submit(_transaction(organs, loop.state, ()))
    writer.close()
    return ahead


def _turn(organs: Organs, site: Site, identity: Identity, loop: _Loop) -> None:
    """One scan, from the meters to the picture."""
    seen = _see(organs, loop)
    outcome = scan(site, loop.state, seen)
    _cut_if_told(organs.relay, outcome)
    if outcome.durable and not _commit(organs, loop, outcome):
        organs.desk.put_back(seen.commands)
        organs.desk.turn_back(seen.turned_away)
        seen = replace(seen, commands=(), turned_away=(), journal_failing=True)
        outcome = scan(site, loop.state, seen)
        assert not outcome.durable, "a scan that may enter nothing needs no disk"
        _cut_if_told(organs.relay, outcome)
    if not outcome.durable:
        _submit(organs, loop, outcome)
    if outcome.decision.permit:
        _permit(organs, outcome)
    loop.state = outcome.state
    loop.started = loop.rebuilt = None
    organs.desk.answer(outcome.verdicts)
    _publish(organs, identity, loop, outcome, seen)
    if organs.log is not None and organs.log.heard:
        for line in log.lines(outcome.bodies, identity.language):
            organs.log.say(line.priority, line.words, line.facts)
    passed = min(organs.desk.cursors().values(), default=loop.committed.head.number)
    loop.writer.tend(Now(outcome.moment.utc_ms, outcome.moment.trusted, passed))


def _see(organs: Organs, loop: _Loop) -> Seen:
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
    )


def _health(organs: Organs, moment: Moment) -> Health | None:
    """What is to be written down of the station's own body, if it is time."""
    if organs.health is None or not organs.health.judges(moment):
        return None
    links = {
        name: Link(one.reported.began_ms, one.reported.wire_bytes)
        for name, one in organs.desk.uplinks().items()
    }
    around = HealthAround(organs.meters.counters(), links, organs.relay.process_id())
    return organs.health.due(moment, around)


def _contacts(inputs: Inputs | None) -> Contacts:
    """Each declared contact as the core knows it; None for one that is not wired."""
    active = {} if inputs is None else inputs.read()
    return Contacts(
        bypass_closed=active.get("bypass"),
        door_open=active.get("door"),
        mains_present=active.get("mains"),
        contactor_closed=active.get("contactor"),
    )


def _answer_inquiries(organs: Organs, due_ms: int) -> None:
    """Spend what is left of the period on a technician's questions; the next scan is on time."""
    while (question := organs.desk.inquiry()) is not None:
        left_ms = due_ms - INQUIRY_MARGIN_MS - organs.clock.monotonic_ms()
        finding = organs.meters.inquire(question, left_ms)
        if finding.fault is Fault.NOT_READ:
            return  # no room for it now; it stays the first
        organs.desk.found(question, finding)


def _cut_if_told(relay: Relay, outcome: Outcome) -> None:
    """Every scan that does not permit cuts: the level is commanded, not the edge."""
    if outcome.decision.permit:
        return
    try:
        relay.cut()
    except RelayGone:
        return  # a relay process that is gone holds no lease; the next scan says it is silent


def _permit(organs: Organs, outcome: Outcome) -> None:
    """Begin a permission if this scan wrote down that it begins; else go on with it.

    A process that stood still meanwhile may find that its lease has lapsed: then there is nothing
    to go on with, and the next scan says so. A lease counts from the moment that was judged.
    """
    waited_ms = organs.clock.monotonic_ms() - outcome.moment.monotonic_ms
    lease_ms = outcome.decision.lease_ms - waited_ms
    begins = any(isinstance(one, RelayMoved) and one.permitted for one in outcome.bodies)
    try:
        if lease_ms > 0:
            (organs.relay.permit if begins else organs.relay.renew)(lease_ms)
    except RelayGone:
        return  # as above


def _commit(organs: Organs, loop: _Loop, outcome: Outcome) -> bool:
    """Make a scan durable before anything of it is applied."""
    for body in outcome.bodies:
        if isinstance(body, FitMeter):
            organs.book.fit_instrument(body.role, body.serial, body.document, outcome.moment.utc_ms)
        if isinstance(body, AccountChanged):
            new_pin = body.change in (AccountChange.OPENED, AccountChange.PIN_CHANGED)
            verifier = organs.desk.verifier(body.pin_id) if new_pin else None
            organs.book.change_account(body, verifier)
        if isinstance(body, SetupNoted):
            organs.book.note_step(body, outcome.moment.utc_ms)
        if isinstance(body, KeyAdded | KeyRevoked):
            _change_key(organs, body, outcome.moment.utc_ms)
    transaction = _transaction(organs, outcome.state, _stamped(outcome))
    pending = organs.book.pending()
    if loop.writer.commit(replace(transaction, book=pending)):
        if pending is not None:
            organs.book.committed()
            _tell_desk(organs)
        loop.handed_over_ms = organs.clock.monotonic_ms()
        return True
    organs.book.rolled_back()
    return False


def _change_key(organs: Organs, changed: KeyAdded | KeyRevoked, at_utc_ms: int) -> None:
    if isinstance(changed, KeyAdded):
        public = changed.public_key
    else:
        known = joined(organs.keys, organs.book.keys())
        public = next(one.public for one in known if one.kid == changed.kid)
    organs.book.change_key(changed, public, at_utc_ms)


def _tell_desk(organs: Organs) -> None:
    """Who may sign in, and whose signatures count."""
    organs.desk.know(organs.book.known())
    organs.desk.know_keys(joined(organs.keys, organs.book.keys()))


def _submit(organs: Organs, loop: _Loop, outcome: Outcome) -> None:
    """Hand over what may be written a little later; nothing at all if there is nothing to say."""
    now_ms = organs.clock.monotonic_ms()
    if outcome.bodies or now_ms - loop.handed_over_ms >= CURSORS_KEPT_MS:
        loop.writer.submit(_transaction(organs, outcome.state, _stamped(outcome)))
        loop.handed_over_ms = now_ms


def _publish(organs: Organs, identity: Identity, loop: _Loop, outcome: Outcome, seen: Seen) -> None:
    around = Around(
        head=(loop.committed.head.number, loop.committed.head.hash.hex()),
        journal_failing=loop.writer.failing,
        relay_permitted=seen.relay_permitted,
        uplinks=organs.desk.uplinks(),
        instruments=organs.book.instruments(),
        keys=seen.keys,
        buses=organs.meters.standings(),
        counters=organs.meters.counters(),
        inputs={} if organs.inputs is None else organs.inputs.read(),
        health=None if organs.health is None else organs.health.latest,
    )
    state = picture(identity, outcome, around)
    organs.desk.publish(state, revision(outcome))
    if organs.health is not None:
        organs.health.show(state)


def _stamped(outcome: Outcome) -> tuple[Stamped, ...]:
    moment = outcome.moment
    return tuple(Stamped(moment.utc_ms, moment.trusted, body) for body in outcome.bodies)


def _transaction(organs: Organs, state: State, bodies: Sequence[Stamped]) -> Transaction:
    return Transaction(
        bodies=bodies,
        state=rows.dumps(rows.to_row(state)),
        cursors=organs.desk.cursors(),
        parked=organs.desk.parked(),
    )
