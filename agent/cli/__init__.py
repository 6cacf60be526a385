"""Room rule: the composition root: which command runs which organs. Chooses, and does nothing else.

Everything heavy is imported by the command that needs it, so that the relay process is small and
an uplink holds no database. Errors that are not ours become one message and an exit code of
sysexits.h: 64 usage, 65 damaged data, 69 nobody answers, 74 disk, 78 configuration.
"""

import argparse
import errno
import io
import os
import sys
from collections.abc import Callable, Sequence
from contextlib import redirect_stderr
from dataclasses import dataclass
from importlib import import_module

from agent.catalogue import Told, say

VERSION = "0.1.0"

USAGE = 64
ARGPARSE_USAGE = 2  # argparse's own
COLUMNS = 80
INTERRUPTED = 130  # as a shell counts a Ctrl-C
DATA = 65
UNAVAILABLE = 69
IO = 74
CONFIGURATION = 78


@dataclass(frozen=True, slots=True)
class Command:
    """`module` has `add_options(parser)` and `run(options) -> exit code`."""

    words: str
    module: str


# A command's module is imported when that command is run, and no other.
COMMANDS = {
    "relay": Command("hold the relay's line and its lease", "agent.cli.relay"),
    "control": Command("read the meters, keep the account, permit or cut", "agent.cli.control"),
    "uplink": Command("send the records to one platform", "agent.cli.uplink"),
    "run": Command("run a whole station: for the demo and for development", "agent.cli.station"),
    "check": Command("say what is wrong with a station's settings", "agent.cli.check"),
    "apply": Command("make this host fit the station's settings", "agent.cli.apply"),
    "provision": Command("settings for many stations from one table", "agent.cli.provision"),
    "console": Command("a technician's terminal on a serial port", "agent.cli.console"),
    "account": Command("who may sign in at a console", "agent.cli.account"),
    "decommission": Command("hand the record over, and wipe the station", "agent.cli.decommission"),
    "status": Command("how the station is now", "agent.cli.status"),
    "records": Command("what was written down", "agent.cli.records"),
    "resend": Command("send a platform records once more", "agent.cli.resend"),
    "keys": Command("a platform's keys: make, show, add, rotate, revoke", "agent.cli.keys"),
    "command": Command("sign or send a platform's command", "agent.cli.command"),
    "journal": Command("check, copy out and measure the journal's file", "agent.cli.journal"),
    "commissioning": Command("the commissioning record, to sign", "agent.cli.commissioning"),
    "report": Command("a year, a quarter or a month for the inspector", "agent.cli.report"),
    "allocate": Command("give a plan year its water", "agent.cli.allocate"),
    "allocate-energy": Command("give a plan year its electricity", "agent.cli.allocate_energy"),
    "limit": Command("a limit for a round within a year", "agent.cli.limit"),
    "fit-meter": Command("declare the meter that is fitted", "agent.cli.fit_meter"),
    "remove-meter": Command("declare that a meter comes off", "agent.cli.remove_meter"),
    "correct": Command("correct what a year has withdrawn", "agent.cli.correct"),
    "rate": Command("put a conversion coefficient in force", "agent.cli.rate"),
    "calibrate": Command("begin and end a rating test", "agent.cli.calibrate"),
    "open-year": Command("confirm the total at which a year began", "agent.cli.open_year"),
    "set-clock": Command("say what time it is, where nothing else does", "agent.cli.set_clock"),
    "threshold": Command("set where a warning or protection begins", "agent.cli.threshold"),
    "lay-up": Command("lay the well up for the winter", "agent.cli.lay_up"),
    "resume": Command("put the well in use again", "agent.cli.resume"),
    "stop": Command("cut, and stay cut until it is released", "agent.cli.stop"),
    "release": Command("lift a stop", "agent.cli.release"),
    "acknowledge": Command("say that a latched condition was seen to", "agent.cli.acknowledge"),
    "override": Command("water for fire, livestock or drinking, bounded", "agent.cli.override"),
    "release-override": Command("end an override early", "agent.cli.release_override"),
    "conditions": Command(
        "every condition: what it does, and what ends it", "agent.cli.conditions"
    ),
    "bus": Command("find, read and watch what hangs on the RS-485 lines", "agent.cli.bus"),
    "simulate": Command("a pump house on a tty, or a fleet", "agent.cli.simulate"),
    "demo": Command("the main job in about a minute", "agent.demo.command"),
}

OUTPUT_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EIO)
# What ends a command through no fault of ours, where it is raised; each says what to do.
NOT_OURS = (
    (USAGE, "agent.amounts", ("AmountError",)),
    (USAGE, "agent.cli.bus.asking", ("BusUnknown",)),
    (USAGE, "agent.cli.command", ("NotSigned",)),
    (USAGE, "agent.cli.journal", ("BeyondEnd",)),
    (USAGE, "agent.cli.report", ("AskedWrongly", "Occupied")),
    (USAGE, "agent.report.period", ("PeriodUnreadable",)),
    (USAGE, "agent.report.made", ("NothingToReport",)),
    (DATA, "agent.report.made", ("NothingProven",)),
    (DATA, "agent.report.export", ("ExportUnreadable",)),
    (DATA, "agent.report.merge", ("MergeRefused",)),
    (IO, "agent.cli.report", ("Unwritable",)),
    (DATA, "agent.journal", ("JournalDamaged", "JournalNewer")),
    (DATA, "agent.control.holding", ("HeldUnreadable",)),
    (DATA, "agent.book", ("BookUnreadable",)),
    (UNAVAILABLE, "agent.cli.asking", ("Unsettled",)),
    (UNAVAILABLE, "agent.ports.relay", ("LineGone",)),
    (UNAVAILABLE, "agent.notary", ("NotaryGone",)),
    (UNAVAILABLE, "agent.deadman", ("RelayTaken",)),
    (UNAVAILABLE, "agent.cli.station", ("StationTaken",)),
    (UNAVAILABLE, "agent.desk.door", ("DeskBlocked",)),
    (UNAVAILABLE, "drivers.adapter", ("PortTaken",)),
    (UNAVAILABLE, "agent.cli.bus.asking", ("BusGone",)),
    (IO, "agent.journal", ("JournalFailed",)),
    (IO, "agent.signing", ("KeyUnusable",)),
    (IO, "agent.durable", ("FolderUnusable",)),
    (CONFIGURATION, "agent.cli.uplink", ("CredentialUnreadable",)),
    (CONFIGURATION, "drivers.profile_file", ("ProfileError",)),
    (CONFIGURATION, "drivers.relay_module", ("NotAdmitted",)),
    (CONFIGURATION, "drivers.inputs", ("InputGone",)),
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; the value is the process's exit code."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    _complete_streams()
    options = argparse.Namespace()
    try:
        options = _options(given)
        run: Callable[[argparse.Namespace], int] = options.run
        code = run(options)
        sys.stdout.flush()
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        _say_no_more()
        return 0  # whoever read our lines has seen enough
    except Exception as error:
        told = _told(error, options)
        if told is None:
            raise  # ours: it ends the process with everything there is to know
        code, message = told
        print(_for_log(message), file=sys.stderr)
    return code


def _options(given: Sequence[str]) -> argparse.Namespace:
    said = io.StringIO()
    try:
        with redirect_stderr(said):
            return _parser(given[0] if given else "").parse_args(given)
    except SystemExit as ended:
        if ended.code != ARGPARSE_USAGE:
            raise
    from agent.cli.usage import in_words

    print(in_words(said.getvalue(), given), end="", file=sys.stderr)
    raise SystemExit(USAGE)


def _complete_streams() -> None:
    """What was closed leads nowhere, and no file of ours may get its number.

    What goes into a file or a pipe is UTF-8, whatever the host's locale: an export is checked by
    its octets. A terminal that cannot show a character shows something in its place.
    """
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, os.fdopen(os.open(os.devnull, os.O_RDWR), mode))
    for stream in (sys.stdout, sys.stderr):
        if not isinstance(stream, io.TextIOWrapper):
            continue  # whoever calls us in his own process has put his own there
        if stream.isatty():
            stream.reconfigure(errors="replace")
        else:
            stream.reconfigure(encoding="utf-8", errors="backslashreplace")


def _say_no_more() -> None:
    """What could not be written is not tried again when the interpreter ends."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)


def _for_log(message: str) -> str:
    """Each line with its priority, where systemd's journal reads them: <3> is an error."""
    from drivers.journald import is_heard

    return "\n".join(f"<3>{line}" for line in message.splitlines()) if is_heard() else message


def _parser(chosen: str) -> argparse.ArgumentParser:
    """All commands by name; only the chosen one with its options."""
    parser = argparse.ArgumentParser(
        prog="wellkeeper",
        description="The edge agent of a pump house (井电双控).",
        formatter_class=_formatter,
    )
    parser.add_argument("--version", action="version", version=f"wellkeeper {VERSION}")
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    for name, command in COMMANDS.items():
        mine = commands.add_parser(
            name, help=command.words, description=command.words, formatter_class=_formatter
        )
        if name == chosen:
            module = import_module(command.module)
            module.add_options(mine)
            mine.set_defaults(run=module.run)
    return parser


def _formatter(prog: str) -> argparse.HelpFormatter:
    """argparse asks shutil for the width, and shutil loads every kind of archive."""
    try:
        columns = os.get_terminal_size().columns
    except OSError:  # no terminal
        columns = COLUMNS
    return argparse.HelpFormatter(prog, width=columns - 2)


def _told(error: Exception, options: argparse.Namespace) -> tuple[int, str] | None:
    """Exit code and message of what is not our fault; None for what is."""
    if _is_a(error, "agent.settings", "SettingsError"):
        from agent.settings import SettingsError
        from agent.words import settings_text

        assert isinstance(error, SettingsError)
        return CONFIGURATION, settings_text(error, options.language)
    if _is_a(error, "agent.desk.client", "DeskGone"):
        return UNAVAILABLE, _said("desk.gone", error, options)
    if _is_a(error, "agent.desk.client", "DeskRefused"):
        from agent.desk.client import DeskRefused

        assert isinstance(error, DeskRefused)
        code = USAGE if error.asker_is_wrong else UNAVAILABLE
        return code, _said("desk.refused", error.why, options)
    # Our own files say so with a name; what has none is what we print to.
    if isinstance(error, OSError) and error.errno in OUTPUT_FULL and error.filename is None:
        _say_no_more()
        return IO, _in_words(Told("output.not_written", raw=error.strerror), options)
    for code, module, names in NOT_OURS:
        if _is_a(error, module, *names):
            return code, _in_words(error, options)
    return None


def _in_words(error: Exception, options: argparse.Namespace) -> str:
    return error.said(_language(options)) if isinstance(error, Told) else str(error)


def _is_a(error: Exception, module: str, *names: str) -> bool:
    """A module that is not loaded cannot have raised: looking it up loads nothing."""
    loaded = sys.modules.get(module)
    return loaded is not None and isinstance(error, tuple(getattr(loaded, name) for name in names))


def _said(key: str, why: object, options: argparse.Namespace) -> str:
    return say(key, _language(options), why=why)


def _language(options: argparse.Namespace) -> str:
    from agent.cli.options import language_here

    return language_here(options)
