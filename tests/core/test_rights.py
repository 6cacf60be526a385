"""Who may order what: every order through every door, and nothing that the table does not name."""

from dataclasses import replace

import pytest

from agent.core.model import (
    Capability,
    Command,
    FirstSupervisorOrder,
    Grant,
    Order,
    Origin,
    Rank,
    Refused,
    SignInOrder,
    StopOrder,
)
from agent.core.rights import RIGHTS, granted, refuse_rights
from tests.core.story import SITE, Story, addition, plan

RANKS = [None, Rank.VIEWER, Rank.TECHNICIAN, Rank.SUPERVISOR]


def asked(kind: type[Order], origin: Origin, rank: Rank | None = None) -> Command:
    """An order of this kind. Rights never look inside it."""
    return Command("x", origin, "province", object.__new__(kind), rank=rank)


@pytest.mark.parametrize("kind", RIGHTS)
def test_root_on_this_host_may_order_everything(kind: type[Order]) -> None:
    assert refuse_rights(asked(kind, Origin.ADMIN), SITE) is None


@pytest.mark.parametrize("rank", RANKS)
@pytest.mark.parametrize("kind", RIGHTS)
def test_a_person_needs_the_rank_or_a_higher_one(kind: type[Order], rank: Rank | None) -> None:
    needed = RIGHTS[kind].rank
    high_enough = needed is not None and RANKS.index(rank) >= RANKS.index(needed)
    allowed = high_enough or RIGHTS[kind].unsigned
    refusal = refuse_rights(asked(kind, Origin.CONSOLE, rank), SITE)
    assert (refusal is None) is allowed
    assert refusal is None or refusal.reason is Refused.NOT_ALLOWED


def test_nobody_need_sign_in_to_sign_in_and_for_nothing_else() -> None:
    assert {kind for kind in RIGHTS if RIGHTS[kind].unsigned} == {SignInOrder, FirstSupervisorOrder}


@pytest.mark.parametrize("capability", Capability)
@pytest.mark.parametrize("kind", RIGHTS)
def test_a_platform_needs_the_very_capability(kind: type[Order], capability: Capability) -> None:
    site = replace(SITE, granted=(Grant("province", frozenset({capability})),))
    refusal = refuse_rights(asked(kind, Origin.PLATFORM), site)
    assert (refusal is None) is (RIGHTS[kind].capability is capability)


@pytest.mark.parametrize("kind", RIGHTS)
def test_a_platform_that_no_setting_names_may_nothing(kind: type[Order]) -> None:
    site = replace(SITE, granted=(Grant("another", frozenset(Capability)),))
    assert refuse_rights(asked(kind, Origin.PLATFORM), site) is not None
    assert granted("province", site) == frozenset()


@pytest.mark.parametrize("kind", RIGHTS)
def test_a_rank_gives_a_platform_nothing(kind: type[Order]) -> None:
    site = replace(SITE, granted=())
    assert refuse_rights(asked(kind, Origin.PLATFORM, Rank.SUPERVISOR), site) is not None


def test_what_may_not_be_ordered_changes_nothing_and_is_answered() -> None:
    story = Story(site=replace(SITE, granted=())).commission()
    assert story.ask(addition(5_000), Origin.PLATFORM) is Refused.NOT_ALLOWED
    assert story.ask(plan(1), Origin.CONSOLE, Rank.TECHNICIAN) is Refused.NOT_ALLOWED
    assert story.ask(StopOrder("a look"), Origin.CONSOLE, Rank.VIEWER) is Refused.NOT_ALLOWED
    assert story.ask(StopOrder("danger"), Origin.CONSOLE, Rank.TECHNICIAN) is None
