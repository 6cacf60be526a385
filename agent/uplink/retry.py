"""Room rule: when to try again. Pure: time and chance are arguments.

Full jitter: stations that lost the same broker at once come back spread over the whole cap. The
cap is short while an outage is short, since most are, then doubles. It is reset only by a link
that held: a broker that accepts and drops at once must not be hammered.
"""

from dataclasses import dataclass

SHORT_OUTAGE_MS = 2 * 60_000
SHORT_CAP_MS = 5_000
LONG_CAP_MS = 10 * 60_000
STABLE_MS = 5 * 60_000
DELAY_MIN_MS = 100
DOUBLINGS_MAX = 7
RIVAL_DOUBLINGS = 4  # 80 s

assert SHORT_CAP_MS << DOUBLINGS_MAX >= LONG_CAP_MS, "the doublings reach the long cap"


@dataclass(frozen=True, slots=True)
class Outage:
    """Since when nothing held, and how often the cap has doubled."""

    since_ms: int
    doublings: int = 0


def failed(outage: Outage | None, up_since_ms: int | None, now_ms: int) -> Outage:
    """The outage after an attempt failed, or after a link that was up since `up_since_ms` fell."""
    held = up_since_ms is not None and now_ms - up_since_ms >= STABLE_MS
    if outage is None or held:
        return Outage(now_ms)
    if now_ms - outage.since_ms < SHORT_OUTAGE_MS:
        return outage
    return Outage(outage.since_ms, min(outage.doublings + 1, DOUBLINGS_MAX))


def taken_over(outage: Outage | None, now_ms: int) -> Outage:
    """After another client took our name. Two that fight for it must not do so every second."""
    known = outage or Outage(now_ms)
    doublings = max(RIVAL_DOUBLINGS, known.doublings + 1)
    return Outage(known.since_ms, min(doublings, DOUBLINGS_MAX))


def delay_ms(outage: Outage, draw: float) -> int:
    """How long to wait; `draw` is uniform in [0, 1)."""
    assert 0 <= draw < 1, "a draw is uniform in [0, 1)"
    return max(DELAY_MIN_MS, int(cap_ms(outage) * draw))


def cap_ms(outage: Outage) -> int:
    return min(SHORT_CAP_MS << outage.doublings, LONG_CAP_MS)
