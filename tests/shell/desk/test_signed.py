"""Signed commands at the desk: the bad-input list, each told why, and nothing changed by any.

A real desk and the real core, joined as control joins them; the signatures are real ones.
"""

import base64
import hashlib
import hmac
import json
import secrets
import threading
from collections.abc import Iterator, Mapping
from concurrent.futures import Future
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from agent import signing
from agent.core.keyring import kid_of
from agent.core.model import Capability, Grant, PlatformKey, RefusalsCounted, Refused, Verdict
from agent.desk.client import Client, DeskRefused
from agent.desk.gate import PENDING_MAX, TOKEN_MAX, VERIFIED_PER_S
from agent.desk.server import Desk
from agent.journal import Journal
from agent.notary import NotaryGone
from agent.signing import Proof, Unproved
from tests.core.story import HOUR, Story, utc_ms

STATION = "W-1"
WAIT_S = 20.0
TURNS_MAX = 4000


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

    def hand_in(self, token: str, client: str = "division", **more: Any) -> dict[str, Any]:
        asking = self.client(client)
        number = asking.post("signed_command", {"token": token, **more})
        for _ in range(TURNS_MAX):
            self.scan()
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


@pytest.fixture
def station(folder: Path) -> Iterator[Station]:
    journal, prover = Journal.open(folder / "journal.db"), Prover()
    names = ("admin", "division", "bureau", "console-front")
    desk = Desk(
        {name: folder / f"{name}.sock" for name in names},
        folder / "journal.db",
        station=STATION,
        version="1",
        cursors={},
        consoles=("console-front",),
        proves=prover,
        language="en",
    )
    story = Story()
    granted = (
        Grant("division", frozenset(Capability) - {Capability.OVERRIDE}),
        Grant("bureau", frozenset({Capability.RESEND, Capability.REPORT})),
    )
    story.site = replace(story.site, granted=granted)
    story.commission(100_000)
    one = Station(folder, desk, journal, prover, story)
    known = []
    for name in ("division", "bureau", "revoked"):
        one.keys[name] = folder / f"{name}.pem"
        one.keys[name].write_text(signing.new_pair()[0])
        platform = "division" if name == "revoked" else name
        public = signing.public_of(one.keys[name])
        known.append(PlatformKey(platform, one.kid(name), public, revoked=name == "revoked"))
    one.keys["stranger"] = folder / "stranger.pem"
    one.keys["stranger"].write_text(signing.new_pair()[0])
    desk.know_keys(tuple(known))
    yield one
    for client in one.clients.values():
        client.close()
    desk.close()
    journal.close()


def part(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def test_a_signed_addition_is_carried_out_and_answered(station: Station) -> None:
    told = station.hand_in(station.token(jti="order-1"))
    assert told["result"] == {
        "schema": 1,
        "station": STATION,
        "id": "order-1",
        "platform": "division",
        "order": "AllocateOrder",
        "accepted": True,
        "refusal": None,
        "balance": {**told["result"]["balance"], "allocated_l": 105_000, "remaining_l": 105_000},
    }
    assert told["words"] == "Took effect: allocation"
    assert station.allocated_l == 105_000


@pytest.mark.parametrize("door", ["bureau", "admin"])
def test_a_command_counts_by_its_signature_and_not_by_its_door(station: Station, door: str) -> None:
    told = station.hand_in(station.token(), door)
    assert told["result"]["accepted"]
    assert station.story.of(Verdict)[-1].actor == "division"


def test_a_door_gives_a_platform_no_rights_of_another(station: Station) -> None:
    told = station.hand_in(station.token("bureau", iss="bureau"), "division")
    assert told["result"]["refusal"]["reason"] == Refused.NOT_ALLOWED
    assert station.allocated_l == 100_000


LAST_YEAR = {"year": 2025, "kind": "addition", "volume_l": 5000, "document": "n"}
HUGE = {"year": 2026, "kind": "addition", "volume_l": 10**15, "document": "n"}
NOW_S = utc_ms(2026, 6, 1, 8) // 1000
# What is signed well and is yet no good: its sender is told.
BAD: dict[str, tuple[dict[str, Any], Refused]] = {
    "expired": ({"iat": NOW_S - 7200, "exp": NOW_S - 3600}, Refused.EXPIRED),
    "future": ({"iat": NOW_S + 86_400, "exp": NOW_S + 90_000}, Refused.NOT_YET),
    "for ever": ({"iat": NOW_S, "exp": NOW_S + 8 * 86_400}, Refused.LIFETIME),
    "wrong audience": ({"aud": "W-2"}, Refused.WRONG_AUDIENCE),
    "audiences": ({"aud": [STATION, "W-2"]}, Refused.WRONG_AUDIENCE),
    "no audience": ({"aud": None}, Refused.WRONG_AUDIENCE),
    "wrong issuer": ({"iss": "bureau"}, Refused.WRONG_ISSUER),
    "half an issuer": ({"iss": "\ud800"}, Refused.WRONG_ISSUER),
    "half an audience": ({"aud": "W-1\n\udfff"}, Refused.WRONG_AUDIENCE),
    "unknown kind": ({"order": "self_destruct"}, Refused.NO_COMMAND),
    "no kind": ({"order": ["allocate"]}, Refused.NO_COMMAND),
    "no fields": ({"fields": {}}, Refused.NO_COMMAND),
    "other fields": ({"fields": {**HUGE, "force": True}}, Refused.NO_COMMAND),
    "other claims": ({"nbf": 1}, Refused.NO_COMMAND),
    "no id": ({"jti": ""}, Refused.NO_COMMAND),
    "an id too long": ({"jti": "x" * 65}, Refused.NO_COMMAND),
    "a half second": ({"exp": NOW_S + 0.5}, Refused.NO_COMMAND),
    "no end": ({"exp": None}, Refused.NO_COMMAND),
    "impossible volume": ({"fields": HUGE}, Refused.VOLUME_RANGE),
    "closed year": ({"fields": LAST_YEAR}, Refused.YEAR_CLOSED),
    "not granted": (
        {
            "order": "override",
            "fields": {"use": "fire", "volume_l": 1000, "lasts_ms": 60_000, "reason": "fire"},
        },
        Refused.NOT_ALLOWED,
    ),
    "hands only": ({"order": "lay_up", "fields": {"document": "n"}}, Refused.NOT_ALLOWED),
    "a key for itself": (
        {
            "order": "key",
            "fields": {"platform": "division", "public_key": "00" * 32, "document": "n"},
        },
        Refused.NOT_ALLOWED,
    ),
    "records of tomorrow": (
        {"order": "resend", "fields": {"first": 1, "last": 9999}},
        Refused.RESEND_RANGE,
    ),
}


@pytest.mark.parametrize("name", BAD)
def test_what_is_no_good_changes_nothing_and_its_sender_is_told(
    station: Station, name: str
) -> None:
    claims, reason = BAD[name]
    before = station.story.state.ledger, len(station.refusals)
    token = station.token(**claims)
    for _ in range(3):
        told = station.hand_in(token)
        assert told["result"]["accepted"] is False
        assert told["result"]["refusal"]["words"] == told["words"]
    assert station.story.state.ledger == before[0]
    # One record for each reason, however often: the first, and that it was repeated.
    assert station.refusals[before[1]] == ("division", reason)
    assert len(station.refusals) - before[1] <= 2


def test_a_retained_message_is_refused_and_its_sender_told(station: Station) -> None:
    told = station.hand_in(station.token(), retained=True)
    assert told["result"]["refusal"]["reason"] == Refused.RETAINED
    assert station.allocated_l == 100_000


def test_a_revoked_key_is_told_that_it_is(station: Station) -> None:
    told = station.hand_in(station.token("revoked"))
    assert told["result"]["refusal"]["reason"] == Refused.KEY_REVOKED
    assert station.allocated_l == 100_000


def test_a_replay_changes_nothing_through_any_door(station: Station) -> None:
    token = station.token()
    assert station.hand_in(token)["result"]["accepted"]
    for door in ("division", "bureau", "admin"):
        told = station.hand_in(token, door)["result"]
        assert (told["refusal"]["reason"], told["refusal"]["expected"]) == ("duplicate", "accepted")
    assert station.allocated_l == 105_000
    assert station.refusals == [("division", Refused.DUPLICATE)]


def unsigned(station: Station) -> dict[str, str]:
    """What proves nothing, by what is wrong with it."""
    good = station.token()
    head, body, signature = good.split(".")
    hs256 = part({"alg": "HS256", "kid": station.kid("division")})
    public = bytes.fromhex(signing.public_of(station.keys["division"]))
    confused = hmac.new(public, f"{hs256}.{body}".encode(), hashlib.sha256).digest()
    stranger = station.keys["stranger"]
    other = part({**station.claims(), "fields": HUGE})
    return {
        "alg none": f"{part({'alg': 'none', 'kid': station.kid('division')})}.{body}.",
        "algorithm confusion": f"{hs256}.{body}."
        + base64.urlsafe_b64encode(confused).rstrip(b"=").decode(),
        "another's signature": signing.token_of(
            station.claims(), station.kid("division"), stranger
        ),
        "an unknown key": signing.token_of(station.claims(), "k-9", stranger),
        "no key id": f"{part({'alg': 'EdDSA'})}.{body}.{signature}",
        "another body": f"{head}.{other}.{signature}",
        "no signature": f"{head}.{body}.",
        "no token": "give me water",
        "empty": "",
        "a bomb": "[" * TOKEN_MAX,
    }


def test_what_proves_nothing_changes_nothing_and_nobody_is_told(station: Station) -> None:
    ledger = station.story.state.ledger
    for token in unsigned(station).values():
        told = station.hand_in(token)
        assert told["result"] is None
        assert "Nothing is proved" in told["words"]
    assert station.story.state.ledger == ledger
    assert station.refusals == [("division", Refused.UNSIGNED)]
    station.story.turned_away = ()
    station.story.after(61)
    (counted,) = station.story.of(RefusalsCounted)
    assert counted.count == len(unsigned(station)) - 1


def test_a_token_too_long_is_no_request(station: Station) -> None:
    with pytest.raises(DeskRefused, match="8192"):
        station.hand_in("x" * (TOKEN_MAX + 1))


def test_what_an_uplink_dropped_is_counted(station: Station) -> None:
    for count in (3, 4):
        fields = {"reason": "oversized", "count": count}
        station.client("division").call("turned_away", fields, WAIT_S)
    station.scan()
    assert station.refusals == [("division", Refused.OVERSIZED)]
    assert station.story.state.tallies[0].count == 6
    wrong = {"reason": "unsigned", "count": 1}
    with pytest.raises(DeskRefused, match="reason must be one of"):
        station.client("division").call("turned_away", wrong, WAIT_S)


def test_while_nobody_can_check_a_signature_the_sender_may_ask_again(station: Station) -> None:
    station.prover.gone = True
    with pytest.raises(DeskRefused, match="try again"):
        station.hand_in(token := station.token())
    station.prover.gone = False
    assert station.hand_in(token)["result"]["accepted"]


def test_signatures_are_checked_at_a_bounded_pace(station: Station) -> None:
    """All at once: what would have to wait for long is sent away."""
    clients = [Client(station.folder / "bureau.sock") for _ in range(4)]
    for client in clients:
        for _ in range(7):
            client.post("signed_command", {"token": "x"})
    refused = served = 0
    for _ in range(TURNS_MAX):
        for client in clients:
            for reply in client.take():
                refused += reply.error is not None
                served += reply.error is None
        if refused + served == 28:
            break
        station.scan()
    for client in clients:
        client.close()
    assert refused > 0
    assert served <= 2 * VERIFIED_PER_S


def test_one_platform_does_not_fill_the_inbox_of_all(station: Station) -> None:
    mine = [Client(station.folder / "division.sock") for _ in range(2)]
    for client in mine:
        for _ in range(5):
            client.post("signed_command", {"token": station.token(order="report", fields={})})
    refused = 0
    for _ in range(TURNS_MAX):
        refused += sum(reply.error is not None for client in mine for reply in client.take())
        if refused == 10 - PENDING_MAX:
            break
        threading.Event().wait(0.005)
    assert refused == 10 - PENDING_MAX
    told = station.hand_in(
        station.token("bureau", iss="bureau", order="report", fields={}), "bureau"
    )
    assert told["result"]["accepted"]
    for client in mine:
        client.close()


def test_who_hung_up_while_the_disk_failed_waits_for_nothing(station: Station) -> None:
    """A link that came and went left one behind each time, as long as nothing could be written."""
    token, admin = station.token(jti="again"), station.client("admin")

    def until_listen(count: int) -> None:
        for _ in range(TURNS_MAX):
            admin.call("hello", {}, WAIT_S)
            pending = tuple(station.desk._inbox._pending.values())
            if sum(len(one.listeners) for one in pending) == count:
                return
        raise AssertionError(f"not {count} within the bound: {pending}")

    for _ in range(3):
        with Client(station.folder / "division.sock") as client:
            client.post("signed_command", {"token": token})
            until_listen(1)
        until_listen(0)
    station.scan()
    assert station.allocated_l == 105_000, "it was carried out all the same, once"


def test_a_command_lives_as_its_claims_say(station: Station) -> None:
    token = station.token(order="report", fields={})
    station.story.now_ms += 2 * HOUR
    assert station.hand_in(token)["result"]["refusal"]["reason"] == Refused.EXPIRED


def test_a_console_takes_commands_of_whoever_signed_in_alone(station: Station) -> None:
    with pytest.raises(DeskRefused, match="sign in first"):
        station.hand_in(station.token(), "console-front")
    assert station.allocated_l == 100_000


@pytest.mark.parametrize(("door", "told"), [("division", True), ("admin", False)])
def test_a_platform_hears_of_a_held_stop_when_it_is_written_and_who_stands_here_at_once(
    station: Station, door: str, *, told: bool
) -> None:
    """Its broker keeps the stop until then, so that a power cut does not lose it."""
    asking = station.client(door)
    token = station.token(order="stop", fields={"reason": "x"})
    number = asking.post("signed_command", {"token": token})
    for _ in range(TURNS_MAX):
        asking.call("hello", {}, WAIT_S)
        if stops := station.desk.stops():
            break
    (stop,) = stops
    verdict = Verdict(stop.id, stop.origin, stop.actor, "StopOrder", None, None)
    station.desk.hold([stop])
    station.desk.tell_held([verdict])
    asking.call("hello", {}, WAIT_S)  # an answer that was due is here
    assert [one.id for one in asking.take() if one.id == number] == ([] if told else [number])
    if told:
        station.scan()
        assert asking.answer(number, "signed_command", WAIT_S)["written"] is True
