"""What control lets the journal make room of: what every platform has, and who counts as one."""

from contextlib import closing
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from agent import rows
from agent.cli.control import _last, _owed
from agent.control.loop import _tend, _unheard
from agent.core.model import Ailment, AilmentKind, Grade, Health, HostHealth
from agent.core.state import State
from agent.journal import Journal, Now, Stamped, Transaction
from tests.core.story import SITE, Story

KEPT = {"division": 90, "bureau": 40}


def passed(declared: tuple[str, ...], known: tuple[str, ...]) -> int:
    """Of a journal of 100 records: up to which one all that count have come."""
    heard: list[Now] = []
    names = {one.removeprefix("platform "): 0 for one in declared}
    desk = SimpleNamespace(cursors=lambda: {name: KEPT[name] for name in names})
    organs: Any = SimpleNamespace(desk=desk, journal=SimpleNamespace(cursors=lambda: KEPT))
    state = State(declared=known, scanned_at=Story().moment)
    head = SimpleNamespace(head=SimpleNamespace(number=100))
    writer = SimpleNamespace(tend=heard.append)
    loop: Any = SimpleNamespace(state=state, committed=head, writer=writer)
    _tend(organs, replace(SITE, declared=declared), loop, _unheard(organs))
    (now,) = heard
    return now.passed


BOTH = ("platform division", "platform bureau")


@pytest.mark.parametrize(
    ("declared", "known", "number"),
    [
        (BOTH, BOTH, 40),
        (BOTH[:1], BOTH, 40),  # it vanished: what it has not read is kept
        (BOTH[:1], BOTH[:1], 90),  # somebody said that it is meant
        ((), (), 100),
    ],
)
def test_a_platform_that_vanished_is_waited_for_until_it_is_acknowledged(
    declared: tuple[str, ...], known: tuple[str, ...], number: int
) -> None:
    assert passed(declared, known) == number


@pytest.mark.parametrize(
    ("known", "owed"), [(BOTH, ("division", "bureau")), (BOTH[:1], ("division",))]
)
def test_a_new_epoch_carries_over_what_a_platform_that_vanished_has_not_read(
    tmp_path: Path, known: tuple[str, ...], owed: tuple[str, ...]
) -> None:
    """Else it stayed in the file of the old epoch, where no platform ever looks."""
    site = replace(SITE, declared=BOTH[:1])
    settings = SimpleNamespace(platform=[SimpleNamespace(name="division")])
    parts: Any = SimpleNamespace(settings=settings, house=SimpleNamespace(site=site))
    with closing(Journal.open(tmp_path / "journal.db")) as journal:
        state = rows.dumps(rows.to_row(State(declared=(*known, "bus main"))))
        journal.append(Transaction(state=state))
        assert _owed(parts, journal) == owed


def test_a_health_record_of_a_newer_version_ends_no_control_that_was_rolled_back(
    tmp_path: Path,
) -> None:
    now = Story().moment
    ailing = Health(
        "1", "boot", 0, HostHealth(), ailments=(Ailment(AilmentKind.NO_RTC, Grade.WARN),)
    )
    with closing(Journal.open(tmp_path / "journal.db")) as journal:
        assert _last(journal) is None
        journal.append(Transaction([Stamped(now.utc_ms, trusted=True, body=ailing)]))
        assert _last(journal) == ailing
        newer = "UPDATE records SET body = CAST(replace(CAST(body AS TEXT), ?, ?) AS BLOB)"
        journal._database.run(newer, "no_rtc", "asleep")
        assert _last(journal) is None
