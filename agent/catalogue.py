"""Room rule: from a key and values to a sentence, in Chinese or in English. Knows no sentence.

The sentences stand in catalogue.toml beside this file. A table is read when its first sentence
is said: whoever says little holds little (all of it is 1.7 MB). A key that is not there is our
fault and ends the process.
"""

import io
import os
import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final, Self

LANGUAGES: Final = ("zh", "en")

_FILE: Final = Path(__file__).with_name("catalogue.toml")
# Held for as long as the process lives: an upgrade puts another file under this name, in which our
# tables stand elsewhere, and whoever runs on must not read his sentences there.
_HELD: Final = os.open(_FILE, os.O_RDONLY | os.O_CLOEXEC)
_BETWEEN: Final = {"zh": "；", "en": "; "}


class Told(Exception):
    """What went wrong through no fault of ours, as a sentence of the catalogue in any language.

    `values` fill it; one of them may be such a sentence itself, or several. As a text, in a log or
    beside a key that a program reads, it is English.
    """

    def __init__(self, key: str, **values: object) -> None:
        super().__init__(key, values)
        self.key = key
        self.values = values

    def said(self, language: str) -> str:
        return say(self.key, language, **self.values)

    def __str__(self) -> str:
        return self.said("en")

    def named(self) -> dict[str, Any]:
        """For JSON; `of` is the way back."""
        return {"key": self.key, "values": {name: _plain(one) for name, one in self.values.items()}}

    @classmethod
    def of(cls, named: Any) -> Self | None:
        """None when this version's catalogue does not know it, or asks for other values."""
        if not isinstance(named, Mapping):
            return None
        key, values = named.get("key"), named.get("values", {})
        if not isinstance(key, str) or _text(key) is None or not isinstance(values, Mapping):
            return None
        try:
            told = cls(key, **{str(name): _said(one) for name, one in values.items()})
            for language in LANGUAGES:
                told.said(language)
        except (LookupError, ValueError, TypeError, AttributeError, RecursionError):
            return None
        return told


def say(key: str, language: str, **values: object) -> str:
    """The catalogue's text of `key`, with its placeholders filled from `values`."""
    assert language in LANGUAGES, f"{language} is not spoken here"
    text = _text(key)
    assert text is not None, f"the catalogue has no {key}"
    return text[language].format(**{name: _in(one, language) for name, one in values.items()})


def _text(key: str) -> dict[str, str] | None:
    table, _, name = key.partition(".")
    return _table(table).get(name)


@cache
def _table(name: str) -> dict[str, dict[str, str]]:
    begin, end = _places().get(name, (0, 0))
    return dict(tomllib.loads(_read(begin, end).decode()).get(name, {}))


def _read(begin: int, end: int) -> bytes:
    text = os.pread(_HELD, end - begin, begin)
    assert len(text) == end - begin, f"{_FILE} was cut short while it was held"
    return text


@cache
def _places() -> dict[str, tuple[int, int]]:
    """Where each table stands in the file. No text of it has a line that begins with a bracket."""
    found: list[tuple[str, int]] = []
    at = 0
    for line in io.BytesIO(_read(0, os.fstat(_HELD).st_size)):
        if line.startswith(b"["):
            found.append((line.strip().strip(b"[]").decode(), at))
        at += len(line)
    ends = [begin for _, begin in found[1:]] + [at]
    return {name: (begin, end) for (name, begin), end in zip(found, ends, strict=True)}


def known(key: str) -> bool:
    """Whether there is such a sentence; for a key that somebody else's program has told."""
    return _text(key) is not None


@cache
def texts() -> dict[str, dict[str, str]]:
    """Every text by key, then by language."""
    tables = tomllib.loads(_read(0, os.fstat(_HELD).st_size).decode())
    return {
        f"{table}.{name}": text for table, texts in tables.items() for name, text in texts.items()
    }


def _in(value: object, language: str) -> object:
    if isinstance(value, Told):
        return value.said(language)
    if isinstance(value, list):
        return _BETWEEN[language].join(str(_in(one, language)) for one in value)
    return value


def _plain(value: object) -> object:
    if isinstance(value, Told):
        return value.named()
    if isinstance(value, list):
        return [_plain(one) for one in value]
    return value if isinstance(value, int) else str(value)


def _said(value: Any) -> object:
    if isinstance(value, list):
        return [_said(one) for one in value]
    return Told.of(value) or value if isinstance(value, Mapping) else value
