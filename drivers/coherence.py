"""Room rule: what only shows when all sections of a profile are seen together. Reads no file."""

from collections.abc import Sequence

from drivers.plan import Block, overlapping
from drivers.profile import Confidence, Profile, unreadable
from drivers.units import REQUIRED


def impossible(profile: Profile, where: str) -> list[str]:
    """What only shows when the sections are seen together."""
    problems = [f"{where}: {why}" for why in _missing(profile)]
    problems += [f"{where}: {why}" for why in _misplaced(profile)]
    if (why := unreadable(profile, profile.line)) is not None:
        problems.append(f"{where}: {why}")
    return problems


def _missing(profile: Profile) -> list[str]:
    problems = []
    names = [row.quantity for row in profile.rows]
    problems += [f"quantity {name} stands twice" for name in twice(names)]
    problems += [
        f"there is no quantity {name}, without which it is no {profile.role}"
        for name in REQUIRED[profile.role]
        if name not in names
    ]
    if profile.confidence in (Confidence.INFERRED, Confidence.ONE_SOURCE) and not profile.doubts:
        problems.append(f"confidence is {profile.confidence}, and doubts does not say what to try")
    if all(probe.takes_zeros for probe in profile.probes):
        problems.append(
            "no [[probe]] tells it from an instrument that answers every register with 0; "
            "add one of something that is never 0"
        )
    return problems


def _misplaced(profile: Profile) -> list[str]:
    """Registers that overlap, that no manual lists, or that do not fit into one request."""
    problems = []
    most = profile.limits.registers_max
    spans = {
        f"quantity {row.quantity}": Block(row.function, row.first, row.last - row.first + 1)
        for row in profile.rows
    }
    for name, block in spans.items():
        if block.count > most:
            problems.append(
                f"{name} spans {block.count} registers; the instrument reads {most} at once, "
                "and its parts must come in one reply"
            )
    parts = [
        Block(row.function, part.address, part.count) for row in profile.rows for part in row.parts
    ]
    words = {f"factor {one.name}": one.at for one in profile.factors}
    words |= {f"guard {one.name}": one.at for row in profile.rows for one in row.guards}
    problems += [
        f"the values at {first.address} and {second.address} share a register"
        for first, second in overlapping(parts)
    ]
    problems += [
        f"{name} stands at {at.address}, inside the value at {part.address}"
        for name, at in words.items()
        for part in parts
        if part.covers(Block(*at, 1))
    ]
    words |= {f"status {one.name}": one.at for one in profile.statuses}
    spans |= {name: Block(*at, 1) for name, at in words.items()}
    spans |= {f"probe {n}": probe.block for n, probe in enumerate(profile.probes, 1)}
    if profile.serial is not None:
        spans["serial"] = profile.serial.block
    problems += [
        f"{name}: no [[readable]] lists function {block.function} register "
        f"{block.address} to {block.last}; correct the address, or list it with its source"
        for name, block in spans.items()
        if not any(readable.covers(block) for readable in profile.limits.readable)
    ]
    return problems


def twice(names: Sequence[str]) -> list[str]:
    """The names that stand more than once."""
    return sorted({name for name in names if names.count(name) > 1})
