"""Room rule: when a dead process is started again, and when no more. Knows no process.

A control that died must be back before its lease lapses, so the first restarts come at once; one
that dies again and again is broken, and to go on would only hide it.
"""

from dataclasses import dataclass

# The deaths that count are those of the last WINDOW_MS.
WINDOW_MS = 120_000
DEATHS_MAX = 10
FIRST_DELAY_MS = 100
DELAY_MAX_MS = 10_000

# sysexits.h: its settings are wrong, and they will be wrong again.
BAD_SETTINGS = 78
# What the shell says of a program that does not exist or cannot be executed.
NO_SUCH_PROGRAM = frozenset({126, 127})


@dataclass(frozen=True, slots=True)
class Restart:
    """Start it again after `delay_ms`."""

    delay_ms: int


@dataclass(frozen=True, slots=True)
class GiveUp:
    """It will not live. `deaths` of them were within the window."""

    deaths: int


def after_death(
    deaths_ms: tuple[int, ...], now_ms: int, exit_code: int
) -> tuple[Restart | GiveUp, tuple[int, ...]]:
    """What to do now, and the deaths to remember. `exit_code` is negative for a signal."""
    recent = (*(at_ms for at_ms in deaths_ms if now_ms - at_ms < WINDOW_MS), now_ms)
    if exit_code == BAD_SETTINGS or exit_code in NO_SUCH_PROGRAM or len(recent) > DEATHS_MAX:
        return GiveUp(len(recent)), recent
    doubled_ms = FIRST_DELAY_MS << (len(recent) - 1)
    return Restart(min(DELAY_MAX_MS, doubled_ms)), recent


# 100 ms doubling ten times stays below the window's end: the bound can be reached at all.
assert sum(min(DELAY_MAX_MS, FIRST_DELAY_MS << n) for n in range(DEATHS_MAX)) < WINDOW_MS
