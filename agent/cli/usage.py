"""Room rule: what argparse says of a wrong command line, in the user's language. Judges nothing.

argparse says it in English and ends the process. Its sentences are few and old; one that is not
known here is passed on as it is. Loaded by a command that was not understood, and by no other.
"""

import re
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Final

from agent.catalogue import known, say
from agent.cli.options import DEFAULT_CONFIG

# The sentence of the catalogue, and how argparse begins to say the same.
_SAID: Final = (
    ("missing", re.compile(r"the following arguments are required: (?P<argument>.+)")),
    ("missing_one", re.compile(r"one of the arguments (?P<argument>.+) is required")),
    ("unknown", re.compile(r"unrecognized arguments: (?P<argument>.+)")),
    ("ambiguous", re.compile(r"ambiguous option: (?P<argument>\S+) could match (?P<accepted>.+)")),
    (
        "choice",
        re.compile(
            r"argument (?P<argument>.+?): invalid choice: (?P<given>.+) "
            r"\((?:maybe you meant.*, )?choose from (?P<accepted>.+)\)"
        ),
    ),
    (
        "type",
        re.compile(r"argument (?P<argument>.+?): invalid (?P<type>\w+) value: (?P<given>.+)"),
    ),
    ("no_value", re.compile(r"argument (?P<argument>.+?): expected (?:at least )?one argument")),
    ("surplus", re.compile(r"argument (?P<argument>.+?): ignored explicit argument (?P<given>.+)")),
    (
        "together",
        re.compile(r"argument (?P<argument>.+?): not allowed with argument (?P<accepted>.+)"),
    ),
)
_ERROR: Final = re.compile(r"^(?P<command>.+?): error: (?P<said>.+)$", re.MULTILINE | re.DOTALL)


def in_words(printed: str, given: Sequence[str]) -> str:
    """What argparse printed, with its complaint as one line in the user's language at the end."""
    found = _ERROR.search(printed)
    if found is None:
        return printed
    language = language_of(given)
    complaint = _complaint(found["said"].strip(), language)
    last = say("usage.line", language, command=found["command"], complaint=complaint)
    return f"{printed[: found.start()]}{last}\n"


def language_of(given: Sequence[str]) -> str:
    """As the command line says, or else its settings; it was not understood, so it is only read."""
    from agent.settings import SettingsError, load

    asked = _value("--language", given)
    if asked in ("zh", "en"):
        return asked
    try:
        return load(Path(_value("--config", given) or DEFAULT_CONFIG)).station.language
    except SettingsError as unread:
        return unread.language or "zh"


def _complaint(said: str, language: str) -> str:
    for key, form in _SAID:
        if (found := form.fullmatch(said)) is None:
            continue
        parts = found.groupdict()
        if key == "type":
            name = f"usage_type.{parts['type']}"
            parts["accepted"] = say(name, language) if known(name) else parts["type"]
        return say(f"usage.{key}", language, **parts)
    return said


def _value(option: str, given: Sequence[str]) -> str | None:
    for one, after in pairwise([*given, ""]):
        if one == option:
            return after
        if one.startswith(f"{option}="):
            return one.partition("=")[2]
    return None
