"""What the contacts of the pump house tell the core: of those that are wired, and of the others."""

from collections.abc import Mapping

from agent.control.seeing import _contacts
from agent.core.model import Contacts
from tests.core.story import Story


class Wired:
    """Contacts as they stand."""

    def __init__(self, **active: bool | None) -> None:
        self._active = active

    def read(self) -> Mapping[str, bool | None]:
        return self._active

    def close(self) -> None:
        self._active = {}


def test_a_contact_that_cannot_be_read_says_nothing() -> None:
    unread = Wired(bypass=None, door=None, mains=None, contactor=None)
    assert _contacts(unread) == Contacts()
    assert _contacts(Wired(bypass=True, door=True, mains=True, contactor=True)) == Contacts(
        bypass_closed=True, door_open=True, mains_present=True, contactor_closed=True
    )


def test_what_a_contact_told_ends_when_it_is_taken_out_of_the_settings() -> None:
    """A door switch that broke while it said "open" would else warn for ever."""
    story = Story().commission()
    story.contacts = _contacts(Wired(bypass=True, door=True))
    story.after(1)
    assert set(story.conditions) == {"bypassed", "door_open"}
    story.contacts = _contacts(Wired(bypass=None, door=None))
    story.after(1)
    assert set(story.conditions) == {"bypassed", "door_open"}
    story.contacts = _contacts(None)
    story.after(1)
    assert story.conditions == {}
