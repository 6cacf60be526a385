"""Room rule: what options name on this host (files, keys, a zone) is there, and is what it must be.

Nothing of it is kept: a key or a certificate is read again by whoever uses it.
"""

import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from agent.settings.problems import Found, Reason
from agent.settings.relations import Good

USUAL_ZONE: Final = "Asia/Shanghai"
ZONES: Final = Path("/usr/share/zoneinfo")
CREDENTIALS: Final = Path("/run/credentials")


def not_as_named(good: Good) -> Iterator[Found]:
    for judged in (_secrets, _keys, _zone):
        yield from judged(good)


def _secrets(good: Good) -> Iterator[Found]:
    for platform in good.each("platform"):
        tls = f"{platform}.tls"
        pair = (f"{tls}.cert_file", f"{tls}.key_file")
        # A client certificate is proved with its key; one without the other proves nothing.
        if all(half in good.values for half in pair):
            for half, other in (pair, pair[::-1]):
                if good.get(half) is None and good.get(other) is not None:
                    yield Found(half, Reason.CERTIFICATE_ALONE, expected=other)
        for key in (f"{tls}.ca_file", f"{tls}.cert_file"):
            yield from _file(good, key, secret=False)
        for key in (f"{tls}.key_file", f"{platform}.password_file"):
            yield from _file(good, key, secret=True)


def _keys(good: Good) -> Iterator[Found]:
    # A key id names one platform. Two at most: the one in use, and the one that takes its place.
    seen: dict[str, str] = {}
    for platform in good.each("platform"):
        files = good.get(f"{platform}.key_files")
        if not files:
            continue
        from agent.core.keyring import KEYS_MAX  # hashes are nothing for the relay's process

        if len(files) > KEYS_MAX:
            yield Found(f"{platform}.key_files", Reason.KEYS_FULL, str(len(files)), str(KEYS_MAX))
        for number, file in enumerate(files):
            key = f"{platform}.key_files[{number}]"
            public = _public(file)
            if public is None:
                yield Found(key, Reason.KEY_NOT_PUBLIC, str(file))
            elif public in seen:
                yield Found(key, Reason.KEY_TWICE, str(file), seen[public])
            else:
                seen[public] = key


def _public(file: Path) -> str | None:
    from agent.settings.keys import FILE_BYTES_MAX, public_of

    try:
        if file.stat().st_size > FILE_BYTES_MAX:
            return None
        return public_of(file.read_text("ascii"))
    except (OSError, ValueError):
        return None


def _file(good: Good, key: str, *, secret: bool) -> Iterator[Found]:
    path = good.get(key)
    # systemd makes a unit's credentials when it starts the unit, for its user alone.
    if path is None or path.is_relative_to(CREDENTIALS):
        return
    try:
        mode = path.stat().st_mode
    except PermissionError:
        return  # another process's secret: every process reads the whole file
    except OSError:
        yield Found(key, Reason.FILE_ABSENT, str(path))
        return
    if not stat.S_ISREG(mode):
        yield Found(key, Reason.FILE_ABSENT, str(path))
    elif secret and mode & 0o077:
        yield Found(key, Reason.SECRET_EXPOSED, f"{stat.S_IMODE(mode):04o}", str(path))


def _zone(good: Good) -> Iterator[Found]:
    # The plan year begins at midnight of this zone.
    zone = good.get("station.zone")
    if not zone or (zone == USUAL_ZONE and (ZONES / zone).is_file()):
        return
    import zoneinfo  # 0.6 MB, for which most processes have no other use

    try:
        zoneinfo.ZoneInfo(zone)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        yield Found("station.zone", Reason.ZONE_UNKNOWN, zone, USUAL_ZONE)
