"""What a resident process does without, and that nothing is missing for it."""

import dataclasses
import re
import subprocess
import sys
from pathlib import Path

from agent.lean import stand_in

ROOT = Path(__file__).parents[2]


def test_all_that_dataclasses_asks_of_inspect_is_there() -> None:
    """What a later Python asks besides would end every command of ours at its first class."""
    assert dataclasses.__file__ is not None
    source = Path(dataclasses.__file__).read_text("utf-8")
    asked = set(re.findall(r"\binspect\.(\w+)", source))
    assert asked <= vars(stand_in()).keys()


def test_what_it_says_of_annotations_is_what_inspect_says() -> None:
    import inspect

    class One:
        first: int
        second: str = ""

    class Two(One):
        pass

    for made in (One, Two):
        assert vars(stand_in())["get_annotations"](made) == inspect.get_annotations(made)


def test_classes_are_whole_and_inspect_is_not_loaded() -> None:
    say = (
        "import sys, agent.lean, dataclasses, agent.core.model as model\n"
        "print(*(one.name for one in dataclasses.fields(model.Moment)), 'inspect' in sys.modules)"
    )
    told = subprocess.run(
        [sys.executable, "-S", "-c", say], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert told.stdout.split() == ["utc_ms", "monotonic_ms", "boot", "trusted", "False"]
