"""Room rule: when a certificate's end is worth a word. Pure: time is an argument."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from agent.catalogue import Told
from agent.core.model import Moment
from agent.ports import Certificate

SOON_DAYS = 30
NOW_DAYS = 7
_DAY_MS = 86_400_000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def warning(certificates: Sequence[Certificate], now: Moment) -> Told | None:
    """About the one that ends first; None while there is time, or while the clock cannot tell."""
    if not certificates or not now.trusted:
        return None
    first = min(certificates, key=lambda one: one.not_after_utc_ms)
    left_ms = first.not_after_utc_ms - now.utc_ms
    days = left_ms // _DAY_MS
    if days > SOON_DAYS:
        return None
    day = (_EPOCH + timedelta(milliseconds=first.not_after_utc_ms)).date().isoformat()
    whose = Told(f"certificate.{first.whose}")
    if left_ms <= 0:
        return Told("certificate.expired", whose=whose, day=day)
    key = "certificate.expires_now" if days <= NOW_DAYS else "certificate.expires"
    return Told(key, whose=whose, day=day, days=days)
