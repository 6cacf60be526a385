"""What a condition asks for is asked in commands that are there: the shell's, or this console's."""

import re

import pytest

from agent import words
from agent.cli import COMMANDS
from agent.console.commands import COMMANDS as HERE
from agent.console.screens.status import _HERE, means
from agent.core.model import ConditionKind

# A unit of systemd's is wellkeeper-something; a command comes after a blank.
NAMED = re.compile(r"wellkeeper ([a-z-]+)")


@pytest.mark.parametrize("language", words.LANGUAGES)
@pytest.mark.parametrize("kind", ConditionKind)
def test_a_sentence_names_commands_that_are_there(kind: ConditionKind, language: str) -> None:
    assert set(NAMED.findall(words.condition(kind, language))) <= set(COMMANDS)
    assert not NAMED.search(means(kind, language)), "the console has its own"


@pytest.mark.parametrize("here", _HERE.values())
def test_a_command_that_the_console_is_told_is_one_of_its_own(here: str) -> None:
    typed = tuple(here.split())
    assert any(typed[: len(one.words)] == one.words for one in HERE)
