"""Room rule: from a key and values to a sentence, in Chinese or in English. Knows no sentence.

The sentences stand in catalogue.toml beside this file, and are read when the first one is said: a
process that has nothing to say holds none of them. A key that is not there is our fault and ends
the process.
"""

import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final, Self

LANGUAGES: Final = ("zh", "en")

_FILE: Final = Path(__file__).with_name("catalogue.toml")
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
        if not isinstance(key, str) or key not in texts() or not isinstance(values, Mapping):
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
    text = texts().get(key)
    assert text is not None, f"the catalogue has no {key}"
    return text[language].format(**{name: _in(one, language) for name, one in values.items()})


@cache
def texts() -> dict[str, dict[str, str]]:
    """Every text by key, then by language."""
    tables = tomllib.loads(_FILE.read_text(encoding="utf-8"))
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
