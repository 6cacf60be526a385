"""`wellkeeper uplink NAME`: one platform's link. Loads no bus and no database."""

import argparse
import os
import sys
from functools import partial
from pathlib import Path

from agent.catalogue import Told
from agent.cli import CONFIGURATION, VERSION
from agent.cli.options import add_config, settings_of
from agent.desk.client import Client
from agent.settings import Platform, Settings, desk_socket
from agent.uplink import UplinkPolicy
from agent.uplink import run as forward
from drivers.host import HostClock, StopRequest, SystemdWatchdog
from drivers.journald import Journald
from drivers.mqtt import Broker, MqttConfig, MqttLink, TlsFiles
from drivers.payload.json import JsonCodec


class CredentialUnreadable(Told):
    """A file with this platform's user or password."""


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("name", help="the platform's name in the settings")
    add_config(parser)


def run(options: argparse.Namespace) -> int:
    settings = settings_of(options)
    platform = next((one for one in settings.platform if one.name == options.name), None)
    if platform is None:
        known = ", ".join(one.name for one in settings.platform) or "none"
        print(f"{options.config}: no platform {options.name!r}; there is: {known}", file=sys.stderr)
        return CONFIGURATION
    door = desk_socket(settings, platform.name)
    log = Journald({"station": settings.station.id, "platform": platform.name})
    with StopRequest() as stop:
        alive = _Alive(stop, SystemdWatchdog())
        forward(
            platform=MqttLink(_mqtt(settings, platform)),
            codec=JsonCodec(),
            desk=lambda: Client(door),
            clock=HostClock(settings.clock.trusted_when),
            policy=UplinkPolicy(
                batch_interval_ms=platform.batch_interval_s * 1000,
                state_interval_ms=platform.state_interval_s * 1000,
                receipts=platform.receipts,
                records_per_s=platform.records_per_s,
            ),
            stop=alive,
            tell=partial(_tell, log, platform.name, settings.station.language),
        )
    log.close()
    return 0


def _tell(log: Journald, platform: str, language: str, *, connected: bool, why: str) -> None:
    """The catalogue is loaded where somebody hears it."""
    if log.heard:
        from agent.log import link_line

        line = link_line(platform, connected=connected, why=why, language=language)
        log.say(line.priority, line.words, line.facts)


class _Alive:
    """The stop request, which the loop looks at once in each turn: that is its sign of life."""

    def __init__(self, stop: StopRequest, watchdog: SystemdWatchdog) -> None:
        self._stop = stop
        self._watchdog = watchdog
        self._ready = False

    def fileno(self) -> int:
        return self._stop.fileno()

    def requested(self) -> bool:
        if not self._ready:
            self._watchdog.ready()
            self._ready = True
        self._watchdog.pet()
        return self._stop.requested()


def _mqtt(settings: Settings, platform: Platform) -> MqttConfig:
    files = platform.tls
    station = settings.station.id
    return MqttConfig(
        broker=Broker(
            host=platform.host,
            port=platform.port,
            client_id=f"wellkeeper-{station}",
            tls=None if files is None else TlsFiles(files.ca_file, files.cert_file, files.key_file),
            protocol=platform.protocol,
            user=platform.user or _credential("user"),
            password=_password(platform),
            keepalive_s=platform.keepalive_s,
        ),
        station=station,
        version=VERSION,
        prefix=platform.prefix,
        trust_puback=platform.trust_puback,
        receipts=platform.receipts,
    )


def _password(platform: Platform) -> str | None:
    if platform.password_file is not None:
        return _text(platform.password_file)
    return _credential("password")


def _credential(name: str) -> str | None:
    """What systemd gave this unit under `name` (LoadCredential=); the settings come first."""
    folder = os.environ.get("CREDENTIALS_DIRECTORY")
    file = Path(folder) / name if folder else None
    return _text(file) if file is not None and file.is_file() else None


def _text(file: Path) -> str:
    try:
        return file.read_text("utf-8").strip()
    except (OSError, ValueError) as why:
        raise CredentialUnreadable("credential.unreadable", file=file, raw=why) from why
