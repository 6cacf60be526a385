"""Room rule: a desk and the core behind it, joined as control joins them. Claims nothing.

The signatures are real ones.
"""

import secrets
import select
from collections.abc import Mapping
from concurrent.futures import Future
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from agent import signing
from agent.core.keyring import kid_of
from agent.core.model import Verdict
from agent.desk.client import Client
from agent.desk.server import Desk
from agent.journal import Journal
from agent.notary import NotaryGone
from agent.signing import Proof, Unproved
from tests.core.story import Story

STATION = "W-1"
TURN_S = 0.005
TURNS_MAX = 4000  # 20 s at most; every wait below ends with its event, far sooner


@dataclass
class Prover:
    """The notary's work without its process."""

    gone: bool = False

    def begin_proving(self, token: str, keys: Mapping[str, str]) -> Future[Proof | Unproved]:
        found: Future[Proof | Unproved] = Future()
        if self.gone:
            found.set_exception(NotaryGone("notary.died"))
        else:
            found.set_result(signing.proved(token, keys))
        return found


@dataclass
class Station:
    """A desk, the core behind it, and two platforms with a key each."""

    folder: Path
    desk: Desk
    journal: Journal
    prover: Prover
    story: Story
    keys: dict[str, Path] = field(default_factory=dict)
    clients: dict[str, Client] = field(default_factory=dict)

    def client(self, name: str) -> Client:
        if name not in self.clients:
            self.clients[name] = Client(self.folder / f"{name}.sock")
        return self.clients[name]

    def kid(self, name: str) -> str:
        found = kid_of(signing.public_of(self.keys[name]))
        assert found is not None
        return found

    def claims(self, **other: Any) -> dict[str, Any]:
        now_s = self.story.moment.utc_ms // 1000
        usual = {"iss": "division", "aud": STATION, "jti": secrets.token_hex(8)}
        given = {"year": 2026, "kind": "addition", "volume_l": 5000, "document": "notice 12"}
        order = {"order": "allocate", "fields": given}
        return {**usual, "iat": now_s, "exp": now_s + 3600, **order, **other}

    def token(self, key: str = "division", **other: Any) -> str:
        return signing.token_of(self.claims(**other), self.kid(key), self.keys[key])

    def scan(self) -> None:
        """One scan, as control joins it with the desk."""
        self.story.turned_away = self.desk.turned_away()
        outcome = self.story.look(*self.desk.take(8))
        self.desk.answer(outcome.verdicts)
        self.story._pass(10)

    def turn(self, *asking: Client) -> None:
        """One scan, then the desk's thread has its turn until somebody has an answer."""
        self.scan()
        select.select(asking, [], [], TURN_S)

    def hand_in(self, token: str, client: str = "division", **more: Any) -> dict[str, Any]:
        asking = self.client(client)
        number = asking.post("signed_command", {"token": token, **more})
        for _ in range(TURNS_MAX):
            self.turn(asking)
            for reply in asking.take():
                assert reply.id == number
                if reply.error is not None:
                    raise reply.error
                found: dict[str, Any] = reply.result
                self.scan()
                return found
        raise AssertionError("no answer within the bound")

    @property
    def allocated_l(self) -> int:
        balance = self.story.outcomes[-1].balance
        assert balance is not None
        return balance.allocated_l

    @property
    def refusals(self) -> list[tuple[str, str]]:
        return [(one.actor, one.refusal.reason) for one in self.story.of(Verdict) if one.refusal]
