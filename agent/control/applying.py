"""Room rule: what becomes of a scan's outcome: relay, journal, book, log, picture.

The order is the loop's: a permission begins only when the scan that says so is on the disk, and a
cut waits for nothing.
"""

from collections.abc import Sequence
from dataclasses import replace

from agent import log, rows
from agent.control.organs import Loop, Organs
from agent.core.calendar import latest_ms
from agent.core.keyring import joined
from agent.core.model import (
    AccountChange,
    AccountChanged,
    FitMeter,
    KeyAdded,
    KeyRevoked,
    RelayMoved,
    SetupNoted,
)
from agent.core.scan import Outcome
from agent.core.state import Seen, State
from agent.journal import Stamped, Transaction
from agent.ports import Relay, RelayGone
from agent.status import Around, Identity, picture, revision

# Cursors that moved are written at the latest after so long, when nothing else is written.
CURSORS_KEPT_MS = 60_000
# A control that is younger than a minute may be one that dies each minute: what its scans saw of a
# fault must not die with it, or no fault would ever stand long enough to cut.
YOUNG_MS = 60_000
YOUNG_KEPT_MS = 5_000


def cut_if_told(relay: Relay, outcome: Outcome) -> None:
    """Every scan that does not permit cuts: the level is commanded, not the edge."""
    if not outcome.decision.permit:
        cut(relay)


def cut(relay: Relay) -> None:
    try:
        relay.cut()
    except RelayGone:
        return  # a relay process that is gone holds no lease; the next scan says it is silent


def permit(organs: Organs, outcome: Outcome) -> None:
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


def shown(relay: Relay, outcome: Outcome, seen: Seen) -> bool | None:
    """The relay's position for the picture: asked anew where this scan moved it.

    It was looked at before. Whoever is answered would find a permission beside an open relay, which
    is this controller's fault, for as long as a scan lasts.
    """
    if not any(isinstance(one, RelayMoved) for one in outcome.bodies):
        return seen.relay_permitted
    try:
        return relay.position().permitted
    except RelayGone:
        return None


def commit(organs: Organs, loop: Loop, outcome: Outcome) -> bool:
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
    transaction = transaction_of(organs, outcome.state, _stamped(outcome))
    pending = organs.book.pending()
    if loop.writer.commit(replace(transaction, book=pending)):
        if pending is not None:
            organs.book.committed()
            tell_desk(organs)
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


def tell_desk(organs: Organs) -> None:
    """Who may sign in, and whose signatures count."""
    organs.desk.know(organs.book.known())
    organs.desk.know_keys(joined(organs.keys, organs.book.keys()))


def submit(organs: Organs, loop: Loop, outcome: Outcome) -> None:
    """Hand over what may be written a little later; nothing at all if there is nothing to say."""
    now_ms = organs.clock.monotonic_ms()
    kept_ms = YOUNG_KEPT_MS if now_ms - loop.began_ms < YOUNG_MS else CURSORS_KEPT_MS
    if outcome.bodies or now_ms - loop.handed_over_ms >= kept_ms:
        loop.writer.submit(transaction_of(organs, outcome.state, _stamped(outcome)))
        loop.handed_over_ms = now_ms


def publish(organs: Organs, identity: Identity, loop: Loop, outcome: Outcome, seen: Seen) -> None:
    around = Around(
        head=(loop.committed.head.number, loop.committed.head.hash.hex()),
        journal_failing=loop.writer.failing,
        relay_permitted=shown(organs.relay, outcome, seen),
        uplinks=organs.desk.uplinks(),
        instruments=organs.book.instruments(),
        keys=joined(organs.keys, organs.book.keys()),
        buses=organs.meters.standings(),
        counters=organs.meters.counters(),
        inputs={} if organs.inputs is None else organs.inputs.read(),
        health=None if organs.health is None else organs.health.latest,
    )
    state = picture(identity, outcome, around)
    latest_utc_ms = latest_ms(outcome.state.watermark, outcome.moment)
    organs.desk.publish(state, revision(outcome), latest_utc_ms)
    if organs.health is not None:
        organs.health.show(state)


def tell_log(organs: Organs, identity: Identity, outcome: Outcome) -> None:
    """What was written down, in the host's log: a line each."""
    if organs.log is None or not organs.log.heard:
        return
    for line in log.lines(outcome.bodies, identity.language):
        organs.log.say(line.priority, line.words, line.facts)


def _stamped(outcome: Outcome) -> tuple[Stamped, ...]:
    moment = outcome.moment
    return tuple(Stamped(moment.utc_ms, moment.trusted, body) for body in outcome.bodies)


def transaction_of(organs: Organs, state: State, bodies: Sequence[Stamped]) -> Transaction:
    return Transaction(
        bodies=bodies,
        state=rows.dumps(rows.to_row(state)),
        cursors=organs.desk.cursors(),
        parked=organs.desk.parked(),
    )
