"""Room rule: which looks a station's host needs, by its settings. Looks at nothing itself."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from agent.cli.apply import credentials_of
from agent.cli.host_files import (
    CONTROL_USER,
    CREDENTIALS,
    RELAY_USER,
    USER_NAME_MAX,
    console_user,
    credentials_asked,
    host_files,
    platform_user,
    uplink_link,
)
from agent.journal.schema import APPLICATION_ID, MIGRATIONS
from agent.ports import Clock
from agent.settings import Settings, journal_file
from drivers.host import synchronised
from drivers.inspection import Finding, Trouble, devices, files
from drivers.inspection.files import Wanted, within

UNITS: Final = tuple(
    Path("/usr/lib/systemd/system") / name
    for name in (
        "wellkeeper.target",
        "wellkeeper-relay.service",
        "wellkeeper-control.service",
        "wellkeeper-uplink@.service",
        "wellkeeper-console@.service",
        "wellkeeper-safe-state.service",
    )
)
RELAY_INSTALLED: Final = Path("/usr/lib/wellkeeper/relay.sha256")
RELAY_RUNNING: Final = Path("/run/wellkeeper-relay/relay.sha256")


def findings(settings: Settings, config: Path, clock: Clock, root: Path) -> Iterator[Finding]:
    """Everything that is not as it should be, and what is worth knowing."""
    station = settings.station
    if "DPKG_MAINTSCRIPT_PACKAGE" not in os.environ:  # then dpkg is at it, and not interrupted
        yield from files.package(root, "wellkeeper")
        yield from files.altered(root, "wellkeeper")
    for unit in UNITS:
        if not within(root, unit).is_file():
            yield Finding(Trouble.UNIT_ABSENT, unit)
    yield from _users(settings)
    yield from files.groups(["gpio", "dialout"])
    for command in ("relay", "control"):
        yield from files.instances(root, command, config)
    yield from files.rights(root, _wanted(settings, config, root))
    yield from files.disk(root, station.state_dir, "station.state_dir")
    yield from files.journal(root, journal_file(settings), APPLICATION_ID, len(MIGRATIONS))
    yield from files.same_text(root, host_files(settings, credentials_of(settings, root)))
    yield from files.marks(root, RELAY_INSTALLED, RELAY_RUNNING)
    yield from _platforms(settings, root)
    yield from _consoles(settings)
    yield from _devices(settings, root)
    always = settings.clock.trusted_when == "always"
    yield from devices.clock(root, clock.now().utc_ms, synchronised=always or synchronised())
    yield from devices.hardware_watchdog(root)


def _users(settings: Settings) -> Iterator[Finding]:
    clients = [platform_user(one.name) for one in settings.platform]
    clients += [console_user(one.name) for one in settings.console]
    yield from files.users(
        [CONTROL_USER, RELAY_USER, *clients], dict.fromkeys(clients, CONTROL_USER)
    )


def _wanted(settings: Settings, config: Path, root: Path) -> list[Wanted]:
    station = settings.station
    control = (CONTROL_USER, 0o700)
    state = station.state_dir
    wanted = [
        Wanted(config, "root", 0o644, least=0o444),
        Wanted(config.parent, "root", 0o755, least=0o555),
        Wanted(CREDENTIALS, "root", 0o700),
        Wanted(station.run_dir, "root", 0o1771, CONTROL_USER, "station.run_dir"),
        Wanted(station.run_dir / "desk", CONTROL_USER, 0o711, CONTROL_USER, "station.run_dir"),
        Wanted(state, *control, CONTROL_USER, "station.state_dir"),
    ]
    wanted += [
        Wanted(state / name, CONTROL_USER, most, key="station.state_dir", may_be_absent=True)
        for name, most in (
            (journal_file(settings).name, 0o600),
            ("station.key", 0o600),
            ("station.pub", 0o644),
        )
    ]
    # Each process reads the settings as its own user, and with them the platforms' public keys.
    wanted += [
        Wanted(file, "root", 0o644, key=f"platform[{number}].key_files", least=0o444)
        for number, platform in enumerate(settings.platform)
        for file in platform.key_files
    ]
    for platform, names in credentials_of(settings, root).items():
        folder = CREDENTIALS / platform
        wanted += [Wanted(folder / name, "root", 0o600) for name in names]
    return wanted


def _platforms(settings: Settings, root: Path) -> Iterator[Finding]:
    present = credentials_of(settings, root)
    for number, platform in enumerate(settings.platform):
        key = f"platform[{number}]"
        user = platform_user(platform.name)
        if len(user) > USER_NAME_MAX:
            limit = str(USER_NAME_MAX - len(platform_user("")))
            yield Finding(Trouble.NAME_LONG, user, f"{key}.name", str(len(platform.name)), limit)
        if not within(root, uplink_link(platform.name)).is_symlink():
            yield Finding(Trouble.UPLINK_NOT_ENABLED, uplink_link(platform.name), f"{key}.name")
        for option, name in credentials_asked(platform).items():
            if name not in present[platform.name]:
                file = CREDENTIALS / platform.name / name
                yield Finding(Trouble.CREDENTIAL_ABSENT, file, f"{key}.{option}")


def _consoles(settings: Settings) -> Iterator[Finding]:
    for number, console in enumerate(settings.console):
        user = console_user(console.name)
        if len(user) > USER_NAME_MAX:
            limit = str(USER_NAME_MAX - len(console_user("")))
            key = f"console[{number}].name"
            yield Finding(Trouble.NAME_LONG, user, key, str(len(console.name)), limit)


def _devices(settings: Settings, root: Path) -> Iterator[Finding]:
    for number, bus in enumerate(settings.bus):
        yield from devices.port(root, bus.port, f"bus[{number}].port")
    for number, console in enumerate(settings.console):
        yield from devices.console(root, console.port, f"console[{number}].port")
    relay = settings.relay
    if relay.module is not None:
        yield from devices.port(root, relay.module.port, "relay.module.port")
    if relay.driver == "gpio":
        yield from devices.gpio(root, relay.chip, "relay.line")
