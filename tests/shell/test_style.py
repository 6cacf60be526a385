"""Rules of the house that no linter holds; docs/design.md, section 3, and what a reader is owed."""

import ast
import io
import re
import tokenize
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ROOMS = ("agent", "drivers")
OURS = sorted(path for room in ROOMS for path in (ROOT / room).rglob("*.py"))
ALL = sorted(
    path for room in (*ROOMS, "docs", "packaging", "tests") for path in (ROOT / room).rglob("*.py")
)
# What they hold is said in README's house.
HOUSES = [ROOT / room / "__init__.py" for room in (*ROOMS, "agent/core")]
# A module of the composition root is one command, and opens with its name.
OPENINGS = ("Room rule: ", "`wellkeeper ", "`python -m agent.cli` is `wellkeeper`")
# Room to breathe above the 50 and 300 that are meant: to be noticed, not to squeeze lines.
FUNCTION_LINES_MAX = 60
MODULE_LINES_MAX = 350

SILENCED = re.compile(r"#.*\b(?:noqa|type: ?ignore)\b")
WITH_REASON = re.compile(
    r"# (?:(?:ruff: )?noqa: [A-Z]+\d+(?:, [A-Z]+\d+)*|type: ignore\[[a-z, -]+\])"
    r"[ #-]+[\w`].*"
)


def comments(source: str) -> Iterator[str]:
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.COMMENT:
            yield token.string


def without_reason(source: str) -> list[str]:
    if not SILENCED.search(source):  # most files: to read their tokens takes ten times as long
        return []
    return [
        one for one in comments(source) if SILENCED.search(one) and not WITH_REASON.fullmatch(one)
    ]


def test_whoever_silences_a_check_says_why() -> None:
    assert len(ALL) > 500
    bare = {
        f"{path.relative_to(ROOT)}: {comment}"
        for path in ALL
        for comment in without_reason(path.read_text("utf-8"))
    }
    assert bare == set()


@pytest.mark.parametrize(
    ("line", "stands"),
    [
        ("x = 1  # noqa: S105 - the name of a reason", True),
        ("x = 1  # noqa: C901, PLR0912  # a line each", True),
        ("x = 1  # type: ignore[misc]  # gpiozero has no types", True),
        ("# ruff: noqa: INP001 - a script, in no package", True),
        ("x = '# noqa: S105'", True),  # says it, and silences nothing
        ("x = 1  # noqa: S105", False),
        ("x = 1  # noqa", False),
        ("x = 1  # type: ignore[misc]", False),
        ("x = 1  # type: ignore", False),
        ("x = 1  # type:ignore  # somehow", False),
    ],
)
def test_a_reason_is_told_from_none(line: str, stands: bool) -> None:
    assert (without_reason(line) == []) is stands


@pytest.mark.parametrize("path", OURS, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_module_opens_with_its_rule_and_can_be_read_in_an_evening(path: Path) -> None:
    source = path.read_text("utf-8")
    module = ast.parse(source)
    assert path in HOUSES or (ast.get_docstring(module) or "").startswith(OPENINGS)
    assert len(source.splitlines()) <= MODULE_LINES_MAX
    functions = (ast.FunctionDef, ast.AsyncFunctionDef)
    long = {
        one.name: lines
        for one in ast.walk(module)
        if isinstance(one, functions)
        and (lines := (one.end_lineno or 0) - one.lineno + 1) > FUNCTION_LINES_MAX
    }
    assert long == {}
