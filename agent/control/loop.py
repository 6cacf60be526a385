"""Room rule: the order of one turn of control, and when the next is due. Decides nothing."""

import select
from collections.abc import Mapping
from dataclasses import replace
from typing import Protocol

from agent.control import holding
from agent.control.applying import (
    commit,
    cut_if_told,
    permit,
    publish,
    submit,
    tell_desk,
    tell_log,
    transaction_of,
)
from agent.control.beginning import Beginning
from agent.control.organs import Committed, Loop, Organs
from agent.control.seeing import see
from agent.core.model import Fault, Site, Started, Verdict
from agent.core.scan import scan
from agent.core.spent import of_epoch
from agent.core.state import missing_platforms
from agent.journal import Ahead, Now, Writer
from agent.status import Identity

# What a technician asks of the bus ends so long before the next scan is due.
INQUIRY_MARGIN_MS = 20
# Who asks one after the other asks the next one so soon after an answer.
FOLLOW_UP_MS = 40


class Stop(Protocol):
    """Becomes readable when control is to end."""

    def fileno(self) -> int: ...


def run(
    organs: Organs, site: Site, identity: Identity, beginning: Beginning, stop: Stop
) -> Ahead | None:
    """Scan until `stop` becomes readable. The relay keeps its lease: a restart stops no pump.

    It also ends when a platform holds more than this journal; that is then returned.
    """
    held = holding.kept(organs.held_file)
    committed = Committed(organs.journal.head, organs.desk)
    unheard = _unheard(organs)
    writer = Writer(organs.journal, committed, organs.upkeep)
    boot = organs.clock.now().boot
    due_ms = organs.clock.monotonic_ms()
    started = Started(
        identity.version,
        boot,
        relay_permitted=False,
        declared=site.declared,
        settings_sha256=identity.settings_sha256,
    )
    known = organs.book.known()
    tell_desk(organs)
    organs.desk.restore(held)
    # The book's word is the last: a state that was made again from entries knows nobody.
    people = replace(
        beginning.state.people,
        accounts=tuple(account for account, _ in known.values()),
        setup=organs.book.setup(),
    )
    spent = of_epoch(beginning.state.spent, identity.epoch)
    state = replace(beginning.state, people=people, spent=spent)
    loop = Loop(
        state,
        started,
        beginning.rebuilt,
        writer,
        committed,
        began_ms=due_ms,
        handed_over_ms=due_ms,
        held=held,
    )
    while True:
        _turn(organs, site, identity, loop)
        _tend(organs, site, loop, unheard)
        organs.watchdog.ready()
        organs.watchdog.pet()
        now_ms = organs.clock.monotonic_ms()
        # A scan that came late is not made up for: the next one is due a period later, or now.
        due_ms = max(due_ms + site.period_ms, now_ms)
        answer_inquiries(organs, due_ms)
        rest_ms = max(0, due_ms - organs.clock.monotonic_ms())
        ahead = organs.desk.ahead()
        if select.select([stop], [], [], rest_ms / 1000)[0] or ahead is not None:
            break
    writer.submit(transaction_of(organs, loop.state, ()))
    writer.close()
    return ahead


def _turn(organs: Organs, site: Site, identity: Identity, loop: Loop) -> None:
    """One scan, from the meters to the picture."""
    seen = see(organs, loop)
    stopped: tuple[Verdict, ...] = ()
    if seen.journal_failing:
        stopped = holding.obeyed(organs, site, loop, seen)
        seen = replace(seen, held=holding.held(organs.desk))
    outcome = scan(site, loop.state, seen)
    cut_if_told(organs.relay, outcome)
    if outcome.durable and not commit(organs, loop, outcome):
        organs.desk.put_back(seen.commands)
        organs.desk.turn_back(seen.turned_away)
        seen = replace(seen, commands=(), turned_away=(), journal_failing=True)
        stopped = holding.obeyed(organs, site, loop, seen)
        outcome = scan(site, loop.state, replace(seen, held=holding.held(organs.desk)))
        assert not outcome.durable, "a scan that may enter nothing needs no disk"
        cut_if_told(organs.relay, outcome)
    if not outcome.durable:
        submit(organs, loop, outcome)
    if outcome.decision.permit:
        permit(organs, outcome)
    loop.state = outcome.state
    loop.started = loop.rebuilt = None
    holding.keep(organs, loop)
    # Who is answered finds in the picture what he ordered.
    publish(organs, identity, loop, outcome, seen)
    organs.desk.tell_held(stopped)
    organs.desk.answer(outcome.verdicts)
    tell_log(organs, identity, outcome)


def _unheard(organs: Organs) -> Mapping[str, int]:
    """How far the platforms had come that the settings do not declare."""
    declared = organs.desk.cursors()
    known = organs.journal.cursors()
    return {name: number for name, number in known.items() if name not in declared}


def _tend(organs: Organs, site: Site, loop: Loop, unheard: Mapping[str, int]) -> None:
    """Room is made of what every platform has; of one that is missing, until somebody says so."""
    absent = missing_platforms(site, loop.state)
    waited_for = [number for name, number in unheard.items() if name in absent]
    cursors = (*organs.desk.cursors().values(), *waited_for)
    passed = min(cursors, default=loop.committed.head.number)
    moment = loop.state.scanned_at
    assert moment is not None, "a scan has passed"
    loop.writer.tend(Now(moment.utc_ms, moment.trusted, passed))


def answer_inquiries(organs: Organs, due_ms: int) -> None:
    """Spend what is left of the period on a technician's questions; the next scan is on time."""
    ends_ms, follow_up_ms = due_ms - INQUIRY_MARGIN_MS, 0
    while (question := organs.desk.inquiry(follow_up_ms)) is not None:
        finding = organs.meters.inquire(question, ends_ms - organs.clock.monotonic_ms())
        if finding.fault is Fault.NOT_READ:
            return  # no room for it now; it stays the first
        organs.desk.found(question, finding)
        follow_up_ms = min(FOLLOW_UP_MS, ends_ms - organs.clock.monotonic_ms())
