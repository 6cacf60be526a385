"""Room rule: who may stop a pump and release it, and a stop that waits for the disk, as stories."""

from dataclasses import replace

import pytest

from agent.core.model import (
    AcknowledgeOrder,
    Command,
    ConditionKind,
    Latched,
    Order,
    Origin,
    OverrideOrder,
    Rank,
    Refused,
    ReleaseOrder,
    ReleaseOverrideOrder,
    StopOrder,
    Stopped,
    Use,
    Verdict,
)
from tests.core.story import HOUR, MINUTE, Story, addition
from tests.core.wells import pumping

K = ConditionKind
STOP, RELEASE = StopOrder("work on the well"), ReleaseOrder("work is done")
A, B = "platform a", "platform b"


@pytest.mark.parametrize(
    ("stopped", "kind"),
    [
        (Origin.ADMIN, K.STOPPED_ON_SITE),
        (Origin.CONSOLE, K.STOPPED_ON_SITE),
        (Origin.PLATFORM, K.STOPPED_BY_PLATFORM),
    ],
)
def test_a_stop_cuts_at_once_survives_a_power_cycle_and_is_released(
    stopped: Origin, kind: ConditionKind
) -> None:
    story = pumping()
    assert story.order(STOP, origin=stopped) is None
    assert story.reasons == [kind]
    assert story.of(Verdict)[-1].note == "work on the well"
    assert story.outcomes[-1].durable
    story.power_off(HOUR)
    story.after(900)
    assert story.reasons == [kind]
    assert story.order(RELEASE, origin=stopped) is None
    assert story.conditions == {}
    assert story.permitted


@pytest.mark.parametrize(
    ("stopped", "by", "released", "who", "allowed"),
    [
        (Origin.CONSOLE, "li", Origin.CONSOLE, "wang", True),
        (Origin.CONSOLE, "li", Origin.ADMIN, "root", True),
        (Origin.CONSOLE, "li", Origin.PLATFORM, A, False),
        (Origin.ADMIN, "root", Origin.ADMIN, "root", True),
        (Origin.ADMIN, "root", Origin.CONSOLE, "li", False),
        (Origin.ADMIN, "root", Origin.PLATFORM, A, False),
        (Origin.PLATFORM, A, Origin.PLATFORM, A, True),
        (Origin.PLATFORM, A, Origin.PLATFORM, B, False),
        (Origin.PLATFORM, A, Origin.CONSOLE, "li", False),
        (Origin.PLATFORM, A, Origin.ADMIN, "root", True),
    ],
)
def test_a_stop_is_released_by_the_same_or_a_higher_authority(
    stopped: Origin, by: str, released: Origin, who: str, *, allowed: bool
) -> None:
    story = pumping()
    assert story.order(STOP, origin=stopped, actor=by) is None
    refused = story.order(RELEASE, origin=released, actor=who)
    assert refused == (None if allowed else Refused.RELEASE_NOT_ALLOWED)
    refusal = story.of(Verdict)[-1].refusal
    assert refusal is None or refusal.expected == f"{stopped} {by}"
    story.after(200)
    assert story.permitted is allowed


def test_each_sender_releases_its_own_stop_and_the_others_stand() -> None:
    story = pumping()
    for origin, actor in [(Origin.PLATFORM, A), (Origin.PLATFORM, B), (Origin.CONSOLE, "li")]:
        assert story.order(STOP, origin=origin, actor=actor) is None
    assert story.reasons[:2] == [K.STOPPED_ON_SITE, K.STOPPED_BY_PLATFORM]
    assert story.order(RELEASE, origin=Origin.PLATFORM, actor=A) is None
    assert story.reasons[:2] == [K.STOPPED_ON_SITE, K.STOPPED_BY_PLATFORM]
    assert story.order(RELEASE, origin=Origin.PLATFORM, actor=B) is None
    assert K.STOPPED_BY_PLATFORM not in story.conditions
    assert story.order(RELEASE) is None
    assert K.STOPPED_ON_SITE not in story.conditions


def test_a_stop_twice_is_released_once() -> None:
    story = pumping()
    assert story.order(STOP) is None
    assert story.order(STOP) is None
    assert len(story.state.stops) == 1
    assert story.order(RELEASE) is None
    assert story.order(RELEASE) is Refused.NOT_STOPPED


def test_the_number_of_stops_is_bounded() -> None:
    story = pumping()
    for number in range(8):
        assert story.order(STOP, origin=Origin.PLATFORM, actor=f"p{number}") is None
    assert story.order(STOP, origin=Origin.PLATFORM, actor="p8") is Refused.STOPS_FULL
    assert story.order(STOP, origin=Origin.PLATFORM, actor="p7") is None


@pytest.mark.parametrize(
    "order",
    [
        StopOrder(" "),
        ReleaseOrder(""),
        AcknowledgeOrder(Latched.DRY_WELL, ""),
        OverrideOrder(Use.FIRE, 1, 1, "x" * 101),
        ReleaseOverrideOrder(""),
    ],
)
def test_every_such_order_says_why(order: Order) -> None:
    assert pumping().order(order) is Refused.REASON_MISSING


def held(story: Story, command: Command) -> Command:
    """The desk holds it: it was obeyed while the journal took nothing."""
    stop = replace(command, held=True)
    story.held = (stop,)
    return stop


@pytest.mark.parametrize("origin", [Origin.ADMIN, Origin.CONSOLE, Origin.PLATFORM])
def test_a_stop_that_cannot_be_written_yet_cuts_and_is_shown_as_any_stop(origin: Origin) -> None:
    story = Story().commission()
    story.start()
    story.journal_failing = True
    held(story, Command("s", origin, "li", StopOrder("a hand in the water")))
    story.after(60)
    shown = K.STOPPED_BY_PLATFORM if origin is Origin.PLATFORM else K.STOPPED_ON_SITE
    assert story.reasons[0] is shown
    assert not story.running
    assert not story.state.stops, "it is no entry yet"
    assert not any(isinstance(one, Stopped) for one in story.records)


@pytest.mark.parametrize("origin", [Origin.ADMIN, Origin.CONSOLE, Origin.PLATFORM])
def test_a_held_stop_becomes_an_entry_however_late_the_journal_takes_it(origin: Origin) -> None:
    story = Story().commission().unhurried()
    stop = story.signed(StopOrder("x"), lives_ms=MINUTE)
    if origin is not Origin.PLATFORM:
        stop = replace(stop, origin=origin, rank=Rank.TECHNICIAN, issued_utc_ms=None)
    story.journal_failing = True
    stop = held(story, stop)
    story.after(3600)
    story.journal_failing, story.held = False, ()
    assert story.hand_in(stop) == ["accepted"]
    assert [one.reason for one in story.of(Stopped)] == ["x"]
    assert not story.after(3600).permitted
    again = "expired" if origin is Origin.PLATFORM else "duplicate"
    assert story.hand_in(replace(stop, held=False)) == [again]


def test_a_held_stop_that_waits_behind_other_orders_holds_meanwhile() -> None:
    story = Story().commission()
    held(story, Command("s", Origin.ADMIN, "li", StopOrder("x")))
    assert story.order(addition(1)) is None
    assert not story.permitted
