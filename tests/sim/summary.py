"""Room rule: prints what the years of one run saw, from all its workers. Counts nothing itself.

A soak that has not met everything often enough has failed, although each of its years held. A
plugin and no conftest: where tests run in workers, their parent collects none and loads none.
"""

from typing import Any

import pytest

PROPERTY = "sim year"
WHOLE_SOAK = 20


def pytest_sessionfinish(session: pytest.Session) -> None:
    from tests.sim.tally import rare

    years = _years(session.config)
    if years and _is_whole(session.config) and rare(years):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    from tests.sim.tally import ENOUGH, rare, table

    years = _years(config)
    if not years:
        return
    terminalreporter.section("station-years")
    for line in table(years):
        if line == "" and not _is_soak(config):
            break
        terminalreporter.write_line(line)
    if _is_whole(config):
        seldom = ", ".join(rare(years)) or "nothing"
        terminalreporter.write_line(f"seen fewer than {ENOUGH} times: {seldom}")


def _is_soak(config: pytest.Config) -> bool:
    return int(config.getoption("--soak")) > 1


def _is_whole(config: pytest.Config) -> bool:
    """200 station-years: so many must have met everything."""
    return int(config.getoption("--soak")) >= WHOLE_SOAK


def _years(config: pytest.Config) -> list[dict[str, Any]]:
    """Of this process's reporter; a parallel worker has none."""
    reporter = config.pluginmanager.get_plugin("terminalreporter")
    reports = [] if reporter is None else reporter.getreports("passed")
    return [row for one in reports for name, row in one.user_properties if name == PROPERTY]
