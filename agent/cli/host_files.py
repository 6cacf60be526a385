"""Room rule: what this host must have for the station in its settings, as text by path.

Pure: users, sockets' folders, the line's safe level, the uplinks' credentials. `apply` writes what
stands here, and `check` compares; nothing else knows these paths.
"""

import string
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from agent.settings import Console, Platform, Settings, console_client

UNITS: Final = Path("/etc/systemd/system")
SYSUSERS: Final = Path("/etc/sysusers.d/wellkeeper-platforms.conf")
SAFE_STATE: Final = Path("/etc/wellkeeper/host/safe-state.env")
CONSOLE_RULES: Final = Path("/etc/udev/rules.d/62-wellkeeper-console.rules")
CREDENTIALS: Final = Path("/etc/wellkeeper/credentials")
CONTROL_USER: Final = "wellkeeper"
RELAY_USER: Final = "wellkeeper-relay"
# Unix user names end here (utmp's field).
USER_NAME_MAX: Final = 31
# As in wellkeeper-control.service; a lease that is not shorter needs another one.
UNIT_WATCHDOG_S: Final = 30

_PLAIN: Final = string.ascii_letters + string.digits + ":_."
_HEX: Final = "\\x{:02x}"

HEAD: Final = "# Written by `wellkeeper apply` from the station's settings; change those instead.\n"


def platform_user(name: str) -> str:
    """The user and the group of a platform's uplink; its socket at the desk is this group's."""
    return f"wk-{name}"


def console_user(name: str) -> str:
    """The user and the group of a console, as the desk names its client."""
    return platform_user(console_client(name))


def console_unit(name: str) -> str:
    return f"wellkeeper-console@{name}.service"


def uplink_unit(name: str) -> str:
    return f"wellkeeper-uplink@{name}.service"


def uplink_link(name: str) -> Path:
    """Present: the uplink starts with the station."""
    return UNITS / "wellkeeper.target.wants" / uplink_unit(name)


def host_files(settings: Settings, credentials: Mapping[str, Sequence[str]]) -> dict[Path, str]:
    """What is to be written. `credentials` are the file names each platform has in its folder."""
    files = {SYSUSERS: _users(settings), SAFE_STATE: _safe_state(settings)}
    if settings.console:
        files[CONSOLE_RULES] = HEAD + "".join(_rule(one) for one in settings.console)
    for console in settings.console:
        device = f"{escaped(console.port)}.device"
        files[UNITS / f"{console_unit(console.name)}.d" / "port.conf"] = (
            f"{HEAD}[Unit]\nBindsTo={device}\nAfter={device}\n"
        )
    if settings.relay.lease_s >= UNIT_WATCHDOG_S:
        files[UNITS / "wellkeeper-control.service.d" / "lease.conf"] = (
            f"{HEAD}[Service]\nWatchdogSec={2 * settings.relay.lease_s}s\n"
        )
    for platform in settings.platform:
        if names := sorted(credentials.get(platform.name, ())):
            files[UNITS / f"{uplink_unit(platform.name)}.d" / "credentials.conf"] = (
                f"{HEAD}[Service]\n"
                + "".join(
                    f"LoadCredential={name}:{CREDENTIALS / platform.name / name}\n"
                    for name in names
                )
            )
    return files


def credentials_asked(platform: Platform) -> dict[str, str]:
    """The credentials that the settings name for this platform's unit, by settings key."""
    folder = Path("/run/credentials") / uplink_unit(platform.name)
    tls = platform.tls
    paths = {
        "password_file": platform.password_file,
        "tls.ca_file": tls and tls.ca_file,
        "tls.cert_file": tls and tls.cert_file,
        "tls.key_file": tls and tls.key_file,
    }
    return {key: path.name for key, path in paths.items() if path and path.parent == folder}


def escaped(path: Path) -> str:
    """A path in the name of a unit, as systemd-escape --path has it."""
    told = "".join(
        "-" if sign == "/" else sign if sign in _PLAIN else _HEX.format(octet)
        for octet in str(path).strip("/").encode()
        if (sign := chr(octet))
    )
    return _HEX.format(ord(".")) + told[1:] if told.startswith(".") else told


def _rule(console: Console) -> str:
    """udev starts a console when its port appears."""
    name = str(console.port).removeprefix("/dev/")
    key = "SYMLINK" if "/" in name else "KERNEL"
    wants = f'TAG+="systemd", ENV{{SYSTEMD_WANTS}}+="{console_unit(console.name)}"'
    return f'SUBSYSTEM=="tty", {key}=="{name}", {wants}\n'


def _users(settings: Settings) -> str:
    """A user for each client; control is in its group, so that it may give the socket to it."""
    clients = {platform_user(one.name): f"uplink {one.name}" for one in settings.platform}
    clients |= {console_user(one.name): f"console {one.name}" for one in settings.console}
    lines = [HEAD]
    for user, words in clients.items():
        lines += [f'u {user} - "Wellkeeper {words}" /\n', f"m {CONTROL_USER} {user}\n"]
    return "".join(lines)


def _safe_state(settings: Settings) -> str:
    """The level at which the pump may not run, for wellkeeper-safe-state."""
    relay = settings.relay
    lines = [HEAD, f"SAFE_DRIVER={relay.driver}\n"]
    if relay.driver == "gpio":
        permits_at = relay.active_high is relay.energise_permits
        chip = relay.chip or ""
        lines += [
            f"SAFE_CHIP={chip}\n",
            f"SAFE_LINE={relay.line}\n",
            f"SAFE_LEVEL={int(not permits_at)}\n",
        ]
    return "".join(lines)
