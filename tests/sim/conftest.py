"""Room rule: prints what the years of one run saw, from all its workers. Counts nothing itself.

A soak that has not met everything often enough has failed, although each of its years held.
"""

import pytest

from tests.sim.tally import ENOUGH, Told, rare, table

PROPERTY = "sim year"
WHOLE_SOAK = 20


def pytest_sessionfinish(session: pytest.Session) -> None:
    years = _years(session.config)
    if years and _is_whole(session.config) and rare(years):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    years = _years(config)
    if not years:
        return
    terminalreporter.section("station-years")
    for line in table(years):
        terminalreporter.write_line(line)
    if _is_whole(config):
        seldom = ", ".join(rare(years)) or "nothing"
        terminalreporter.write_line(f"seen fewer than {ENOUGH} times: {seldom}")


def _is_whole(config: pytest.Config) -> bool:
    return int(config.getoption("--soak")) >= WHOLE_SOAK


def _years(config: pytest.Config) -> list[Told]:
    """Of this process's reporter; a parallel worker has none."""
    reporter = config.pluginmanager.get_plugin("terminalreporter")
    reports = [] if reporter is None else reporter.getreports("passed")
    return [row for one in reports for name, row in one.user_properties if name == PROPERTY]
