"""Room rule: what two text files say of the modem and its SIM. Asks no modem.

Lines of `name : value`, with the names of ModemManager's `mmcli --output-keyvalue`, so that its
output can stand there as it is. `wellkeeper-modem.service` writes what was measured; what only the
contract says (`sim.expires : 2027-03-31`) is in `modem.txt` beside the settings. Control may
start no process and has no network, so it reads.
"""

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Final

from agent.core.model import ModemHealth
from drivers.health.files import as_number, pairs, text

WORD_MAX: Final = 40
_ABSENT: Final = "--"  # mmcli's word


def modem(measured: Path, declared: Path) -> ModemHealth | None:
    """None where neither file is."""
    told = [text(declared), text(measured)]
    if told == [None, None]:
        return None
    said = {
        name: value[:WORD_MAX]
        for one in told
        for name, value in pairs(one)
        if value not in ("", _ABSENT)
    }
    return ModemHealth(
        seen_utc_ms=_written_utc_ms(measured),
        iccid=said.get("sim.properties.iccid", ""),
        operator=said.get("modem.3gpp.operator-name", ""),
        registration=said.get("modem.3gpp.registration-state", ""),
        access=said.get("modem.generic.access-technologies.value[1]", ""),
        signal_percent=as_number(said.get("modem.generic.signal-quality.value")),
        sim_expires_utc_ms=_end_of(said.get("sim.expires")),
    )


def _written_utc_ms(file: Path) -> int | None:
    try:
        return file.stat().st_mtime_ns // 1_000_000
    except OSError:
        return None


def _end_of(day: str | None) -> int | None:
    """The first instant after it, in UTC: a SIM card's contract ends by the day.

    None for the last day of the calendar: it has no end, and no platform can be told of one.
    """
    try:
        last = date.fromisoformat(day or "")
    except ValueError:
        return None
    if last == date.max:
        return None
    begun = datetime(last.year, last.month, last.day, tzinfo=UTC)
    return int(begun.timestamp()) * 1000 + 86_400_000
