"""Room rule: signed commands at the desk: the bad-input list, each told why, nothing changed."""

import base64
import hashlib
import hmac
import json
from typing import Any

import pytest

from agent import signing
from agent.core.model import RefusalsCounted, Refused, Verdict
from agent.desk.client import DeskRefused
from agent.desk.gate import TOKEN_MAX
from tests.core.story import HOUR, utc_ms
from tests.shell.desk.conftest import WAIT_S
from tests.shell.desk.signing_station import STATION, Station


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


def test_a_command_lives_as_its_claims_say(station: Station) -> None:
    token = station.token(order="report", fields={})
    station.story.now_ms += 2 * HOUR
    assert station.hand_in(token)["result"]["refusal"]["reason"] == Refused.EXPIRED


def test_a_console_takes_commands_of_whoever_signed_in_alone(station: Station) -> None:
    with pytest.raises(DeskRefused, match="sign in first"):
        station.hand_in(station.token(), "console-front")
    assert station.allocated_l == 100_000
