"""Room rule: when a certificate's end is worth a word. Pure: time is an argument."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from agent.core.model import Moment
from agent.ports import Certificate

SOON_DAYS = 30
NOW_DAYS = 7
_DAY_MS = 86_400_000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def warning(certificates: Sequence[Certificate], now: Moment) -> str:
    """About the one that ends first; empty while there is time, or while the clock cannot tell."""
    if not certificates or not now.trusted:
        return ""
    first = min(certificates, key=lambda one: one.not_after_utc_ms)
    left_ms = first.not_after_utc_ms - now.utc_ms
    days = left_ms // _DAY_MS
    if days > SOON_DAYS:
        return ""
    day = (_EPOCH + timedelta(milliseconds=first.not_after_utc_ms)).date().isoformat()
    whose = f"the {first.whose}'s certificate"
    if left_ms <= 0:
        return f"{whose} expired on {day}: no link is made until it is renewed"
    if days <= NOW_DAYS:
        return f"{whose} expires in {days} days, on {day}: renew it now"
    return f"{whose} expires in {days} days, on {day}: renew it"
