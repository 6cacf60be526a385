"""Room rule: `wellkeeper simulate`: its options and its life as a process. No physics."""

import argparse
import sys
from dataclasses import replace
from pathlib import Path

from drivers.host import StopRequest
from drivers.simulator import house
from drivers.simulator.faults import Faults
from drivers.simulator.house import HouseConfig, Paths
from drivers.simulator.images import FlowMeter, PowerMeter
from drivers.simulator.line import BAUDS
from drivers.simulator.physics import Design

BAD_USAGE = 64  # EX_USAGE of sysexits.h


def add_options(parser: argparse.ArgumentParser) -> None:
    """Declare what `run` reads."""
    here = Path("simulated")
    add = parser.add_argument
    add("--tty", type=Path, default=here / "rs485", help="symlink to make for the line's tty")
    add("--pin", type=Path, default=here / "pin.sock", help="socket of the relay pin")
    add("--panel", type=Path, default=here / "panel.sock", help="socket of the owner's panel")
    add("--baud", type=int, default=9600, choices=BAUDS, help="speed of the line (default 9600)")
    add("--seed", type=int, default=1, help="seed of every fault (default 1)")
    add("--initial-total-l", type=int, default=0, help="what the flow meter shows at first")
    add("--initial-energy-wh", type=int, default=0, help="what the power meter shows at first")
    add("--flow-l-per-h", type=int, default=80_000, help="full flow (default 80000)")
    add("--power-w", type=int, default=16_000, help="power at full flow (default 16000)")
    add("--coast-ms", type=int, default=3_000, help="from full flow to none (default 3000)")
    add("--drain-back-ml", type=int, default=0, help="runs back after a stop (default 0)")
    add("--noise", type=float, default=0.0, help="share of frames with wrong characters, 0 to 1")
    add("--silence", type=float, default=0.0, help="share of requests nobody answers")
    add("--refusal", type=float, default=0.0, help="share of requests answered busy")
    add("--late", type=float, default=0.0, help="share of replies that come late")
    add("--late-ms", type=int, default=1_500, help="how late (default 1500)")
    add("--torn", type=float, default=0.0, help="share of replies with a torn 32-bit value")
    add("--echo", action="store_true", help="the adapter hears itself")


def configured(options: argparse.Namespace) -> HouseConfig:
    """ValueError says which option is wrong and what it may be."""
    for name in ("initial_total_l", "initial_energy_wh"):
        if not 0 <= getattr(options, name) <= 10**12:
            raise ValueError(f"{name} is {getattr(options, name)}; it must be 0 to {10**12}")
    design = Design()
    no_load_w = options.power_w * design.no_load_w // design.power_w
    return HouseConfig(
        tty=options.tty,
        pin=options.pin,
        panel=options.panel,
        baud=options.baud,
        seed=options.seed,
        design=replace(
            design,
            flow_l_per_h=options.flow_l_per_h,
            power_w=options.power_w,
            no_load_w=no_load_w,
            coast_ms=options.coast_ms,
            drain_back_ml=options.drain_back_ml,
        ),
        flow_meter=FlowMeter(initial_total_l=options.initial_total_l),
        power_meter=PowerMeter(initial_energy_wh=options.initial_energy_wh),
        faults=Faults(
            noise=options.noise,
            silence=options.silence,
            refusal=options.refusal,
            late=options.late,
            late_ms=options.late_ms,
            torn=options.torn,
            echo=options.echo,
        ),
    )


def run(options: argparse.Namespace) -> int:
    """Play until SIGTERM or SIGINT. Returns the exit code of the process."""
    try:
        config = configured(options)
        for path in (config.tty, config.pin, config.panel):
            path.parent.mkdir(parents=True, exist_ok=True)
        with StopRequest() as stop:
            house.run(config, lambda paths: _say(config, paths), stop.fileno())
    except (ValueError, OSError) as why:
        print(f"wellkeeper simulate: {why}", file=sys.stderr)
        return BAD_USAGE
    return 0


def _say(config: HouseConfig, paths: Paths) -> None:
    """Where everything is, and the shortest way to see that it answers."""
    flow, power, level = config.flow_meter, config.power_meter, config.level_probe
    print(f"tty {paths.tty} -> {paths.device}, {config.baud} baud 8N1")
    print(f"flow meter TUF-2000M unit {flow.unit}, power meter DTSU666 unit {power.unit}, ", end="")
    print(f"level probe QDY30A unit {level.unit}")
    print(f"pin {paths.pin}")
    print(f"panel {paths.panel}")
    print(f"try: mbpoll -m rtu -b {config.baud} -P none -a {level.unit} -0 -r 4 -1 {paths.tty}")
    print("ready", flush=True)
