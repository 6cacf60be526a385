"""Room rule: what happens to held processes, as values. Holds no process and says no words."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Up:
    name: str
    pid: int


@dataclass(frozen=True, slots=True)
class Died:
    """`exit_code` is negative for a signal. `again_ms` None: it is not started again."""

    name: str
    exit_code: int
    again_ms: int | None
    deaths: int = 1


@dataclass(frozen=True, slots=True)
class Stopped:
    """It went because we asked; `killed` when it had to be made to."""

    name: str
    killed: bool


@dataclass(frozen=True, slots=True)
class Said:
    """One line of what a child writes."""

    name: str
    line: str


Event = Up | Died | Stopped | Said
