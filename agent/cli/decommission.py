"""`wellkeeper decommission`: hand the record over, then take away all that was this station.

Refused while anything of the station runs, above all while the pump is permitted. The record is
handed over first (verified, exported, with a report for each year) unless somebody says that it
is not to be. Then the station's id is typed, and everything is overwritten and removed: keys and
credentials first, the journal with its accounts, the settings last, so that what a power cut
interrupts can be run again. What cannot be reached from here is said at the end.
"""

import argparse
import hashlib
import os
import sys
from collections.abc import Iterator
from contextlib import ExitStack, closing, suppress
from pathlib import Path
from typing import Final

from agent import durable, rows, words
from agent.catalogue import Told
from agent.cli import IO, USAGE, report
from agent.cli.asking import REFUSED, administrator
from agent.cli.host_files import CREDENTIALS
from agent.cli.journal import every, exported, sought
from agent.cli.options import add_config, language_of, settings_of
from agent.core.model import OpenYear
from agent.desk.client import DeskGone
from agent.journal import JournalDamaged, JournalFailed, JournalNewer, Reader, chain, decoded
from agent.journal.opening import lock
from agent.lease import Lease
from agent.ports import RelayGone
from agent.settings import Settings, journal_file, metrics_file, relay_socket
from agent.signing import PUBLIC_FILE

STATUS_S: Final = 10.0
# Whoever holds the record now may read it; nobody need be root for that.
MODE: Final = 0o644
SUMS: Final = "SHA256SUMS"
_OPENED: Final = rows.kind_of(OpenYear)
# By a rollback; its records stand nowhere else.
SET_ASIDE: Final = "journal.set-aside-*.db"
# All that this program and its package ever put into the state folder.
OF_THE_STATE: Final = ("station.*", ".station.*", "journal*", ".journal*")


class NotNow(Told):
    """It may not be done as things are; says why and what to do."""


def add_options(parser: argparse.ArgumentParser) -> None:
    first = parser.add_mutually_exclusive_group(required=True)
    first.add_argument("--handover", type=Path, metavar="FOLDER", help="a new folder: the record")
    first.add_argument(
        "--without-export", action="store_true", help="the record is not handed over"
    )
    parser.add_argument("--confirm", metavar="ID", help="the station's id, instead of typing it")
    add_config(parser)


def run(options: argparse.Namespace) -> int:
    settings = settings_of(options)
    language = language_of(options, settings)

    def say(key: str, **values: object) -> str:
        return words.say(f"decommission.{key}", language, **values)

    with ExitStack() as held:
        try:
            _at_rest(settings)
            # Nobody starts control while this is under way; a new station has no journal.
            if journal_file(settings).exists():
                lock(journal_file(settings), held)
            if options.handover is not None:
                _hand_over(options, settings, say("handing_over", folder=options.handover))
        except NotNow as why:
            print(why.said(language), file=sys.stderr)
            return REFUSED
        for platform, count in _waiting(settings).items():
            print(say("waiting", platform=platform, count=count))
        doomed = list(_doomed(settings, options.config))
        print(say("all", count=len(doomed), station=settings.station.id))
        for path in doomed:
            print(f"  {path}")
        if _typed(options, say("type_id")) != settings.station.id:
            print(say("not_confirmed"), file=sys.stderr)
            return USAGE
        try:
            octets = _wipe(doomed)
        except OSError as error:
            print(say("unfinished", file=error.filename, why=error.strerror), file=sys.stderr)
            return IO
    print(say("done", count=len(doomed), megabytes=f"{octets / 1e6:.1f}"))
    for line in ("card", "platforms", "log", "package"):
        print(f"  {say(line)}")
    return 0


def _typed(options: argparse.Namespace, prompt: str) -> str:
    if options.confirm is not None:
        return str(options.confirm)
    print(prompt, end=" ", flush=True)
    return sys.stdin.readline().strip()


# --- may it be done now ---------------------------------------------------------------------------


def _at_rest(settings: Settings) -> None:
    """NotNow while control or the relay process answers."""
    try:
        with administrator(settings) as client:
            asked = {"revision": None, "wait_ms": 0}
            state = client.call("status", asked, STATUS_S)["state"] or {}
    except DeskGone:
        state = None
    if state is not None:
        raise NotNow("decommission.permitted" if state.get("permitted") else "decommission.running")
    # Control is gone, so that nobody's place at the relay is taken by asking.
    relay = Lease(relay_socket(settings))
    try:
        position = relay.position()
    except RelayGone:
        return
    finally:
        relay.close()
    raise NotNow("decommission.permitted" if position.permitted else "decommission.running")


def _waiting(settings: Settings) -> dict[str, int]:
    """How many records each platform has not got; a journal that cannot be read says nothing."""
    file = journal_file(settings)
    unreadable = (JournalDamaged, JournalFailed, JournalNewer)
    with suppress(*unreadable), closing(Reader(file)) as reader:
        head = reader.head().number
        return {name: head - at for name, at in reader.cursors().items() if at < head}
    return {}


# --- the record -----------------------------------------------------------------------------------


def _hand_over(options: argparse.Namespace, settings: Settings, told: str) -> None:
    """Everything that proves the record, in a new folder; JournalDamaged when it does not hold."""
    folder: Path = options.handover
    kept = (settings.station.state_dir, options.config.parent / CREDENTIALS.name)
    if folder.exists() or any(folder.absolute().is_relative_to(one) for one in kept):
        raise NotNow("decommission.folder", folder=folder)
    for aside in sorted(settings.station.state_dir.glob(SET_ASIDE)):
        raise NotNow("decommission.set_aside", file=aside)
    print(told)
    try:
        folder.mkdir(parents=True)
        years = _records(sought(journal_file(settings)), folder)
        for year in sorted(years):
            _report(options, folder, year)
        for file in (settings.station.state_dir / PUBLIC_FILE, options.config):
            if file.exists():
                durable.write(folder / file.name, file.read_text("utf-8"), MODE)
        sums = "".join(f"{_digest(one)}  {one.name}\n" for one in sorted(folder.iterdir()))
        durable.write(folder / SUMS, sums, MODE)
        durable.sync_folder(folder.parent)
    except OSError as error:
        raise NotNow("decommission.unwritable", folder=folder, why=error.strerror) from error


def _records(file: Path, folder: Path) -> set[int]:
    """Each epoch's chain is followed and copied out; the plan years that were opened in them."""
    with closing(Reader(file)) as now:
        files = [*now.archives(), file]
    years: set[int] = set()
    for one in files:
        with closing(Reader(one)) as reader:
            for row, _ in chain.walk(chain.origin(reader.epoch), every(reader)):
                if row.kind == _OPENED and row.body is not None:
                    opened = decoded(one, row)
                    assert isinstance(opened, OpenYear), "as its kind says"
                    years.add(opened.year)
            with (folder / f"records-{reader.epoch}.jsonl").open("w", encoding="utf-8") as into:
                into.writelines(f"{line}\n" for line in exported(reader, 0, every(reader)))
                into.flush()
                os.fsync(into.fileno())
    return years


def _report(options: argparse.Namespace, folder: Path, year: int) -> None:
    """As `wellkeeper report --year` makes it."""
    asked = argparse.Namespace(**vars(options), **dict.fromkeys(("quarter", "month", "as_of")))
    asked.year, asked.merge, asked.journal, asked.format = str(year), None, None, "html"
    asked.output = folder / f"report-{year}.html"
    report.run(asked)


def _digest(file: Path) -> str:
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


# --- what goes ------------------------------------------------------------------------------------


def _doomed(settings: Settings, config: Path) -> Iterator[Path]:
    """In the order in which they go."""
    seen: set[Path] = set()
    for path in _of_the_station(settings, config.absolute()):
        if path not in seen and (path.is_symlink() or path.is_file()):
            seen.add(path)
            yield path


def _of_the_station(settings: Settings, config: Path) -> Iterator[Path]:
    state = settings.station.state_dir
    yield from sorted((config.parent / CREDENTIALS.name).rglob("*"))
    for pattern in OF_THE_STATE:
        yield from sorted(state.glob(pattern))
    yield from sorted(metrics_file(settings).parent.glob("*"))
    yield config.parent / "modem.txt"
    # While one of these is missing the settings cannot be read again: just before them.
    for platform in settings.platform:
        secrets = [platform.password_file]
        if platform.tls is not None:
            secrets += [platform.tls.key_file, platform.tls.cert_file]
        yield from (one for one in secrets if one is not None)
    yield config


def _wipe(doomed: list[Path]) -> int:
    octets = 0
    for path in doomed:
        octets += durable.destroy(path)
        durable.sync_folder(path.parent)
    return octets
