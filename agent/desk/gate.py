"""Room rule: signed commands, from the door to the inbox. Believes no door and judges no order.

Whoever brings a signed command (the platform's own uplink, another's, a console) is nobody: it
counts by its signature. What proves nothing is counted for the scan to write down, and its sender
is told nothing; everybody else hears why.
"""

import asyncio
from collections.abc import Mapping
from concurrent.futures import Future
from dataclasses import replace
from threading import Lock
from typing import Any, Final, Protocol

from agent.catalogue import Told, say
from agent.core.model import (
    Command,
    PlatformKey,
    Refusal,
    Refused,
    ResendOrder,
    TurnedAway,
    Verdict,
)
from agent.desk.claims import id_of, read_claims
from agent.desk.consoles import heard, named
from agent.desk.fields import Fields
from agent.desk.room import Caller, Result, Room
from agent.desk.wire import INTEGER_MAX, TOO_BUSY
from agent.desk.wire import Refused as Wrong
from agent.notary import NotaryGone
from agent.settings import ADMIN
from agent.signing import KeyUnusable, Proof, Unproved

SCHEMA: Final = 1
TOKEN_MAX: Final = 8192
# Of one client; above it a question has to wait for its turn.
VERIFIED_PER_S: Final = 10
# Of one platform, whichever door they came through: the others' wait no longer for them.
PENDING_MAX: Final = 8
# What an uplink drops unread, and says so.
DROPPED: Final = {one.value: one for one in (Refused.OVERSIZED, Refused.TOO_MANY)}


class Proves(Protocol):
    """Checks signatures, as the notary does."""

    def begin_proving(self, token: str, keys: Mapping[str, str]) -> Future[Proof | Unproved]: ...


class Gate:
    """What the gate knows and has turned away. The scan tells the keys and takes the rest."""

    def __init__(self, station: str, language: str, proves: Proves | None) -> None:
        """Without somebody who proves, nothing is proved."""
        self.station = station
        self.language = language
        self._proves = proves
        self._keys: Mapping[str, PlatformKey] = {}
        self._turned: dict[tuple[str, Refused], TurnedAway] = {}  # a client times a reason
        self._lock = Lock()
        self._free_at_s: dict[str, float] = {}
        self._pending: dict[str, int] = {}

    def know(self, keys: tuple[PlatformKey, ...]) -> None:
        self._keys = {one.kid: one for one in keys}

    def turn_away(self, away: TurnedAway) -> None:
        """Remember it for the next scan; the like are counted."""
        key = (away.actor, away.refusal.reason)
        with self._lock:
            known = self._turned.get(key)
            self._turned[key] = (
                away if known is None else replace(known, count=known.count + away.count)
            )

    def take(self) -> tuple[TurnedAway, ...]:
        with self._lock:
            taken, self._turned = tuple(self._turned.values()), {}
        return taken

    async def proved(self, client: str, token: str) -> Proof | Unproved:
        """Refused while too many wait, or while nobody can check a signature."""
        await self._pace(client)
        if self._proves is None:
            raise Wrong(TOO_BUSY, Told("desk_refused.unproved", why="-"))
        keys = {kid: one.public for kid, one in self._keys.items()}
        try:
            return await asyncio.wrap_future(self._proves.begin_proving(token, keys))
        except (NotaryGone, KeyUnusable) as why:
            raise Wrong(TOO_BUSY, Told("desk_refused.unproved", why=why)) from why

    def key(self, kid: str) -> PlatformKey | None:
        """None when it left the station while a signature of it was checked."""
        return self._keys.get(kid)

    async def judged(self, room: Room, command: Command, *, at_once: bool) -> tuple[Verdict, bool]:
        """Hand it in and wait for the scan. `at_once`: a stop need not be written down yet."""
        waiting = self._pending.get(command.actor, 0)
        if waiting >= PENDING_MAX:
            wait = Told("desk_refused.of_platform_wait", platform=command.actor, waiting=waiting)
            raise Wrong(TOO_BUSY, wait)
        self._pending[command.actor] = waiting + 1
        try:
            return await heard(room, command, at_once=at_once)
        finally:
            self._pending[command.actor] -= 1

    async def _pace(self, client: str) -> None:
        now_s = asyncio.get_running_loop().time()
        free_at_s = max(self._free_at_s.get(client, 0.0), now_s)
        if free_at_s > now_s + 1:
            raise Wrong(TOO_BUSY, Told("desk_refused.pace", most=VERIFIED_PER_S))
        self._free_at_s[client] = free_at_s + 1 / VERIFIED_PER_S
        await asyncio.sleep(free_at_s - now_s)


async def signed_command(room: Room, caller: Caller, fields: Fields) -> Result:
    """`result` is for the sender, None when nobody is proved; `words` are for whoever stands here.

    Answered once the verdict is durable: until then a broker keeps what it brought. Who stands here
    hears of a stop once it holds. `retained`: the broker had kept it, so it may be old.
    """
    token = fields.text("token", TOKEN_MAX)
    retained = fields.truth("retained") if fields.has("retained") else False
    fields.end()
    gate = room.gate
    proof = await gate.proved(caller.client, token)
    key = gate.key(proof.kid)
    if isinstance(proof, Unproved) or key is None:
        refusal = Refusal(Refused.UNSIGNED, proof.why if isinstance(proof, Unproved) else "key")
        gate.turn_away(TurnedAway(caller.client, "", refusal))
        return {"result": None, "words": _said(refusal, gate.language)}
    command_id = id_of(proof.claims)
    found = _read(room, key, proof.claims, retained=retained)
    if isinstance(found, Refusal):
        gate.turn_away(TurnedAway(key.platform, command_id, found))
        return _heard(gate, _refused(key.platform, command_id, found))
    stands_here = caller.client == ADMIN or caller.client in room.consoles
    verdict, written = await gate.judged(room, found, at_once=stands_here)
    return {**_heard(gate, named(verdict)), "written": written}


def _read(
    room: Room, key: PlatformKey, claims: Mapping[str, Any], *, retained: bool
) -> Command | Refusal:
    if key.revoked:
        return Refusal(Refused.KEY_REVOKED, key.kid)
    if retained:
        return Refusal(Refused.RETAINED)
    found = read_claims(claims, key.platform, room.gate.station)
    if isinstance(found, Command) and isinstance(found.order, ResendOrder):
        head = room.present.head.number
        if found.order.last > head:
            given = f"{found.order.first}-{found.order.last}"
            return Refusal(Refused.RESEND_RANGE, given, f"1-{head}")
    return found


def _refused(platform: str, command_id: str, refusal: Refusal) -> Result:
    said = {"reason": refusal.reason, "given": refusal.given, "expected": refusal.expected}
    return {
        "command_id": command_id,
        "actor": platform,
        "order": "",
        "refusal": said,
        "balance": None,
    }


def _heard(gate: Gate, verdict: Result) -> Result:
    """What the sender hears: docs/schema/result_message.json."""
    said = verdict["refusal"]
    if said is None:
        text = say(f"order.{verdict['order']}", gate.language)
        text = say("verdict.accepted", gate.language, order=text)
    else:
        refusal = Refusal(Refused(said["reason"]), said["given"], said["expected"])
        text = _said(refusal, gate.language)
        said = {**said, "words": text}
    result = {
        "schema": SCHEMA,
        "station": gate.station,
        "id": verdict["command_id"],
        "platform": verdict["actor"],
        "order": verdict["order"],
        "accepted": said is None,
        "refusal": said,
        "balance": verdict["balance"],
    }
    return {"result": result, "words": text}


def _said(refusal: Refusal, language: str) -> str:
    from agent.words import refusal as words  # half a MiB, for whom nobody refused anything

    return words(refusal, language)


async def turned_away(room: Room, caller: Caller, fields: Fields) -> Result:
    """An uplink dropped messages without reading them."""
    reason = fields.text("reason")
    count = fields.integer("count", 1, INTEGER_MAX)
    if reason not in DROPPED:
        fields.wrong(Told("desk_refused.choice", field="reason", choices=", ".join(DROPPED)))
    fields.end()
    refusal = Refusal(DROPPED[reason])
    room.gate.turn_away(TurnedAway(caller.client, "", refusal, count))
    return {}
