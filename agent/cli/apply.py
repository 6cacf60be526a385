"""`wellkeeper apply`: make this host fit the station's settings. For root, after each change.

Writes what `host_files` says, makes the users, and lets each declared uplink start with the
station. Starts and stops nothing: it says what to restart. May be repeated at will.
"""

import argparse
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from agent import durable, words
from agent.cli import IO, USAGE
from agent.cli.host_files import (
    CONSOLE_RULES,
    CREDENTIALS,
    SYSUSERS,
    UNITS,
    USER_NAME_MAX,
    console_user,
    host_files,
    platform_user,
    uplink_link,
    uplink_unit,
)
from agent.cli.options import add_config, language_of, settings_of
from agent.settings import Settings

UNIT_FOLDER = Path("/usr/lib/systemd/system")

UDEV = Path("/run/udev/control")  # a container has none


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--root", type=Path, default=Path("/"), help="another root, to be booted")
    add_config(parser)


def run(options: argparse.Namespace) -> int:
    settings = settings_of(options)
    language = language_of(options, settings)
    root: Path = options.root
    if root == Path("/") and os.geteuid() != 0:
        print(words.say("apply.not_root", language), file=sys.stderr)
        return USAGE
    users = {one.name: platform_user(one.name) for one in settings.platform}
    users |= {one.name: console_user(one.name) for one in settings.console}
    too_long = [name for name, user in users.items() if len(user) > USER_NAME_MAX]
    if too_long:
        print(words.say("apply.name_long", language, names=" ".join(too_long)), file=sys.stderr)
        return USAGE
    if not (root / "etc").is_dir():
        print(words.say("apply.no_root", language, root=root), file=sys.stderr)
        return USAGE
    files = host_files(settings, credentials_of(settings, root))
    try:
        changed = [path for path, text in files.items() if _write(within(root, path), text)]
        changed += _remove_others(root, set(files))
        changed += _enable(root, settings)
        _tell_systemd(root)
    except (OSError, subprocess.CalledProcessError) as error:
        print(words.say("apply.failed", language, why=str(error)), file=sys.stderr)
        return IO
    for path in changed:
        print(f"  {path}")
    say = "apply.changed" if changed else "apply.same"
    print(words.say(say, language))
    return 0


def within(root: Path, path: Path) -> Path:
    return root / path.relative_to("/")


def credentials_of(settings: Settings, root: Path) -> Mapping[str, Sequence[str]]:
    """The files that stand in each platform's folder of credentials."""
    return {
        one.name: sorted(
            file.name
            for file in within(root, CREDENTIALS / one.name).glob("[!.]*")
            if file.is_file()
        )
        for one in settings.platform
    }


def _write(path: Path, text: str) -> bool:
    """Whole or not at all; False when it stands there already."""
    if path.is_file() and path.read_text("utf-8") == text:
        return False
    path.parent.mkdir(parents=True, exist_ok=True)
    durable.write(path, text, 0o644)
    return True


def _remove_others(root: Path, ours: set[Path]) -> list[Path]:
    """What an earlier run wrote and these settings do not ask for."""
    names = (
        "wellkeeper-control.service.d/lease.conf",
        "wellkeeper-uplink@*.service.d/credentials.conf",
        "wellkeeper-console@*.service.d/port.conf",
    )
    units = within(root, UNITS)
    rules = within(root, CONSOLE_RULES)
    removed = []
    for found in (*(one for name in names for one in units.glob(name)), *_there(rules)):
        path = Path("/") / found.relative_to(root)
        if path not in ours:
            found.unlink()
            removed.append(path)
    return removed


def _there(path: Path) -> list[Path]:
    return [path] if path.is_file() else []


def _enable(root: Path, settings: Settings) -> list[Path]:
    """A link for each declared uplink and none for any other; nothing is started or stopped."""
    wanted = {uplink_link(one.name): one.name for one in settings.platform}
    folder = within(root, uplink_link("x").parent)
    folder.mkdir(parents=True, exist_ok=True)
    changed = []
    for found in folder.glob(uplink_unit("*")):
        path = uplink_link("x").parent / found.name
        if path not in wanted:
            found.unlink()
            changed.append(path)
    for path in wanted:
        link = within(root, path)
        if not link.is_symlink():
            link.symlink_to(UNIT_FOLDER / uplink_unit(""))
            changed.append(path)
    return changed


def _tell_systemd(root: Path) -> None:
    """Make the users now; a manager that runs reads its units again."""
    subprocess.run(["systemd-sysusers", f"--root={root}", SYSUSERS.name], check=True)
    if root == Path("/") and Path("/run/systemd/system").is_dir():
        subprocess.run(["systemctl", "daemon-reload"], check=True)
    if root == Path("/") and UDEV.exists():
        # A console whose adapter is plugged in already starts now.
        subprocess.run(["udevadm", "control", "--reload"], check=True)
        subprocess.run(["udevadm", "trigger", "--subsystem-match=tty"], check=True)
