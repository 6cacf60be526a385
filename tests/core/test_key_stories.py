"""Room rule: which keys a platform has, who gives it them, and which stay out, as stories."""

import pytest

from agent.core.keyring import kid_of
from agent.core.model import (
    Command,
    KeyAdded,
    KeyOrder,
    KeyRevoked,
    Origin,
    PlatformKey,
    Refused,
    RevokeKeyOrder,
)
from tests.core.signed import commissioned
from tests.core.story import plan

PUBLIC = "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"
KID = "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"  # both are RFC 8037's own example


def test_a_key_is_called_by_its_thumbprint() -> None:
    assert kid_of(PUBLIC) == KID
    assert kid_of(PUBLIC.upper()) == KID
    for wrong in ("", PUBLIC[:-2], PUBLIC + "00", "g" * 64, f" {PUBLIC[:-1]}"):
        assert kid_of(wrong) is None


def test_a_platform_has_two_keys_at_most_and_a_revoked_one_stays_out() -> None:
    story = commissioned()
    order = KeyOrder("province", PUBLIC, "form 3")
    assert story.order(order) is None
    assert story.of(KeyAdded)[-1] == KeyAdded("province", KID, PUBLIC, "form 3", "li")
    story.keys = (PlatformKey("province", KID, PUBLIC),)
    assert story.order(order) is Refused.KEY_KNOWN
    assert story.order(KeyOrder("province", "00", "form 3")) is Refused.KEY_UNREADABLE
    assert story.order(KeyOrder("nobody", "00" * 32, "form 3")) is Refused.PLATFORM_UNKNOWN
    story.keys += (PlatformKey("province", "k2", "11" * 32), PlatformKey("a", "k3", "22" * 32))
    assert story.order(KeyOrder("province", "00" * 32, "form 3")) is Refused.KEYS_FULL
    assert story.order(KeyOrder("a", "00" * 32, "form 3")) is None
    assert story.order(RevokeKeyOrder("province", "k3", "lost")) is Refused.KEY_UNKNOWN
    assert story.order(RevokeKeyOrder("province", "k2", " ")) is Refused.REASON_MISSING
    assert story.order(RevokeKeyOrder("province", "k2", "lost")) is None
    assert story.of(KeyRevoked)[-1] == KeyRevoked("province", "k2", "lost", "li")
    story.keys = (PlatformKey("province", KID, PUBLIC, revoked=True),)
    assert story.order(order) is Refused.KEY_KNOWN


def test_a_rotation_revokes_and_adds_at_once_or_does_neither() -> None:
    story = commissioned()
    old, new = PlatformKey("province", "k1", "11" * 32), PlatformKey("province", "k2", "22" * 32)
    story.keys = (old, new, PlatformKey("province", KID, PUBLIC, revoked=True))
    assert story.order(KeyOrder("province", PUBLIC, "letter 8", "k1")) is Refused.KEY_KNOWN
    assert story.order(KeyOrder("province", "00" * 32, "letter 8", "k3")) is Refused.KEY_UNKNOWN
    assert story.order(KeyOrder("province", "00" * 32, " ", "k1")) is Refused.DOCUMENT_MISSING
    assert story.of(KeyRevoked) == []
    story.keys = (old, new)
    assert story.order(KeyOrder("province", PUBLIC, "letter 8", "k1")) is None
    assert story.of(KeyRevoked) == [KeyRevoked("province", "k1", "letter 8", "li")]
    assert story.of(KeyAdded) == [KeyAdded("province", KID, PUBLIC, "letter 8", "li")]


def test_a_platform_gives_itself_no_key() -> None:
    story = commissioned()
    assert story.hand_in(story.signed(KeyOrder("province", PUBLIC, "form"))) == [
        Refused.NOT_ALLOWED
    ]
    assert story.hand_in(story.signed(plan(1))) == [Refused.PLAN_EXISTS]


def key_orders(*orders: KeyOrder | RevokeKeyOrder) -> list[Command]:
    return [Command(f"k{n}", Origin.ADMIN, "li", order) for n, order in enumerate(orders)]


def added(number: int, replaces: str = "") -> KeyOrder:
    return KeyOrder("province", f"{number:02}" * 32, "form 3", replaces)


SAME_SCAN = [
    ("a third key", [added(1), added(2)], ["accepted", "keys_full"]),
    ("a key twice", [added(1), added(1)], ["accepted", "key_known"]),
    (
        "one key replaced twice",
        [added(1, "old"), added(2, "old"), added(3)],
        ["accepted", "key_unknown", "accepted"],
    ),
    (
        "a key that has just come is replaced",
        [added(1), added(2, kid_of("01" * 32) or ""), added(3)],
        ["accepted", "accepted", "keys_full"],
    ),
    (
        "revoked, and then revoked or replaced",
        [RevokeKeyOrder("province", "old", "lost"), RevokeKeyOrder("province", "old", "lost"),
         added(1, "old"), added(2), added(3), added(4)],
        ["accepted", "key_unknown", "key_unknown", "accepted", "accepted", "keys_full"],
    ),
]  # fmt: skip


@pytest.mark.parametrize(
    ("orders", "told"), [pytest.param(*row, id=name) for name, *row in SAME_SCAN]
)
def test_orders_about_keys_in_one_scan_are_judged_as_if_in_several(
    orders: list[KeyOrder | RevokeKeyOrder], told: list[str]
) -> None:
    story = commissioned()
    story.keys = (PlatformKey("province", "old", "99" * 32),)
    assert story.hand_in(*key_orders(*orders)) == told
    valid = {"old"}
    for body in story.records:
        if isinstance(body, KeyAdded):
            valid.add(body.kid)
        elif isinstance(body, KeyRevoked):
            valid.remove(body.kid)
    assert 0 < len(valid) <= 2
