"""How much a link may carry."""

from agent.ports import LinkFault, LinkUp
from agent.uplink.link import ANSWER_GOOD_MS, Link, Trouble
from agent.uplink.retry import DELAY_MIN_MS

NOBODY = Trouble(LinkFault.NO_CONSUMER, "nobody listens")
CABLE = Trouble(LinkFault.LOST, "cable")


def link_up(window: int = 8) -> Link:
    link = Link(lambda: 0)
    link.came_up(LinkUp(window, 65_536), 0)
    return link


def test_a_new_link_carries_one_batch_until_somebody_has_answered() -> None:
    link = link_up()
    assert link.room(0, 0)
    assert not link.room(1, 0)


def test_quick_answers_open_the_window_and_no_further() -> None:
    link = link_up(window=4)
    for _ in range(50):
        link.answered(10)
    assert link.room(3, 0)
    assert not link.room(4, 0)


def test_slow_answers_close_it_so_that_the_state_does_not_wait_behind_a_backlog() -> None:
    link = link_up()
    for _ in range(7):
        link.answered(ANSWER_GOOD_MS)
    assert link.room(7, 0)
    for _ in range(3):
        link.answered(ANSWER_GOOD_MS + 1)
    assert link.room(0, 0)
    assert not link.room(1, 0)


def test_a_hold_keeps_everything_until_its_retry_and_says_why() -> None:
    link = link_up()
    link.hold(NOBODY, 1_000)
    assert not link.room(0, 1_000 + DELAY_MIN_MS - 1)
    assert link.room(0, 1_000 + DELAY_MIN_MS)
    assert link.error == NOBODY
    link.answered(1)
    assert link.error is None


def test_a_fallen_link_says_why_until_the_next_is_up() -> None:
    link = link_up()
    link.fell(CABLE, 5_000)
    assert link.error == CABLE
    assert not link.room(0, 5_000)
    assert not link.may_connect(5_000 + DELAY_MIN_MS - 1)
    assert link.may_connect(5_000 + DELAY_MIN_MS)
    link.came_up(LinkUp(1, 1_024), 6_000)
    assert link.error is None
