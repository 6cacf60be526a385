"""Room rule: what an uplink may ask beside what everybody may. Knows no platform and no link.

How far its platform's records are, which it sets aside and which it wants again; and what it says
of itself. A client moves only its own cursor.
"""

from typing import Final

from agent.desk import wire
from agent.desk.fields import Fields
from agent.desk.room import Caller, Result, Room
from agent.desk.wire import BAD_FIELDS, TOO_BUSY, Refused
from agent.journal import Ahead, Parked, may_begin
from agent.status import Reported

ERROR_MAX: Final = 200
FAULT_MAX: Final = 20


async def cursor(room: Room, caller: Caller, fields: Fields) -> Result:
    """Who asks for it is this client's uplink from here on."""
    fields.end()
    room.clients.take_place(caller.client, caller.pid)
    return {"epoch": room.reader.epoch, "number": room.clients.cursor(caller.client)}


async def move_cursor(room: Room, caller: Caller, fields: Fields) -> Result:
    epoch = fields.text("epoch")
    number = fields.integer("number", 0, wire.INTEGER_MAX)
    fields.end()
    if epoch != room.reader.epoch:
        raise Refused(
            BAD_FIELDS,
            f"the journal is of epoch {room.reader.epoch}: ask for `cursor` and begin there",
        )
    room.clients.move(caller.client, number, room.present.head.number)
    return {"number": number}


async def ahead(room: Room, caller: Caller, fields: Fields) -> Result:
    """A platform holds a record of this epoch that is not ours: the journal is an old copy."""
    epoch = fields.text("epoch")
    number = fields.integer("number", 1, wire.INTEGER_MAX)
    digest = fields.text("hash")
    fields.end()
    if epoch != room.reader.epoch:
        raise Refused(BAD_FIELDS, f"the journal is of epoch {room.reader.epoch}: nothing is ahead")
    ours = room.reader.hash_of(number)
    if number <= room.present.head.number and (ours is None or ours.hex() == digest):
        raise Refused(BAD_FIELDS, f"record {number} is in the journal: nothing is ahead")
    why_not = may_begin(room.reader)
    if why_not is not None:
        raise Refused(TOO_BUSY, why_not)
    room.present.ahead = Ahead(caller.client, number)
    return {}


async def park(room: Room, caller: Caller, fields: Fields) -> Result:
    number = fields.integer("number", 1, wire.INTEGER_MAX)
    reason = fields.text("reason")
    fields.end()
    room.clients.park(Parked(caller.client, number, reason), room.present.head.number)
    return {}


async def report(room: Room, caller: Caller, fields: Fields) -> Result:
    def count(name: str) -> int:
        return fields.integer(name, 0, wire.INTEGER_MAX, 0)

    reported = Reported(
        connected=fields.truth("connected"),
        fault=fields.optional_text("fault", FAULT_MAX) or None,
        error=fields.text("error", ERROR_MAX),
        warning=fields.told("warning", "certificate", ERROR_MAX),
        delivered=fields.integer("delivered", 0, wire.INTEGER_MAX),
        batches=count("batches"),
        bytes=count("bytes"),
        reconnects=count("reconnects"),
        rejected=count("rejected"),
        foreign=count("foreign"),
        last_error=fields.optional_text("last_error", ERROR_MAX),
        last_error_utc_ms=fields.optional_integer("last_error_utc_ms", wire.INSTANT_MAX_MS),
        wire_bytes=count("wire_bytes"),
        began_ms=count("began_ms"),
    )
    fields.end()
    room.clients.report(caller.client, reported)
    return {}


async def resend_wait(room: Room, caller: Caller, fields: Fields) -> Result:
    wait_ms = fields.integer("wait_ms", 0, wire.WAIT_MS_MAX, 0)
    fields.end()
    clients, name = room.clients, caller.client
    await room.present.resends.heard_until(lambda: clients.next_resend(name) is not None, wait_ms)
    order = clients.next_resend(name)
    told = None if order is None else {"id": order.id, "from": order.first, "to": order.last}
    return {"resend": told}


async def resend_done(room: Room, caller: Caller, fields: Fields) -> Result:
    number = fields.integer("id", 0, wire.INTEGER_MAX)
    fields.end()
    room.clients.resent(caller.client, number)
    return {}
