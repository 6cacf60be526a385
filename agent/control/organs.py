"""Room rule: what control owns, and what one turn of its loop leaves to the next. Does nothing."""

from dataclasses import dataclass
from pathlib import Path

from agent.book import Book
from agent.core.model import Command, PlatformKey, Rebuilt, Started
from agent.core.state import State
from agent.desk.server import Desk
from agent.health import Watch
from agent.journal import Head, Journal, Upkeep, Writer
from agent.ports import Clock, Inputs, Log, Meters, Relay, Watchdog


@dataclass(frozen=True, slots=True)
class Organs:
    """What control owns. All of it lives and dies with this process, but the relay's lease."""

    clock: Clock
    meters: Meters
    relay: Relay
    watchdog: Watchdog
    journal: Journal
    desk: Desk
    book: Book
    inputs: Inputs | None = None
    upkeep: Upkeep | None = None
    keys: tuple[PlatformKey, ...] = ()  # of platforms, as the settings name them
    health: Watch | None = None
    log: Log | None = None
    held_file: Path | None = None  # in memory that outlives control, for stops that hold


class Committed:
    """The journal's head as last made durable; told by the writer's thread."""

    def __init__(self, head: Head, desk: Desk) -> None:
        self.head = head
        self.since_start = False
        self._desk = desk

    def __call__(self, head: Head) -> None:
        self.head = head
        self.since_start = True
        self._desk.committed(head)


@dataclass(slots=True)
class Loop:
    """What one turn of the loop leaves to the next."""

    state: State
    started: Started | None
    rebuilt: Rebuilt | None
    writer: Writer
    committed: Committed
    began_ms: int
    handed_over_ms: int
    held: tuple[Command, ...] = ()  # stops that the host's memory has
    relay_process: int | None = None  # that answered last
