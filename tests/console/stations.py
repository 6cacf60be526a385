"""A technician in front of a session whose desk is a station played from memory. Claims nothing."""

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from agent.catalogue import Told
from agent.console.session import Session
from agent.console.talk import DeskAway, SignedOut
from agent.console.terminal import Terminal, Traits
from agent.core.model import Command, Origin, Rank, Verdict
from agent.core.rights import RIGHTS
from agent.desk import consoles
from agent.desk.fields import Fields
from agent.settings import load
from agent.status import Around, Identity, Reported, UplinkPicture, picture
from tests.core.story import Story
from tests.terminals import Emulator, Hands, MemoryLine

ROOT = Path(__file__).parents[2]
SETTINGS = load(ROOT / "config" / "demo.toml")
PIN = "834-kite"
IDENTITY = Identity("XJ14-0127", "三连二号井", "0.1.0", "e1", "to_run", "ab" * 32)


class Station:
    """A desk with one seat, over the real core. Implements talk.Desk."""

    def __init__(self, story: Story | None = None) -> None:
        self.story = story or Story().commission(62_500_000).after(2)
        self.accounts = {"li": (PIN, Rank.SUPERVISOR), "ma": ("lamp 5 oak", Rank.VIEWER)}
        self.seat: str | None = None
        self.away = False
        self.unsupervised = False
        self.orders: list[tuple[str, dict[str, Any]]] = []
        self.uplinks = {
            "division": UplinkPicture(40, 0, Reported(connected=True, fault=None, error="")),
            "region": UplinkPicture(12, 0, Reported(fault="refused", error="[Errno 111]")),
        }
        self.instruments: dict[str, Any] = {
            "flow_meter": {"serial": "F-1", "document": "cert 1", "fitted_utc_ms": 0},
            "power_meter": {"serial": "P-1", "document": "cert 2", "fitted_utc_ms": 0},
        }
        self.inputs: dict[str, bool | None] = {}
        self.failing: Told | None = None
        self.records: list[tuple[int, int, bool, str, Any]] = []
        self.findings: Callable[[dict[str, Any]], dict[str, Any]] = lambda _: {
            "words": [1, 2], "exception": None, "fault": None, "turnaround_ms": 12,
        }  # fmt: skip

    # --- the desk --------------------------------------------------------------------------------

    def call(self, method: str, fields: Mapping[str, Any], within_s: float) -> Any:  # noqa: ARG002
        if self.away:
            self.seat = None
            raise DeskAway("desk.sock: nobody there")
        return getattr(self, f"_{method}")(**fields)

    def _hello(self) -> dict[str, Any]:
        return {
            "station": IDENTITY.station,
            "name": IDENTITY.name,
            "version": IDENTITY.version,
            "epoch": IDENTITY.epoch,
            "client": "console-front",
            "unsupervised": self.unsupervised,
        }

    def _sign_in(self, account: str, pin: str) -> dict[str, Any]:
        if self.accounts.get(account, ("", None))[0] != pin:
            return {"refusal": {"reason": "sign_in_wrong", "given": "0", "expected": ""}}
        return self._seated(account)

    def _seated(self, account: str) -> dict[str, Any]:
        self.seat = account
        return {
            "refusal": None,
            "account": account,
            "rank": self.accounts[account][1],
            "language": "zh",
            "limited": False,
        }

    def _first_supervisor(self, account: str, pin: str, language: str) -> dict[str, Any]:
        if len(pin) < 6:
            return {"refusal": {"reason": "pin_weak", "given": "", "expected": "6-64"}}
        self.accounts = {account: (pin, Rank.SUPERVISOR)}
        self.unsupervised = False
        return {**self._seated(account), "language": language}

    def _sign_out(self) -> dict[str, Any]:
        self.seat = None
        return {}

    def _touch(self) -> dict[str, Any]:
        self._sits()
        return {}

    def _sits(self) -> str:
        if self.seat is None:
            raise SignedOut
        return self.seat

    def _accounts(self) -> dict[str, Any]:
        self._sits()
        told = [{"name": n, "rank": r, "language": "zh"} for n, (_, r) in self.accounts.items()]
        return {"accounts": told}

    def _open_account(self, account: str, pin: str, rank: str, **_: str) -> dict[str, Any]:
        self._sits()
        self.accounts[account] = (pin, Rank(rank))
        return {"refusal": None}

    def _change_pin(self, account: str, pin: str, **_: str) -> dict[str, Any]:
        self._sits()
        self.accounts[account] = (pin, self.accounts[account][1])
        return {"refusal": None}

    def _status(self, **_: int | None) -> dict[str, Any]:
        self._sits()
        self.story.after(1)
        around = Around(
            head=(40, "00" * 32),
            journal_failing=self.failing,
            relay_permitted=self.story.relay,
            uplinks=self.uplinks,
            instruments=self.instruments,
            inputs=self.inputs,
        )
        return {"revision": 1, "state": picture(IDENTITY, self.story.outcomes[-1], around)}

    def _command(self, order: str, fields: dict[str, Any]) -> dict[str, Any]:
        actor = self._sits()
        self.orders.append((order, fields))
        asked = Fields({"order": order, "fields": fields})
        read = asked.order("order", "fields")
        asked.end()
        assert read is not None
        assert type(read) in RIGHTS
        self.story.ids += 1
        rank = self.accounts[actor][1]
        command = Command(f"k{self.story.ids}", Origin.CONSOLE, actor, read, rank=rank)
        self.story._pass(1_000)
        self.story.look(command)
        return {"verdict": consoles.named(self.story.of(Verdict)[-1])}

    def _bus_ask(self, **fields: Any) -> dict[str, Any]:
        self._sits()
        return self.findings(fields)


class Bench:
    """Implements talk.Bench."""

    def __init__(self) -> None:
        self.wrong: list[str] = []

    def scan(self, bus: str, ask: Callable[[dict[str, Any]], Any], _: str) -> Iterable[str]:
        ask({"bus": bus, "unit": 3, "function": 3, "address": 0, "count": 1})
        yield f"{bus}: unit 3"

    def views(self, address: int, registers: list[int]) -> list[str]:
        return [f"{address}: {registers}"]

    def check(self, _: str) -> list[str]:
        return self.wrong

    def text(self) -> str:
        return '[station]\nid = "XJ14-0127"\n'


class Visitor:
    """A technician's terminal, and what he types."""

    def __init__(
        self, station: Station | None = None, *, ansi: bool = False, language: str = "en"
    ) -> None:
        self.station = station or Station()
        self.bench = Bench()
        self.clock = Hands()
        self.emulator = Emulator(80, 24)
        self.line = MemoryLine(self.clock, self.emulator.feed if ansi else None)
        traits = Traits(width=80, height=200, ansi=ansi)
        self.terminal = Terminal(self.line, self.clock, language, traits)
        self.settings = SETTINGS

    def types(self, *lines: str) -> str:
        """Type the lines, hang up, and return what was on the line from the first prompt on."""
        self.line.come += [f"{line}\r".encode() for line in lines]
        self.line.ends = True
        Session(self.terminal, self.station, self.bench, self.settings).run()
        return self.line.written.decode().replace("\r\n", "\n")

    def signed_in(self, *lines: str, account: str = "li", language: str = "en") -> str:
        """The same by somebody who has signed in; what was said after that."""
        pin = self.station.accounts[account][0]
        said = self.types(account, pin, f"language {language}", *lines)
        return said[said.index(f"language {language}") :]
