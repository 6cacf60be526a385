"""The page of rights is the table of rights, and what platforms are told of it is no more."""

import runpy
from pathlib import Path

from agent.core.model import Capability
from agent.core.rights import RIGHTS
from agent.desk.claims import NAMES
from agent.settings import declarations
from drivers.payload import schema

ROOT = Path(__file__).parents[2]


def test_the_page_is_what_the_table_says() -> None:
    """If not: python docs/rights.py"""
    written = runpy.run_path(str(ROOT / "docs" / "rights.py"))
    assert (ROOT / "docs" / "security-rights.md").read_text("utf-8") == written["page"]()


def test_a_platform_is_told_of_every_order_that_it_may_be_granted_and_of_no_other() -> None:
    granted = {order.__name__ for order, right in RIGHTS.items() if right.capability is not None}
    assert {NAMES[name] for name in schema.COMMANDS} == granted
    assert {name: NAMES[name] for name in schema.COMMANDS} == {
        name: order.__name__ for name, order in schema.COMMANDS.items()
    }


def test_the_settings_offer_every_right_and_no_other() -> None:
    (inner, _) = declarations.Platform.__annotations__["may"].__args__
    assert set(inner.__args__) == {one.value for one in Capability}
