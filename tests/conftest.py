"""Room rule: what every test folder shares. Nothing that belongs to one room's tests.

`--soak N` multiplies the trials of those tests that count them: a trial that kills or corrupts
something is worth repeating, and `make soak` repeats it all night without being another test.
"""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

# A slow machine is no mistake of the code: what must be quick is measured by `make bench`.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")


@pytest.fixture
def folder() -> Iterator[Path]:
    """Short, unlike tmp_path: a Unix socket's path has at most 107 bytes."""
    with tempfile.TemporaryDirectory(prefix="wk") as name:
        yield Path(name)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--soak",
        type=int,
        default=1,
        metavar="N",
        help="repeat the trials of the tests that take the `soak` fixture N times as often",
    )


def pytest_configure(config: pytest.Config) -> None:
    config.pluginmanager.import_plugin("tests.sim.summary")


# Whole stations wait for water, wire and leases: begun last, they would be waited for alone.
BEGIN_FIRST = (
    "tests/shell/demo",
    "tests/shell/console",
    "tests/shell/kills",
    "tests/shell/station",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A test that counts its trials is a soak test: `-m soak` finds it without a second list."""
    items.sort(key=lambda item: not item.nodeid.startswith(BEGIN_FIRST))
    for item in items:
        if "soak" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.soak)


@pytest.fixture(scope="session")
def soak(request: pytest.FixtureRequest) -> int:
    """How many times as many trials as in `make test`."""
    times: int = request.config.getoption("--soak")
    return times


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """What tests have recorded as `soak: TITLE`, one table each; also from parallel workers."""
    tables: dict[str, list[dict[str, object]]] = {}
    for report in terminalreporter.getreports("passed") + terminalreporter.getreports("failed"):
        for name, row in report.user_properties:
            if name.startswith("soak: "):
                tables.setdefault(name.removeprefix("soak: "), []).append(row)
    for title, rows in sorted(tables.items()):
        columns = list(rows[0])
        lines = [columns, *sorted([str(value) for value in row.values()] for row in rows)]
        widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
        terminalreporter.section(title)
        for line in lines:
            cells = (cell.ljust(width) for cell, width in zip(line, widths, strict=True))
            terminalreporter.write_line("  ".join(cells).rstrip())
