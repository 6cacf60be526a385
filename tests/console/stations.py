"""A technician in front of a session whose desk is a station played from memory. Claims nothing."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

from agent import rows
from agent.catalogue import Told
from agent.console.session import Session
from agent.console.talk import DeskAway, SignedOut
from agent.console.terminal import Terminal, Traits
from agent.core.model import Command, Origin, Rank, Role, Sample, Verdict
from agent.core.rights import RIGHTS
from agent.desk import consoles
from agent.desk.fields import Fields
from agent.ports import BusStanding, Counters
from agent.settings import load
from agent.status import Around, Identity, Reported, UplinkPicture, picture
from tests.core.story import DAY, HOUR, Story
from tests.terminals import Emulator, Hands, MemoryLine

ROOT = Path(__file__).parents[2]
_DEMO = load(ROOT / "config" / "demo.toml")
# With paths that are no machine's own.
SETTINGS = replace(
    _DEMO,
    station=replace(_DEMO.station, state_dir=Path("/srv/state"), run_dir=Path("/srv/run")),
    relay=replace(_DEMO.relay, socket=Path("/srv/pin")),
    bus=tuple(replace(one, port=Path("/dev/bus")) for one in _DEMO.bus),
)
PIN = "834-kite"
IDENTITY = Identity("XJ14-0127", "三连二号井", "0.1.0", "e1", "to_run", "ab" * 32)


class Station:
    """A desk with one seat, over the real core. Implements talk.Desk."""

    def __init__(self, story: Story | None = None) -> None:
        self.story = story or Story().commission(62_500_000).after(2)
        self.accounts = {"li": (PIN, Rank.SUPERVISOR), "ma": ("lamp 5 oak", Rank.VIEWER)}
        self.language = "zh"
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
        self.counters = [
            Counters(role, "meters", unit, 900, 3, 1, 0, 0, 24, 60, 150, resting=False)
            for unit, role in enumerate((Role.FLOW_METER, Role.POWER_METER), 1)
        ]
        self.inputs: dict[str, bool | None] = {}
        self.failing: Told | None = None
        self.records: list[tuple[int, int, bool, str, Any]] = []
        self.written = 0
        self.findings: Callable[[dict[str, Any]], dict[str, Any]] = lambda _: {
            "words": [1, 2], "exception": None, "fault": None, "turnaround_ms": 12,
        }  # fmt: skip

    def write(self) -> None:
        """What the story has said since the last time becomes records."""
        at_utc_ms = self.story.moment.utc_ms
        for body in self.story.records[self.written :]:
            kind = rows.kind_of(type(body))
            number = len(self.records) + 1
            self.records.append((number, at_utc_ms, True, kind, rows.to_row(body)))
        self.written = len(self.story.records)

    def year(self, days: int) -> None:
        """A sample each six hours: 80 m3 on every third day, and nothing on the others."""
        self.records.clear()
        withdrawn_l = 0
        now_ms = self.story.moment.utc_ms
        for number in range(days * 4):
            at_utc_ms = now_ms - (days * 4 - number) * 6 * HOUR
            withdrawn_l += 20_000 if (at_utc_ms // DAY) % 3 == 0 else 0
            sample = Sample(
                withdrawn_l, 0, 0, 0, None, permitted=True, allocated_l=62_500_000,
                withdrawn_l=withdrawn_l,
            )  # fmt: skip
            self.records.append((number + 1, at_utc_ms, True, "sample", rows.to_row(sample)))

    # --- the desk --------------------------------------------------------------------------------

    def call(self, method: str, fields: Mapping[str, Any], within_s: float) -> Any:  # noqa: ARG002  # never waits
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
        self.write()
        return {
            "refusal": None,
            "account": account,
            "rank": self.accounts[account][1],
            "language": self.language,
            "limited": False,
            "may_stop": True,
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
            head=(len(self.records), "00" * 32),
            journal_failing=self.failing,
            relay_permitted=self.story.relay,
            uplinks=self.uplinks,
            instruments=self.instruments,
            buses=[BusStanding("meters", connected=True, opened=1, echoes=False, trouble="")],
            counters=self.counters,
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

    def _records(self, after: int, limit: int) -> dict[str, Any]:
        self._sits()
        return {"records": [list(one) for one in self.records[after : after + limit]]}

    def _first_sample(self, since_utc_ms: int) -> dict[str, Any]:
        self._sits()
        found = (one for one in self.records if one[1] >= since_utc_ms and one[3] == "sample")
        return {"record": next((list(one) for one in found), None)}

    def _newest(self, kinds: list[str], limit: int) -> dict[str, Any]:
        self._sits()
        self.write()
        found = [list(one) for one in reversed(self.records) if one[3] in kinds]
        return {"records": found[:limit]}

    def _verify(self, after: int, **_: str) -> dict[str, Any]:
        self._sits()
        through = min(after + 1000, len(self.records))
        return {"number": through, "hash": "ab" * 32, "damaged": None}

    def _signed_command(self, token: str) -> dict[str, Any]:
        self._sits()
        if token != "good":
            return {"result": None, "words": "The signature does not hold."}
        return {"result": {"order": "AllocateOrder", "refusal": None}, "words": ""}

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
        self,
        station: Station | None = None,
        *,
        ansi: bool = False,
        language: Literal["zh", "en"] = "en",
    ) -> None:
        self.station = station or Station()
        self.bench = Bench()
        self.clock = Hands()
        self.emulator = Emulator(80, 24)
        self.line = MemoryLine(self.clock, self.emulator.feed if ansi else None)
        traits = Traits(width=80, height=200, ansi=ansi)
        self.terminal = Terminal(self.line, self.clock, language, traits)
        declared = replace(SETTINGS.station, language=language)
        self.settings = replace(SETTINGS, station=declared)

    def types(self, *lines: str) -> str:
        """Type the lines, hang up, and return what was on the line from the first prompt on."""
        self.line.come += [f"{line}\r".encode() for line in lines]
        self.line.ends = True
        Session(self.terminal, self.station, self.bench, self.settings).run()
        return self.line.written.decode().replace("\r\n", "\n").replace("\r", "<CR>")

    def signed_in(self, *lines: str, account: str = "li", language: str = "en") -> str:
        """The same by somebody who has signed in; what was said after that."""
        self.station.language = language
        pin = self.station.accounts[account][0]
        said = self.types(account, pin, *lines)
        return said[said.index("********\n") + 9 :]
