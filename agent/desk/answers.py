"""Room rule: what each request means and who may make it. Knows no socket.

A request is first waited for (a long poll, a verdict), then answered when its turn to be written
has come: so that no more than one page a connection is in memory. All of this runs in the desk's
thread.
"""

import json
import secrets
from collections.abc import Awaitable, Callable

from agent import rows
from agent.core.model import Command, Origin, Rank, ResendOrder
from agent.desk import consoles, gate, uplinks, wire
from agent.desk.fields import Fields
from agent.desk.inquiries import asked
from agent.desk.room import Answer, Caller, Result, Room
from agent.desk.wire import BAD_FIELDS, JOURNAL_FAILING, NO_METHOD, NOT_ALLOWED, Refused
from agent.journal import Head, JournalDamaged, JournalFailed, PageRow, Reader
from agent.settings import ADMIN

ACTOR_MAX = 64

Method = Callable[[Room, Caller, Fields], Awaitable[Answer]]


async def answer(room: Room, caller: Caller, request: wire.Request) -> Answer:
    """Refused when the caller may not, or the fields are wrong."""
    methods = _methods(room, caller)
    method = methods.get(request.method)
    if method is None and request.method in _METHODS:
        raise Refused(NOT_ALLOWED, f"{request.method} is not for the socket of {caller.client}")
    if method is None:
        known = ", ".join(sorted(methods))
        raise Refused(NO_METHOD, f"{ascii(request.method)[:80]} is no method: there are {known}")
    try:
        return await method(room, caller, Fields(request.fields))
    except (JournalFailed, JournalDamaged) as why:
        raise Refused(JOURNAL_FAILING, why) from why


def _methods(room: Room, caller: Caller) -> dict[str, Method]:
    if caller.client == ADMIN:
        return _FOR_ADMIN
    return _FOR_CONSOLES if caller.client in room.consoles else _FOR_UPLINKS


async def _hello(room: Room, caller: Caller, fields: Fields) -> Answer:
    fields.end()
    return _said(
        {
            "station": room.station,
            "version": room.version,
            "epoch": room.reader.epoch,
            "client": caller.client,
        }
    )


async def _records(room: Room, _: Caller, fields: Fields) -> Answer:
    after = fields.integer("after", 0, wire.INTEGER_MAX)
    limit = fields.integer("limit", 1, wire.PAGE_RECORDS_MAX, wire.PAGE_RECORDS_MAX)
    wait_ms = fields.integer("wait_ms", 0, wire.WAIT_MS_MAX, 0)
    fields.end()
    present = room.present
    await present.committed.heard_until(lambda: present.head.number > after, wait_ms)
    return lambda: _page(room.reader, after, limit)


def _page(reader: Reader, after: int, limit: int) -> bytes:
    try:
        page = reader.page(after, limit, bytes_max=wire.PAGE_BYTES_MAX)
    except (JournalFailed, JournalDamaged) as why:
        raise Refused(JOURNAL_FAILING, why) from why
    return b'{"epoch":"%s","records":[%s],"head":[%d,"%s"]}' % (
        reader.epoch.encode(),
        b",".join(map(_row, page.rows)),
        page.head.number,
        page.head.hash.hex().encode(),
    )


def _row(row: PageRow) -> bytes:
    """The stored text is spliced in: nothing between meter and platform rewrites a record."""
    number, at_utc_ms, trusted, kind, body = row
    truth = b"true" if trusted else b"false"
    return b'[%d,%d,%s,"%s",%s]' % (number, at_utc_ms, truth, kind.encode(), body)


async def _newest(room: Room, _: Caller, fields: Fields) -> Answer:
    kinds = fields.texts("kinds", wire.KINDS_MAX)
    limit = fields.integer("limit", 1, wire.PAGE_RECORDS_MAX)
    fields.end()
    return lambda: b'{"records":[%s]}' % b",".join(map(_row, room.reader.newest(kinds, limit)))


async def _first_sample(room: Room, _: Caller, fields: Fields) -> Answer:
    """Where a day begins: a page of records for each would be a thousand times as much."""
    since_utc_ms = fields.integer("since_utc_ms", 0, wire.INTEGER_MAX)
    fields.end()

    def answer() -> bytes:
        found = room.reader.first_sample(since_utc_ms)
        return b'{"record":%s}' % (b"null" if found is None else _row(found))

    return answer


async def _verify(room: Room, _: Caller, fields: Fields) -> Answer:
    """One page of the chain further: whoever asks goes on from what he was told."""
    after = fields.integer("after", 0, wire.INTEGER_MAX)
    digest = fields.text("hash")
    fields.end()
    try:
        start = Head(after, bytes.fromhex(digest))
        head = room.reader.follow(start, wire.PAGE_RECORDS_MAX)
    except JournalDamaged as damaged:
        return _said({"number": after, "hash": digest, "damaged": str(damaged)})
    except ValueError:
        raise Refused(BAD_FIELDS, "hash must be what the last page told, in hex") from None
    return _said({"number": head.number, "hash": head.hash.hex(), "damaged": None})


async def _status(room: Room, _: Caller, fields: Fields) -> Answer:
    revision = fields.revision("revision")
    wait_ms = fields.integer("wait_ms", 0, wire.WAIT_MS_MAX, 0)
    fields.end()
    present = room.present
    seen = 0 if revision is None else revision
    await present.published.heard_until(lambda: present.revision != seen, wait_ms)
    return lambda: rows.dumps({"revision": present.revision or None, "state": present.state})


async def _command(room: Room, caller: Caller, fields: Fields) -> Answer:
    """Answered once the scan has judged it and the verdict is durable."""
    actor = fields.text("actor", ACTOR_MAX)
    number = fields.optional_text("id", ACTOR_MAX) or secrets.token_hex(8)
    not_after_utc_ms = fields.optional_integer("not_after_utc_ms")
    order = fields.order("order", "fields")
    fields.end()
    if order is None or not actor.strip():
        raise Refused(BAD_FIELDS, "actor must say who asks")
    if isinstance(order, ResendOrder):
        room.clients.refuse_resend(order.platform, order.last, room.present.head.number)
    # The name is what somebody typed; the uid is what the kernel knows.
    who = f"{actor.strip()} (uid {caller.uid})"
    command = Command(number, Origin.ADMIN, who, order, not_after_utc_ms)
    return _said(await consoles.ordered(room, command))


async def _bus_ask(room: Room, _: Caller, fields: Fields) -> Answer:
    """Answered by the scan, in what is left of its period."""
    return _said(await asked(room.inquiries, fields))


def _told(asked_for: Callable[[Room, Caller, Fields], Awaitable[Result]]) -> Method:
    async def method(room: Room, caller: Caller, fields: Fields) -> Answer:
        return _said(await asked_for(room, caller, fields))

    return method


def _signed_in(allowed: Method, rank: Rank = Rank.VIEWER, *, used: bool = True) -> Method:
    """For a console at which somebody of this rank has signed in. `used`: it is a sign of life."""

    async def method(room: Room, caller: Caller, fields: Fields) -> Answer:
        account = room.people.seated(caller.seat, used=used)
        if rank is not Rank.VIEWER and (caller.seat.limited or account.rank is Rank.VIEWER):
            raise Refused(NOT_ALLOWED, f"it takes a {rank}")
        return await allowed(room, caller, fields)

    return method


def _said(result: Result) -> Answer:
    text = json.dumps(result, ensure_ascii=False, separators=(",", ":")).encode()
    return lambda: text


_FOR_ADMIN: dict[str, Method] = {
    "hello": _hello,
    "records": _records,
    "status": _status,
    "accounts": _told(consoles.accounts),
    "open_account": _told(consoles.open_account),
    "change_pin": _told(consoles.change_pin),
    "command": _command,
    "signed_command": _told(gate.signed_command),
    "bus_ask": _bus_ask,
}
_FOR_CONSOLES: dict[str, Method] = {
    "hello": _told(consoles.hello),
    "first_supervisor": _told(consoles.first_supervisor),
    "sign_in": _told(consoles.sign_in),
    "sign_out": _told(consoles.sign_out),
    "touch": _told(consoles.touch),
    "records": _signed_in(_records),
    # Whoever watches the status may have gone long ago.
    "status": _signed_in(_status, used=False),
    "newest": _signed_in(_newest),
    "first_sample": _signed_in(_first_sample),
    "verify": _signed_in(_verify, Rank.TECHNICIAN),
    "accounts": _told(consoles.accounts),
    "open_account": _told(consoles.open_account),
    "change_pin": _told(consoles.change_pin),
    "command": _told(consoles.command),
    "signed_command": _signed_in(_told(gate.signed_command), Rank.TECHNICIAN),
    "bus_ask": _signed_in(_bus_ask, Rank.TECHNICIAN),
}
_FOR_UPLINKS: dict[str, Method] = {
    "hello": _hello,
    "records": _records,
    "status": _status,
    "cursor": _told(uplinks.cursor),
    "move_cursor": _told(uplinks.move_cursor),
    "ahead": _told(uplinks.ahead),
    "park": _told(uplinks.park),
    "report": _told(uplinks.report),
    "resend_wait": _told(uplinks.resend_wait),
    "resend_done": _told(uplinks.resend_done),
    "signed_command": _told(gate.signed_command),
    "turned_away": _told(gate.turned_away),
}
_METHODS = {*_FOR_ADMIN, *_FOR_CONSOLES, *_FOR_UPLINKS}
