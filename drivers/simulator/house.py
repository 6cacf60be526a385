"""Room rule: the simulated pump house in real time. It ties parts together; each knows its work.

One thread waits for the line, the pin and the panel. The well is stepped to the present whenever
somebody looks at it or touches it; its sums are exact, so how often that is changes no total.
"""

import select
from collections.abc import Callable
from contextlib import ExitStack, closing
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from drivers import host
from drivers.simulator import faults, frames, images, physics
from drivers.simulator.faults import Dice, Faults
from drivers.simulator.images import FlowMeter, LevelProbe, PowerMeter
from drivers.simulator.line import BAUDS, Line
from drivers.simulator.panel import Panel
from drivers.simulator.physics import Design, Well
from drivers.simulator.pin import Pin
from drivers.simulator.wire import Instrument, Timing, Wire

TURNAROUND_MS_MAX = 1_000
PULLED_MS_MAX = 3_600_000
INITIAL_TOTAL_L_MAX = 10**12

_FC03 = frozenset({frames.READ_HOLDING})


@dataclass(frozen=True, slots=True)
class HouseConfig:
    """One well with three instruments on one line. ValueError says what does not fit."""

    tty: Path  # the symlink that names the line
    pin: Path
    panel: Path
    baud: int = 9600
    seed: int = 1
    turnaround_ms: int = 5
    design: Design = field(default_factory=Design)
    flow_meter: FlowMeter = field(default_factory=FlowMeter)
    power_meter: PowerMeter = field(default_factory=PowerMeter)
    level_probe: LevelProbe = field(default_factory=LevelProbe)
    faults: Faults = field(default_factory=Faults)

    def __post_init__(self) -> None:
        if len({self.flow_meter.unit, self.power_meter.unit, self.level_probe.unit}) < 3:
            raise ValueError("two instruments have the same unit id; give each its own")
        if self.baud not in BAUDS:
            raise ValueError(f"baud is {self.baud}; it must be one of {', '.join(map(str, BAUDS))}")
        if not 0 <= self.turnaround_ms <= TURNAROUND_MS_MAX:
            raise ValueError(
                f"turnaround_ms is {self.turnaround_ms}; it must be 0 to {TURNAROUND_MS_MAX}"
            )


@dataclass(frozen=True, slots=True)
class Paths:
    """Where the open house is reached. `device` is the pty that `tty` points to at the start."""

    tty: Path
    device: Path
    pin: Path
    panel: Path


def run(config: HouseConfig, ready: Callable[[Paths], None], stop: int) -> None:
    """Open the house, say where it is, and play until the descriptor `stop` is readable.

    ValueError when a path cannot be had. Everything it opened is gone afterwards.
    """
    with closing(House(config)) as house:
        ready(house.paths())
        house.play(stop)


class House:
    """Owns the pty, the sockets and the well."""

    def __init__(self, config: HouseConfig) -> None:
        self._config = config
        self._well = Well()
        self._stepped_ms = host.monotonic_us() // 1000
        self._flow_meter = config.flow_meter
        self._plug_us: int | None = None
        wire = Wire(Timing(config.baud), self._instruments(), Dice(config.seed), config.faults)
        with ExitStack() as opened:
            self._pin = opened.enter_context(closing(Pin(config.pin, self._relay_moved)))
            self._panel = opened.enter_context(closing(Panel(config.panel, self._answer)))
            self._line = opened.enter_context(closing(Line(wire, config.tty)))
            self._opened = opened.pop_all()

    def paths(self) -> Paths:
        device = Path(self._line.plug())
        return Paths(self._config.tty, device, self._config.pin, self._config.panel)

    def play(self, stop: int) -> None:
        while True:
            line = self._line.fileno()
            waited = [stop, *self._pin.filenos(), *self._panel.filenos()]
            waited += [] if line is None else [line]
            # select, not epoll: its timeout is in microseconds, and a character takes 1042.
            ready = set(select.select(waited, [], [], self._patience_s())[0])
            if stop in ready:
                return
            self._pin.serve(ready)
            if line in ready:
                self._line.take(host.monotonic_us())
            self._panel.serve(ready)
            now_us = host.monotonic_us()
            if self._plug_us is not None and self._plug_us <= now_us:
                self._plug()
            self._line.give(now_us)

    def close(self) -> None:
        self._opened.close()

    def _patience_s(self) -> float | None:
        """Until something is due; None for as long as nobody comes."""
        dues = [due for due in (self._line.wire.due_us(), self._plug_us) if due is not None]
        return max(0, min(dues) - host.monotonic_us()) / 1e6 if dues else None

    def _present(self) -> Well:
        now_ms = host.monotonic_us() // 1000
        self._well = physics.step(self._config.design, self._well, now_ms - self._stepped_ms)
        self._stepped_ms = now_ms
        return self._well

    def _relay_moved(self, *, permitted: bool) -> None:
        self._well = physics.set_permitted(self._present(), permitted=permitted)

    def _instruments(self) -> dict[int, Instrument]:
        config, design = self._config, self._config.design
        turnaround_us = config.turnaround_ms * 1000
        return {
            config.flow_meter.unit: Instrument(
                _FC03,
                turnaround_us,
                images.TUF2000M_WIDE,
                lambda: images.tuf2000m(self._flow_meter, design, self._present()),
            ),
            config.power_meter.unit: Instrument(
                _FC03,
                turnaround_us,
                images.DTSU666_WIDE,
                lambda: images.dtsu666(config.power_meter, design, self._present()),
            ),
            config.level_probe.unit: Instrument(
                _FC03,
                turnaround_us,
                frozenset(),
                lambda: images.qdy30a(config.level_probe, design, self._present(), config.baud),
            ),
        }

    # --- what the panel can be asked ---------------------------------------------------------

    def _answer(self, request: dict[str, Any]) -> dict[str, Any]:
        """ValueError when there is no such thing to do."""
        asked = dict(request)
        match asked.pop("do", None):
            case "start" if not asked:
                self._well = physics.press_start(self._config.design, self._present())
            case "stop" if not asked:
                self._well = physics.press_stop(self._present())
            case "truth" if not asked:
                pass
            case "fault":
                self._line.wire.faults = faults.changed(self._line.wire.faults, asked)
            case "heal" if not asked:
                self._line.wire.faults = Faults()
            case "meter":
                self._flow_meter = _ailing(self._flow_meter, asked)
            case "pull" if asked.keys() <= {"for_ms"}:
                self._pull(asked.get("for_ms"))
            case "plug" if not asked:
                self._plug()
            case _:
                raise ValueError(
                    f"cannot do {request}; do start, stop, truth, fault (with rates), heal, "
                    "meter (error_bits, signal_quality, initial_total_l), pull (for_ms) or plug"
                )
        return self._truth()

    def _pull(self, for_ms: object) -> None:
        if for_ms is None:
            self._plug_us = None
        elif type(for_ms) is int and 0 <= for_ms <= PULLED_MS_MAX:
            self._plug_us = host.monotonic_us() + for_ms * 1000
        else:
            raise ValueError(f"for_ms is {for_ms!r}; it must be 0 to {PULLED_MS_MAX}, or left out")
        self._line.pull()

    def _plug(self) -> None:
        self._plug_us = None
        self._line.plug()

    def _truth(self) -> dict[str, Any]:
        """What really happened. `withdrawn_nl` is exact; the rest of the totals follow from it."""
        design, well = self._config.design, self._present()
        forward_nl = images.forward_total_nl(self._flow_meter, well)
        energy_uj = images.energy_uj(self._config.power_meter, design, well)
        counts = self._line.wire.counts
        return {
            "running": well.running,
            "permitted": well.permitted,
            "withdrawn_nl": well.forward_nl,
            "withdrawn_l": well.forward_nl / physics.NL_PER_L,
            "returned_l": well.reverse_nl / physics.NL_PER_L,
            "forward_total_l": forward_nl / physics.NL_PER_L,
            "energy_wh": energy_uj / physics.UJ_PER_WH,
            "flow_l_per_h": physics.flow_l_per_h(design, well),
            "power_w": physics.power_w(design, well),
            "level_mm": physics.level_mm(design, well),
            "starts": well.starts,
            "stops": well.stops,
            "drops": well.drops,
            "elapsed_ms": well.elapsed_ms,
            "plugged": self._line.fileno() is not None,
            "requests": counts.requests,
            "replies": counts.replies,
            "arrived": counts.arrived,
            "spoiled": counts.spoiled,
        }


def _ailing(meter: FlowMeter, changes: dict[str, Any]) -> FlowMeter:
    # Another initial total is a jump of what it shows: an exchange, a reset, a coarse step.
    bounds = {"error_bits": 0xFFFF, "signal_quality": 99, "initial_total_l": INITIAL_TOTAL_L_MAX}
    for name, value in changes.items():
        if name not in bounds or type(value) is not int or not 0 <= value <= bounds[name]:
            offered = ", ".join(f"{one} 0 to {most}" for one, most in bounds.items())
            raise ValueError(f"meter {name} is {value!r}; there are {offered}")
    return replace(meter, **changes)
