"""A platform that holds more than the journal: believed when it must be, and not too often."""

from typing import Any

import pytest

from agent.desk.client import DeskRefused

WAIT_S = 20.0


def ask(house: Any, number: int, digest: str, epoch: str | None = None) -> Any:
    client = house.client("division")
    mine = client.call("hello", {}, WAIT_S)["epoch"]
    fields = {"epoch": epoch or mine, "number": number, "hash": digest}
    return client.call("ahead", fields, WAIT_S)


def test_a_record_beyond_the_newest_or_another_one_under_its_number_is_told_to_the_scan(
    house: Any,
) -> None:
    house.write(3)
    assert house.desk.ahead() is None
    assert ask(house, 4, "00" * 32) == {}
    assert house.desk.ahead() == ("division", 4)
    assert ask(house, 2, "00" * 32) == {}
    assert house.desk.ahead() == ("division", 2)


def test_what_the_journal_holds_is_not_ahead_of_it(house: Any) -> None:
    house.write(3)
    with pytest.raises(DeskRefused, match="record 3 is in the journal"):
        ask(house, 3, house.journal.head.hash.hex())
    with pytest.raises(DeskRefused, match="nothing is ahead"):
        ask(house, 9, "00" * 32, epoch="f" * 16)
    assert house.desk.ahead() is None


def test_the_scan_is_not_told_again_and_again(house: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("agent.desk.uplinks.may_begin", lambda _: "this epoch has only begun")
    with pytest.raises(DeskRefused, match="has only begun"):
        ask(house, 9, "00" * 32)
    assert house.desk.ahead() is None
