"""`wellkeeper bus scan`: every unit at every speed asked for, named by what its registers hold."""

import argparse
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from agent.cli.bus.asking import Ask, Line, asker, line_of
from agent.ports import Inquiry
from agent.settings import Bus
from drivers.plan import Block
from drivers.profile import Profile, recognised
from drivers.profile_file import load
from drivers.registers import Register
from drivers.shelf import OWN_FOLDER, site_folder

BAR_WIDTH = 30
PATIENCE_MS = 150
NOTHING = 1
# What the settings need besides bus, unit and profile.
STILL_OPEN = {
    "flow_meter": "flow_max_m3_per_h =",
    "power_meter": "power_max_kw =",
    "level_probe": "depth_mm =",
}


@dataclass(frozen=True, slots=True)
class Found:
    """A unit that answers, at one speed of the line; several kinds when it could be each."""

    unit: int
    baud: int
    parity: str
    kinds: tuple[Profile, ...]
    serial: str | None


def run(options: argparse.Namespace) -> int:
    line = line_of(options)
    bus = line.bus
    folders = [site_folder(options.config.resolve().parent), OWN_FOLDER]
    kinds = _profiles(folders)
    found: list[Found] = []
    with asker(line) as ask:
        for baud in options.bauds or (bus.baud,):
            for parity in options.parities or (bus.parity,):
                units = range(options.units[0], options.units[1] + 1)
                search = _Search(ask, bus, baud, parity, options, units=units)
                for unit in search.answering(kinds):
                    one = search.named(unit, kinds)
                    found.append(one)
                    print(_described(line, one), flush=True)
    if not found:
        print(line.say("bus_scan.nobody"))
        return NOTHING
    print("\n".join(["", *proposal(line, found)]))
    return 0


def through(line: Line, folders: Sequence[Path], ask: Ask, units: Sequence[int]) -> Iterator[str]:
    """The same at the bus's own speed, a line as soon as it is known, for a console."""
    kinds = _profiles(folders)
    options = argparse.Namespace(thorough=False, patience_ms=PATIENCE_MS)
    search = _Search(ask, line.bus, line.bus.baud, line.bus.parity, options, units=units)
    found = 0
    for unit in search.answering(kinds):
        found += 1
        yield _described(line, search.named(unit, kinds))
    if not found:
        yield line.say("bus_scan.nobody")


class _Search:
    """Of one bus at one speed."""

    def __init__(
        self,
        ask: Ask,
        bus: Bus,
        baud: int,
        parity: str,
        options: argparse.Namespace,
        *,
        units: Sequence[int],
    ) -> None:
        self._ask = ask
        self._baud, self._parity = baud, parity
        self._units = units
        self._thorough = options.thorough
        own = (baud, parity) == (bus.baud, bus.parity)
        self._question = Inquiry(
            bus=bus.name, unit=1, function=3, address=0, count=1,
            patience_ms=options.patience_ms,
            baud=None if own else baud, parity=None if own else parity,
        )  # fmt: skip

    def answering(self, kinds: Sequence[Profile]) -> Iterator[int]:
        """Every unit that says anything: an exception is a sign of life as good as a word."""
        blocks = [Block(3, 0, 1), Block(4, 0, 1)]
        if self._thorough:
            blocks += sorted({block for kind in kinds for block in kind.identity_blocks()})
        silent = list(self._units)
        total, done = len(silent) * len(blocks), 0
        for block in blocks:
            asked = [self._about(unit, block) for unit in silent]
            for question, finding in self._ask(asked):
                done += 1
                self._progress(done, total)
                if finding.fault is None:
                    silent.remove(question.unit)
                    yield question.unit
            total = done + len(silent) * (len(blocks) - 1 - blocks.index(block))
        self._progress(total, total)

    def named(self, unit: int, kinds: Sequence[Profile]) -> Found:
        """Ask for whatever tells the kinds apart; registers that it lacks tell, too."""
        blocks = sorted({block for kind in kinds for block in kind.identity_blocks()})
        words: dict[Register, int] = {}
        for question, finding in self._ask([self._about(unit, block) for block in blocks]):
            block = Block(question.function, question.address, question.count)
            if finding.words:
                words.update(zip(block.registers(), finding.words, strict=True))
        fitting = tuple(recognised(kinds, words, unit))
        serials = [serial for kind in fitting if (serial := _serial(kind, words))]
        return Found(unit, self._baud, self._parity, fitting, next(iter(serials), None))

    def _about(self, unit: int, block: Block) -> Inquiry:
        return replace(
            self._question,
            unit=unit,
            function=block.function,
            address=block.address,
            count=block.count,
        )

    def _progress(self, done: int, total: int) -> None:
        if not sys.stderr.isatty():
            return
        share = done / total if total else 1
        bar = "#" * round(BAR_WIDTH * share)
        end = "\r" if done < total else "\n"
        print(
            f"[{bar:{BAR_WIDTH}}] {done}/{total} {self._baud} 8{self._parity} ",
            end=end,
            file=sys.stderr,
            flush=True,
        )


def proposal(line: Line, found: Sequence[Found]) -> list[str]:
    """The settings block of what was found; what only the site can know stays open."""
    bus, lines = line.bus, []
    speeds = sorted({(one.baud, one.parity) for one in found})
    for number, (baud, parity) in enumerate(speeds, 1):
        name = bus.name if len(speeds) == 1 else f"{bus.name}{number}"
        lines += ["[[bus]]", f'name = "{name}"', f'port = "{bus.port}"']
        lines += [f"baud = {baud}", f'parity = "{parity}"', ""]
        for one in found:
            if (one.baud, one.parity) == (baud, parity):
                lines += _section(line, one, name)
    if len(speeds) > 1:
        lines.append(f"# {line.say('bus_scan.speeds')}")
    return lines


def _section(line: Line, one: Found, bus: str) -> list[str]:
    if not one.kinds:
        return [f"# {line.say('bus_scan.no_profile', unit=one.unit)}"]
    first, *others = one.kinds
    either = f" {line.say('bus_scan.or')} ".join(kind.name for kind in others)
    compare = f"  # {line.say('bus_scan.compare', others=either)}" if others else ""
    return [
        f"[{first.role}]",
        f'bus = "{bus}"',
        f"unit = {one.unit}",
        f'profile = "{first.name}"{compare}',
        f"{STILL_OPEN[first.role]}     # {line.say(f'bus_scan.{first.role}')}",
        "",
    ]


def _described(line: Line, one: Found) -> str:
    either = f" {line.say('bus_scan.or')} "
    names = either.join(f"{kind.title} ({kind.name})" for kind in one.kinds)
    found = {"unit": f"{one.unit:3}", "speed": f"{one.baud} 8{one.parity}"}
    said = line.say("bus_scan.found", names=names or line.say("bus_scan.unknown"), **found)
    return f"{said}, {line.say('bus_scan.serial', serial=one.serial)}" if one.serial else said


def _serial(kind: Profile, words: dict[Register, int]) -> str | None:
    serial = kind.serial
    if serial is None or not words.keys() >= set(serial.block.registers()):
        return None
    return serial.read(words)


def _profiles(folders: Sequence[Path]) -> list[Profile]:
    """A site's own profile takes the place of ours; a template is nobody's."""
    paths: dict[str, Path] = {}
    for folder in folders:
        for path in sorted(folder.glob("*.toml")):
            paths.setdefault(path.stem, path)
    loaded = [load(path) for path in paths.values()]
    return [kind for kind in loaded if not kind.template]
