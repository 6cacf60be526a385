"""Room rule: the settings file, shown and checked and compared. It changes at the shell only."""

import dataclasses
from collections.abc import Iterator
from typing import Any

from agent.console.talk import Talk


def show(talk: Talk) -> None:
    """The file as it stands; it holds no secret, only the names of files that do."""
    talk.lines(talk.bench.text().splitlines())


def check(talk: Talk) -> None:
    wrong = talk.bench.check(talk.language)
    talk.lines(wrong or [talk.word("console.config_good")])


def diff(talk: Talk) -> None:
    """Each option that is not its default, as this console's process read it."""
    talk.lines(_changed(talk.settings, ""))
    set_here = talk.state()["thresholds"]
    if set_here:
        talk.say("console.set_here")
    talk.lines(f"  {name} = {one['value']}  ({one['settings']})" for name, one in set_here.items())


def set_threshold(talk: Talk, name: str, value: int, document: str) -> None:
    """The only settings that change here; the settings file's own value takes one back."""
    talk.confirm()
    talk.order("SetThresholdOrder", name=name, value=value, document=document)


def _changed(section: Any, key: str) -> Iterator[str]:
    for field in dataclasses.fields(section):
        name, value = f"{key}{field.name}", getattr(section, field.name)
        default = field.default
        if field.default_factory is not dataclasses.MISSING:
            default = field.default_factory()
        if value == default:
            continue
        if dataclasses.is_dataclass(value):
            yield from _changed(value, f"{name}.")
        elif isinstance(value, tuple) and value and dataclasses.is_dataclass(value[0]):
            for number, one in enumerate(value):
                yield from _changed(one, f"{name}[{number}].")
        else:
            before = "" if default is dataclasses.MISSING else f"  ({default})"
            yield f"  {name} = {value}{before}"
