"""Room rule: a day of the site's calendar as a person writes it, to instants."""

from datetime import MAXYEAR, MINYEAR, datetime, timedelta
from zoneinfo import ZoneInfo

from agent.amounts import AmountError

EXAMPLE = "2026-03-31"


def first_ms(day: str, zone: str) -> int:
    """The first instant of a day."""
    return int(_midnight(day, zone).timestamp() * 1000)


def after_ms(day: str, zone: str) -> int:
    """The first instant after a day."""
    return int((_midnight(day, zone) + timedelta(days=1)).timestamp() * 1000)


def _midnight(day: str, zone: str) -> datetime:
    try:
        midnight = datetime.strptime(day, "%Y-%m-%d").replace(tzinfo=ZoneInfo(zone))
    except ValueError:
        raise AmountError(day, EXAMPLE) from None
    # The first and the last year of the calendar have a neighbour in another zone that has none.
    if not MINYEAR < midnight.year < MAXYEAR:
        raise AmountError(day, EXAMPLE)
    return midnight
