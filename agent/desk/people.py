"""Room rule: who may sign in, as the desk's thread knows it, and who sits where. Judges no order.

A PIN goes as far as here. The scan and the records hear the number of a PIN that was proven, or of
a new one, whose verifier waits here until the scan has committed it to the book.
"""

import asyncio
import secrets
from collections.abc import Mapping
from threading import Lock
from typing import Final

from agent import pins
from agent.core.model import Account
from agent.desk.wire import NOT_SIGNED_IN, TOO_BUSY, Refused
from agent.pins import Verifier

# A seat that nobody used for so long is empty.
IDLE_S: Final = 300.0
# New PINs whose commands are under way.
WAITING_MAX: Final = 16


# An account, and by what its PIN is recognised.
Known = tuple[Account, Verifier]


class Seat:
    """Who has signed in through a console's connection. `limited`: nobody could write it down."""

    def __init__(self) -> None:
        self.name: str | None = None
        self.pin_id = ""
        self.limited = False
        self._used_s = 0.0

    def take(self, account: Account, now_s: float, *, limited: bool) -> None:
        self.name, self.pin_id, self.limited = account.name, account.pin_id, limited
        self._used_s = now_s

    def use(self, now_s: float) -> None:
        self._used_s = now_s

    def leave(self) -> None:
        self.name, self.pin_id, self.limited = None, "", False

    def idle(self, now_s: float) -> bool:
        return now_s - self._used_s > IDLE_S


class People:
    """What the scan told is replaced as a whole; a new PIN's verifier waits for the scan."""

    def __init__(self) -> None:
        self._known: Mapping[str, Known] = {}
        self._waiting: dict[str, Verifier] = {}
        self._lock = Lock()
        self._turn = asyncio.Lock()

    def know(self, known: Mapping[str, Known]) -> None:
        """These are the accounts from now on. The scan's thread."""
        self._known = known

    def accounts(self) -> tuple[Account, ...]:
        return tuple(account for account, _ in self._known.values())

    def account(self, name: str) -> Account | None:
        known = self._known.get(name)
        return None if known is None else known[0]

    async def prove(self, name: str, pin: str) -> str:
        """The number of the PIN that was proven; empty when none was. As slow for a stranger."""
        known = self._known.get(name)
        verifier = None if known is None else known[1]
        async with self._turn:  # one at a time: each takes 16 MiB
            matched = await asyncio.to_thread(pins.matches, pin, verifier)
        return known[0].pin_id if matched and known is not None else ""

    async def keep(self, pin: str) -> str:
        """The number under which the scan finds this PIN's verifier, until `forget`."""
        if len(self._waiting) >= WAITING_MAX:
            raise Refused(TOO_BUSY, f"{WAITING_MAX} new PINs wait already: try again later")
        async with self._turn:
            verifier = await asyncio.to_thread(pins.verifier_of, pin)
        pin_id = secrets.token_hex(4)
        with self._lock:
            self._waiting[pin_id] = verifier
        return pin_id

    def verifier(self, pin_id: str) -> Verifier:
        """The scan's thread."""
        with self._lock:
            return self._waiting[pin_id]

    def forget(self, pin_id: str) -> None:
        with self._lock:
            self._waiting.pop(pin_id, None)

    def seated(self, seat: Seat, *, used: bool) -> Account:
        """Who sits there. Refused when nobody does, or no longer: idle, removed, PIN changed."""
        now_s = asyncio.get_running_loop().time()
        account = None if seat.name is None else self.account(seat.name)
        if account is None or account.pin_id != seat.pin_id or seat.idle(now_s):
            seat.leave()
            raise Refused(NOT_SIGNED_IN, "nobody is signed in here: sign in first")
        if used:
            seat.use(now_s)
        return account
