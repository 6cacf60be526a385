"""Room rule: an instrument's register table, read from TOML into a frozen value. No line.

What cannot be is refused, all of it at once: registers that do not exist, two quantities in one
register, a unit of another dimension, a totalizer without modulus, a key that nobody knows. `find`
looks in the site's own folders first, so a site may override one of ours.
"""

import tomllib
from collections.abc import Iterable, Sequence
from decimal import Decimal
from pathlib import Path

from agent.catalogue import Told
from agent.core.model import Role
from drivers import sections, shelf
from drivers.coherence import impossible, twice
from drivers.identity import Serial
from drivers.plan import REGISTERS_MAX, TURNAROUND_GUESS_MS, Limits, Speed
from drivers.profile import Confidence, Profile, Wake
from drivers.shelf import OWN_FOLDER
from drivers.tables import Table

FILE_BYTES_MAX = 256 * 1024
PAUSE_MAX_MS = 1000
TIMEOUT_MIN_MS = 50
TIMEOUT_MAX_MS = 5000
SLEEP_MAX_MS = 600_000


class ProfileError(Told):
    """Everything that is wrong with a profile; each problem names file, row and reason."""

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("profile.wrong", raw="\n".join(f"  {one}" for one in problems))
        self.problems = tuple(problems)


def find(name: str, folders: Iterable[Path] = ()) -> Path:
    """The file of the profile called `name`: in the site's folders first, then in ours."""
    searched = [*folders, OWN_FOLDER]
    if (path := shelf.find(name, searched)) is not None:
        return path
    known = sorted({path.stem for folder in searched for path in folder.glob("*.toml")})
    where = ", ".join(str(folder) for folder in searched)
    raise ProfileError(
        [f"profile {name}: there is no {name}.toml in {where}; choose one of {', '.join(known)}"]
    )


def load(path: Path) -> Profile:
    """Read one profile; ProfileError holds all that is wrong with it."""
    try:
        with path.open("rb") as file:
            content = file.read(FILE_BYTES_MAX + 1)
        if len(content) > FILE_BYTES_MAX:
            raise ProfileError([f"{path}: has more than {FILE_BYTES_MAX} bytes; name a profile"])
        raw = tomllib.loads(content.decode("utf-8"), parse_float=Decimal)
    # ValueError: no UTF-8, no TOML, or a number of 5000 digits.
    except (OSError, ValueError, ArithmeticError, RecursionError) as why:
        raise ProfileError([f"{path}: cannot be read: {why}; correct the file"]) from why
    return parse(raw, path.stem, str(path))


def parse(raw: object, name: str, where: str) -> Profile:
    """The profile called `name` in what was read from `where`; ProfileError as in `load`."""
    problems: list[str] = []
    profile = _profile(Table(raw, where, problems))
    if profile.name != name:
        problems.append(f"{where}: name is {profile.name!r}; it must be the file's own, {name!r}")
    if not problems:
        problems += impossible(profile, where)
    if problems:
        raise ProfileError(problems)
    return profile


def _profile(top: Table) -> Profile:
    role = top.choice("role", {role.value: role for role in Role})
    factors = tuple(sections.factor(table) for table in top.tables("factor"))
    guards = tuple(sections.guard(table) for table in top.tables("guard"))
    made = Profile(
        name=top.text("name"),
        title=top.text("title"),
        role=role,
        confidence=top.choice("confidence", {one.value: one for one in Confidence}),
        doubts=top.text("doubts") if top.has("doubts") else "",
        template=top.flag("template"),
        line=_line(Table(top.mapping("line"), f"{top.where}: line", top.problems)),
        limits=Limits(
            tuple(sections.span(table) for table in top.tables("readable")),
            top.integer("registers_max", 1, REGISTERS_MAX),
            top.integer("count_step", 1, 4, default=1),
        ),
        pause_ms=top.integer("pause_ms", 0, PAUSE_MAX_MS),
        turnaround_ms=top.integer("turnaround_ms", 1, TIMEOUT_MAX_MS, default=TURNAROUND_GUESS_MS),
        timeout_ms=top.integer("timeout_ms", TIMEOUT_MIN_MS, TIMEOUT_MAX_MS),
        wake=_wake(top),
        rows=tuple(sections.row(table, role, guards, factors) for table in top.tables("quantity")),
        factors=factors,
        statuses=tuple(sections.status(table) for table in top.tables("status")),
        probes=tuple(sections.probe(table) for table in top.tables("probe")),
        serial=_serial(top),
    )
    top.done()
    names = [factor.name for factor in factors] + [guard.name for guard in guards]
    for name in twice(names) + twice([one.name for one in made.statuses]):
        top.wrong(f"two rows are called {name}")
    if not made.rows:
        top.wrong("there is no [[quantity]]")
    return made


def _line(table: Table) -> Speed:
    speed = Speed(
        table.integer("baud", 1200, 115200),
        table.choice("parity", {parity: parity for parity in "NEO"}),
        table.integer("stop_bits", 1, 2),
    )
    table.done()
    return speed


def _wake(top: Table) -> Wake | None:
    if not top.has("wake"):
        return None
    table = Table(top.mapping("wake"), f"{top.where}: wake", top.problems)
    wake = Wake(
        table.integer("after_ms", 1000, SLEEP_MAX_MS),
        table.integer("patience_ms", TIMEOUT_MIN_MS, TIMEOUT_MAX_MS),
    )
    table.done()
    return wake


def _serial(top: Table) -> Serial | None:
    if not top.has("serial"):
        return None
    return sections.serial(Table(top.mapping("serial"), f"{top.where}: serial", top.problems))
