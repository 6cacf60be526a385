"""Room rule: what a console may ask beside what everybody may. Knows no terminal.

Whoever has not signed in may do that, and nothing else; while a station has no supervisor, its
first one may be made. A PIN is compared or hashed here and dropped; what the scan judges, and what
is written down, has its number only.
"""

import asyncio
import secrets
from collections.abc import Callable
from typing import Any, Final, NamedTuple

from agent import pins, rows
from agent.catalogue import Told
from agent.core.model import (
    AccountOrder,
    ChangePinOrder,
    Command,
    FirstSupervisorOrder,
    Language,
    Order,
    Origin,
    Rank,
    Refusal,
    Refused,
    ResendOrder,
    SignInOrder,
    StopOrder,
    Verdict,
)
from agent.desk import wire
from agent.desk.fields import Fields
from agent.desk.room import Caller, Result, Room
from agent.desk.wire import BAD_FIELDS, JOURNAL_FAILING, NOT_ALLOWED

NAME_MAX: Final = 64
# A sign-in that the scan cannot write down within this is one to look and not to touch.
WRITTEN_WITHIN_S: Final = 10.0
# Whoever stands here waits a little longer than this.
ORDER_WITHIN_S: Final = 25.0
# Nobody waits for a console's command any longer than this.
WORTH_MS: Final = 30_000
# Who asks where nobody has an account; no account can be called so.
NOBODY: Final = "?"


async def submitted(room: Room, command: Command) -> Verdict:
    """The scan's verdict, once it is durable. The command is pending whoever still waits."""
    verdict, _ = await heard(room, command, at_once=False)
    return verdict


async def ordered(room: Room, command: Command) -> Result:
    """What somebody hears who stands here. A stop that holds and is not written yet says so."""
    verdict, written = await heard(room, command, at_once=True)
    return {"verdict": named(verdict), "written": written}


async def heard(room: Room, command: Command, *, at_once: bool) -> tuple[Verdict, bool]:
    """The verdict, and whether it is durable; it always is unless `at_once` it counts before.

    Whoever wants it at once stands here: what the journal does not take is taken back before he
    gives it up, and he is told.
    """
    loop = asyncio.get_running_loop()
    answer: asyncio.Future[tuple[Verdict, bool]] = loop.create_future()

    def hear(verdict: Verdict, written: bool) -> None:  # noqa: FBT001  # the loop passes no names
        if not answer.done():
            answer.set_result((verdict, written))

    def tell(verdict: Verdict, *, written: bool) -> None:
        if written or at_once:
            loop.call_soon_threadsafe(hear, verdict, written)

    room.inbox.accept(command, tell)
    try:
        done, _ = await asyncio.wait({answer}, timeout=ORDER_WITHIN_S if at_once else None)
        if not done and room.inbox.take_back(command):
            back = Told("desk_refused.taken_back", within_s=f"{ORDER_WITHIN_S:g}")
            raise wire.Refused(JOURNAL_FAILING, back)
        return await answer
    finally:
        room.inbox.withdraw(command, tell)


def named(verdict: Verdict) -> Result:
    told: Result = rows.named(verdict)
    if verdict.balance is not None:
        told["balance"]["remaining_l"] = verdict.balance.remaining_l
    return told


async def hello(room: Room, caller: Caller, fields: Fields) -> Result:
    """What may be said to whoever holds the cable; `unsupervised`: he may become the first."""
    fields.end()
    state = room.present.state
    known = room.people.accounts()
    return {
        "station": room.station,
        "name": "" if state is None else state["name"],
        "version": room.version,
        "epoch": room.reader.epoch,
        "client": caller.client,
        "unsupervised": not any(one.rank is Rank.SUPERVISOR for one in known),
    }


# --- signing in ----------------------------------------------------------------------------------


async def sign_in(room: Room, caller: Caller, fields: Fields) -> Result:
    """The verdict, and who sits there from now on. A failure tells nothing but how long to wait."""
    name, pin = fields.text("account", NAME_MAX), fields.secret("pin")
    fields.end()
    caller.seat.leave()
    account = room.people.account(name)
    proof = await room.people.prove(name, pin)
    order = SignInOrder(name, caller.client, proof)
    actor = NOBODY if account is None else name
    try:
        async with asyncio.timeout(WRITTEN_WITHIN_S):
            verdict = await submitted(room, _of_console(room, actor, None, order))
    except TimeoutError:
        return _limited(room, caller, name, proof)
    if verdict.refusal is not None:
        return {"refusal": rows.named(verdict.refusal)}
    return _seat(room, caller, name, limited=False)


def _limited(room: Room, caller: Caller, name: str, proof: str) -> Result:
    """The journal takes nothing: whoever proved his PIN may look at what is wrong."""
    account = room.people.account(name)
    if account is None or not proof or proof != account.pin_id:
        return {"refusal": rows.named(Refusal(Refused.SIGN_IN_WRONG, "0"))}
    return _seat(room, caller, name, limited=True)


def _seat(room: Room, caller: Caller, name: str, *, limited: bool) -> Result:
    account = room.people.account(name)
    assert account is not None, "an account was proven"
    caller.seat.take(account, asyncio.get_running_loop().time(), limited=limited)
    rank = Rank.VIEWER if limited else account.rank
    return {
        "refusal": None,
        "account": account.name,
        "rank": rank,
        "language": account.language,
        "limited": limited,
        # Cutting waits for no disk, whatever else does.
        "may_stop": account.rank is not Rank.VIEWER,
    }


async def sign_out(_: Room, caller: Caller, fields: Fields) -> Result:
    fields.end()
    caller.seat.leave()
    return {}


async def touch(room: Room, caller: Caller, fields: Fields) -> Result:
    """Somebody is still there, although he orders nothing."""
    fields.end()
    room.people.seated(caller.seat, used=True)
    return {}


# --- accounts ------------------------------------------------------------------------------------


async def first_supervisor(room: Room, caller: Caller, fields: Fields) -> Result:
    """Only while there is none; then he has signed in."""
    name, pin = fields.text("account", NAME_MAX), fields.secret("pin")
    language = fields.choice("language", Language)
    fields.end()
    told = await _with_pin(
        room,
        name,
        pin,
        lambda pin_id: _of_console(
            room, NOBODY, None, FirstSupervisorOrder(name, language, pin_id)
        ),
    )
    return told if told["refusal"] is not None else _seat(room, caller, name, limited=False)


async def open_account(room: Room, caller: Caller, fields: Fields) -> Result:
    name, pin = fields.text("account", NAME_MAX), fields.secret("pin")
    rank, language = fields.choice("rank", Rank), fields.choice("language", Language)
    asker = _asker(room, caller, fields)
    fields.end()
    return await _with_pin(
        room,
        name,
        pin,
        lambda pin_id: asker.command(AccountOrder(name, rank, language, pin_id)),
    )


async def change_pin(room: Room, caller: Caller, fields: Fields) -> Result:
    """One's own, by its old one; or, as a supervisor, anybody's."""
    name, pin = fields.text("account", NAME_MAX), fields.secret("pin")
    old = fields.secret("old_pin") if fields.has("old_pin") else ""
    asker = _asker(room, caller, fields)
    fields.end()
    own = name == asker.actor and caller.client in room.consoles
    if own and not await room.people.prove(name, old):
        return {"refusal": rows.named(Refusal(Refused.PIN_WRONG))}
    told = await _with_pin(
        room, name, pin, lambda pin_id: asker.command(ChangePinOrder(name, pin_id, own))
    )
    if own and told["refusal"] is None:
        _seat(room, caller, name, limited=False)
    return told


async def accounts(room: Room, caller: Caller, fields: Fields) -> Result:
    _asker(room, caller, fields)
    fields.end()
    return {
        "accounts": [
            {"name": one.name, "rank": one.rank, "language": one.language}
            for one in room.people.accounts()
        ]
    }


async def _with_pin(room: Room, name: str, pin: str, command_of: Any) -> Result:
    """Keep a new PIN's verifier as long as its command is under way."""
    if pins.is_weak(pin, name):
        expected = f"{pins.PIN_MIN}-{pins.PIN_MAX}"
        return {"refusal": rows.named(Refusal(Refused.PIN_WEAK, "", expected))}
    pin_id = await room.people.keep(pin)
    verdict = asyncio.ensure_future(submitted(room, command_of(pin_id)))
    # Also when the asker has gone: the scan may still come to it.
    verdict.add_done_callback(lambda _: room.people.forget(pin_id))
    return {"refusal": rows.named((await asyncio.shield(verdict)).refusal)}


# --- commands ------------------------------------------------------------------------------------


class _Asker(NamedTuple):
    """Who stands behind a command: somebody who has signed in, or root on this host."""

    actor: str
    command: Callable[[Order], Command]


def _asker(room: Room, caller: Caller, fields: Fields, *, stops: bool = False) -> _Asker:
    """`stops`: he stops the pump. Whoever proved his PIN may do that while nothing is written."""
    if caller.client not in room.consoles:
        who = fields.text("actor", NAME_MAX).strip() or NOBODY
        actor = f"{who} (uid {caller.uid})"
        number = fields.optional_text("id", NAME_MAX) or secrets.token_hex(8)
        until_utc_ms = fields.optional_integer("not_after_utc_ms")
        return _Asker(
            actor, lambda order: Command(number, Origin.ADMIN, actor, order, until_utc_ms)
        )
    account = room.people.seated(caller.seat, used=True)
    if caller.seat.limited and not stops:
        raise wire.Refused(NOT_ALLOWED, Told("desk_refused.limited"))
    return _Asker(account.name, lambda order: _of_console(room, account.name, account.rank, order))


async def command(room: Room, caller: Caller, fields: Fields) -> Result:
    """Answered once the scan has judged it and the verdict is durable; a stop once it holds."""
    order = fields.order("order", "fields")
    asker = _asker(room, caller, fields, stops=isinstance(order, StopOrder))
    fields.end()
    if order is None:
        raise wire.Refused(BAD_FIELDS, "an order must be named")
    if isinstance(order, ResendOrder):
        room.clients.refuse_resend(order.platform, order.last, room.present.head.number)
    return await ordered(room, asker.command(order))


def _of_console(room: Room, actor: str, rank: Rank | None, order: Order) -> Command:
    """Worth nothing after a while: it must not take effect behind the back of who gave it up.

    By the calendar by which it is judged: a host whose clock went back would end it at once.
    """
    state, latest_utc_ms = room.present.state, room.present.latest_utc_ms
    if latest_utc_ms is None and state is not None:
        latest_utc_ms = int(state["at_utc_ms"])
    not_after_utc_ms = None if latest_utc_ms is None else latest_utc_ms + WORTH_MS
    return Command(secrets.token_hex(8), Origin.CONSOLE, actor, order, not_after_utc_ms, rank=rank)
