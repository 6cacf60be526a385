"""Room rule: the package's life on a fresh Debian, told once and judged. `make deb-test` runs it.

    python -m tests.deb.trial DEBS KEPT SUITE...

Installs, commissions against the simulated pump house, upgrades in mid-pumping, rolls back,
removes. Every line that begins with a tick was asserted. What was said and seen is printed as
Markdown; docs/transcripts keeps it.
"""

import json
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from agent.demo.actor import Panel
from tests.deb.container import Container, root_of

WITHIN_S: Final = 30
HOUSE: Final = "/run/pumphouse"
# As tests/shell/settings reads it: the demo's house on an installed station.
STATION: Final = f"""[station]
id = "well-14-0127"
name = "14师 皮山农场 0127号机井"
language = "en"
[clock]
trusted_when = "always"
[relay]
driver = "simulated"
socket = "{HOUSE}/pin.sock"
[[bus]]
name = "meters"
port = "{HOUSE}/rs485"
[flow_meter]
bus = "meters"
unit = 1
profile = "tuf2000"
flow_max_m3_per_h = 150
[power_meter]
bus = "meters"
unit = 2
profile = "dtsu666"
power_max_kw = 55
[interlock]
short_cycle_s = 3
[[platform]]
name = "a"
host = "127.0.0.1"
port = 1883
tls = false
batch_interval_s = 5
[[platform]]
name = "b"
host = "127.0.0.1"
port = 1883
tls = false
prefix = "wells-b"
batch_interval_s = 5
"""
# The simulated house is a pty and a socket: what a real one has as /dev/ttyUSB0 and a GPIO chip.
FOR_THE_HOUSE: Final = "[Service]\nDeviceAllow=char-pts rw\nSupplementaryGroups=tty\n"


class Trial:
    """One suite's container with a station in it, and the transcript."""

    def __init__(self, suite: str, debs: Path, kept: Path, folder: Path) -> None:
        self.suite = suite
        self.lines: list[str] = []
        self._kept = kept
        self.box = Container(suite, root_of(suite, kept), folder)
        for deb in sorted(debs.glob("*.deb")):
            (self.box.root / "root" / deb.name).write_bytes(deb.read_bytes())
        self._panel: Panel | None = None

    # --- telling -----------------------------------------------------------------------------

    def heading(self, text: str) -> None:
        self.tell(f"\n## {text}\n")

    def tell(self, line: str) -> None:
        self.lines.append(line)
        print(line, flush=True)

    def sees(self, holds: bool, what: str) -> None:  # noqa: FBT001 - a claim and its words
        assert holds, f"{self.suite}: not so: {what}"
        self.tell(f"- ✓ {what}")

    def do(self, command: str, *, expect: int = 0, tail: int = 30) -> str:
        """Run and show it."""
        code, text = self.box.sh(command, check=False)
        shown = text.splitlines()[-tail:]
        self.tell("```\n# " + command + "\n" + "\n".join(shown) + "\n```")
        assert code == expect, f"{self.suite}: {command} gave {code}, expected {expect}\n{text}"
        return text

    def quiet(self, command: str) -> str:
        return self.box.sh(command)[1]

    # --- looking -----------------------------------------------------------------------------

    def truth(self, button: str = "truth", **how: Any) -> dict[str, Any]:
        if self._panel is None:
            self._panel = Panel(self.box.path(f"{HOUSE}/panel.sock"))
        return self._panel.ask(button, **how)

    def state(self) -> dict[str, Any]:
        code, text = self.box.sh("wellkeeper status --json", check=False)
        # A control that has just come up has no picture yet.
        found: dict[str, Any] | None = json.loads(text) if code == 0 else None
        return found or {}

    def until(self, what: str, holds: Callable[[], object], within_s: float = WITHIN_S) -> float:
        """How long it took."""
        begun = time.perf_counter()
        while not holds():
            assert time.perf_counter() - begun < within_s, f"{self.suite}: not in time: {what}"
            time.sleep(0.1)
        return time.perf_counter() - begun

    def pid(self, unit: str) -> int:
        return int(self.quiet(f"systemctl show -P MainPID {unit}"))

    def starting_s(self, unit: str) -> float:
        """From exec to READY: for control, to its first completed scan."""
        asked = "-p ExecMainStartTimestampMonotonic -p ActiveEnterTimestampMonotonic"
        text = self.quiet(f"systemctl show {unit} {asked}")
        at = {k: int(v) for k, _, v in (one.partition("=") for one in text.splitlines())}
        return (at["ActiveEnterTimestampMonotonic"] - at["ExecMainStartTimestampMonotonic"]) / 1e6

    # --- the pump house ----------------------------------------------------------------------

    def house(self, total_l: int = 0, energy_wh: int = 0) -> None:
        """The simulated pump house, outside the station's units, and its doors.

        Its meters begin with what they showed before the power went.
        """
        self._panel = None
        begin = (
            "systemd-run --quiet --unit=pumphouse -p UMask=0000 /usr/bin/wellkeeper simulate "
            f"--tty {HOUSE}/rs485 --pin {HOUSE}/pin.sock --panel {HOUSE}/panel.sock"
            f" --initial-total-l {total_l} --initial-energy-wh {energy_wh}"
        )
        self.quiet(begin)
        self.until("the house is open", lambda: self.box.path(f"{HOUSE}/panel.sock").exists())
        self.quiet(f"chmod 0777 {HOUSE} {HOUSE}/*.sock && chgrp dialout $(readlink {HOUSE}/rs485)"
                   f" && chmod 0660 $(readlink {HOUSE}/rs485)")  # fmt: skip

    def close_house(self) -> None:
        if self._panel is not None:
            self._panel.close()
            self._panel = None


def install(trial: Trial) -> None:
    trial.heading("Install on a fresh Debian, with no network")
    trial.do("ip -brief address 2>/dev/null || cat /proc/net/dev | tail -n +3 | cut -d: -f1")
    trial.do(
        "python3 --version; systemctl --version | head -n 1; dpkg -i /root/wellkeeper_0.1.0_*.deb"
    )
    trial.do("wellkeeper --version; du -sh /usr/lib/wellkeeper | cut -f1")
    trial.do(
        "wellkeeper check 2>&1 | head -n 3; cd /usr/lib/wellkeeper/bin && ./python -I -c "
        "'import lgpio, gpiozero, cryptography; print(lgpio.get_module_version())'"
    )


def commission(trial: Trial) -> None:
    trial.heading("Settings, users, units; the station comes up")
    box = trial.box
    box.path("/etc/wellkeeper/station.toml").write_text(STATION, "utf-8")
    for unit in ("relay", "control"):
        folder = box.path(f"/etc/systemd/system/wellkeeper-{unit}.service.d")
        folder.mkdir(parents=True)
        (folder / "house.conf").write_text(FOR_THE_HOUSE, "utf-8")
    trial.house()
    trial.do("wellkeeper apply")
    trial.do("wellkeeper check", expect=trial.box.sh("wellkeeper check", check=False)[0])
    trial.do("systemctl start wellkeeper.target && sleep 3 && systemctl --no-pager --plain "
             "--no-legend list-units 'wellkeeper*'")  # fmt: skip
    trial.until("control answers", trial.state)
    started = {
        unit: trial.starting_s(f"wellkeeper-{unit}") for unit in ("relay", "control", "uplink@a")
    }
    told = ", ".join(f"{unit} {seconds:.2f} s" for unit, seconds in started.items())
    trial.sees(started["control"] < 5, f"from exec to ready: {told}")
    total_l = round(trial.truth()["forward_total_l"])
    kwh = trial.truth()["energy_wh"] / 1000
    ask = "--as technician --document 安装-001"
    trial.do(
        f"wellkeeper fit-meter flow --serial F1 --displayed {total_l}L --withdrawn-before 0L {ask}"
    )
    trial.do(f"wellkeeper fit-meter power --serial P1 --displayed {kwh}kWh {ask}")
    trial.do(
        "wellkeeper allocate plan --year $(date +%Y) --volume 50m3 --document 文-1 --as technician"
    )
    run_pump(trial)
    trial.sees(trial.truth()["drops"] == 0, "the owner's pump runs; the station permits it")


def sandbox(trial: Trial) -> None:
    trial.heading("Who may open which door")
    knock = (
        "import socket, sys; socket.socket(socket.AF_UNIX, int(sys.argv[2])).connect(sys.argv[1])"
    )
    doors = {
        "desk/a.sock": (1, {"wk-a", "wellkeeper"}),
        "desk/b.sock": (1, {"wk-b", "wellkeeper"}),
        "desk/admin.sock": (1, {"wellkeeper"}),
        "relay.sock": (5, {"wellkeeper", "wellkeeper-relay"}),
    }
    trial.do("ls -ln /run/wellkeeper /run/wellkeeper/desk")
    for door, (kind, friends) in doors.items():
        for user in ("wk-a", "wk-b", "nobody", "wellkeeper"):
            if door == "relay.sock" and user == "wellkeeper":
                continue  # it would take control's place
            command = (
                f"setpriv --reuid={user} --regid=$(id -g {user}) --clear-groups "
                f"python3 -c '{knock}' /run/wellkeeper/{door} {kind}"
            )
            code, _ = trial.box.sh(command, check=False)
            assert (code == 0) == (user in friends), (door, user, code)
    trial.sees(True, "an uplink opens its own desk socket and no other; nobody else opens any")  # noqa: FBT003
    mode = trial.quiet("stat -c '%U:%G %a' /run/wellkeeper/relay.sock")
    trial.sees(mode == "wellkeeper-relay:wellkeeper 660", f"the relay's socket is {mode}")
    listening = trial.quiet(
        "cat /proc/$(systemctl show -P MainPID wellkeeper-control)/net/tcp | wc -l"
    )
    trial.sees(listening == "1", "control's network has no socket at all")
    for unit in ("control", "relay", "uplink@a"):
        pid = trial.pid(f"wellkeeper-{unit}")
        status = trial.quiet(
            f"grep -E '^(CapEff|NoNewPrivs|Seccomp):' /proc/{pid}/status | tr '\\n\\t' '  '"
        )
        trial.sees(
            "CapEff: 0000000000000000" in status and "Seccomp: 2" in status, f"{unit}: {status}"
        )
    scores = {
        unit: float(
            trial.quiet(
                f"systemd-analyze security wellkeeper-{unit}.service --no-pager | tail -n 1"
            )
            .split(": ")[1]
            .split()[0]
        )
        for unit in ("relay", "control", "uplink@a", "safe-state")
    }
    told = ", ".join(f"{unit} {score}" for unit, score in scores.items())
    trial.sees(max(scores.values()) <= 1.6, f"exposure as loaded, of 10: {told}")


def run_pump(trial: Trial) -> None:
    """The owner presses start, and the station has seen it run."""
    trial.until("it permits", lambda: trial.truth()["permitted"])
    trial.truth("start")
    trial.until("the pump runs", lambda: trial.truth()["running"])
    trial.until("a session has begun", lambda: (trial.state().get("session") or {}).get("volume_l"))


def deaths(trial: Trial) -> None:
    trial.heading("What is killed comes back; what holds the pump lets go")
    drops = trial.truth()["drops"]
    pid = trial.pid("wellkeeper-control")
    begun = time.perf_counter()
    trial.quiet(f"kill -9 {pid}")
    back = trial.until("control is back", lambda: trial.box.sh(
        "systemctl show -P ActiveState wellkeeper-control", check=False)[1] == "active"
        and trial.pid("wellkeeper-control") not in {0, pid}, 15)  # fmt: skip
    trial.sees(
        trial.truth()["drops"] == drops,
        f"kill -9 of control: back and scanning after {back:.1f} s, lease 15 s, the pump ran on",
    )
    begun = time.perf_counter()
    trial.quiet("systemctl restart wellkeeper-control")
    took = time.perf_counter() - begun
    trial.sees(
        trial.truth()["drops"] == drops,
        f"systemctl restart of control: {took:.1f} s, the pump ran on",
    )
    trial.quiet(f"kill -STOP {trial.pid('wellkeeper-control')}")
    cut = trial.until("the lease lapses", lambda: not trial.truth()["permitted"], 20)
    trial.sees(
        cut < 16.5, f"kill -STOP of control: the relay opened after {cut:.1f} s (lease 15 s)"
    )
    aborted = trial.until("the watchdog acts", lambda: trial.truth()["permitted"], 60)
    trial.sees(
        aborted < 40,
        f"... the watchdog (30 s) replaced it; it permits again {aborted:.1f} s later, and the "
        "pump stands until its owner starts it",
    )
    run_pump(trial)
    trial.quiet(f"kill -9 {trial.pid('wellkeeper-relay')}")
    gone = trial.until("the line is released", lambda: not trial.truth()["running"], 5)
    again = trial.until("it permits again", lambda: trial.truth()["permitted"], 60)
    trial.sees(
        gone < 2,
        f"kill -9 of the relay process: the line was released within {gone:.1f} s; permitted "
        f"again after {again:.1f} s more",
    )
    run_pump(trial)
    trial.quiet(f"kill -STOP {trial.pid('wellkeeper-relay')}")
    cut = trial.until("systemd ends it", lambda: not trial.truth()["permitted"], 12)
    trial.sees(
        cut < 9,
        f"kill -STOP of the relay process: line released after {cut:.1f} s (watchdog 5 s + 2 s)",
    )
    trial.until("it permits again", lambda: trial.truth()["permitted"])
    trial.do("journalctl -u wellkeeper-relay -o cat --no-pager | grep safe-state | tail -n 2")
    run_pump(trial)


def upgrade(trial: Trial) -> None:
    trial.heading("Upgrade in mid-pumping; the journal is migrated")
    before, state = trial.truth(), trial.state()
    relay = trial.pid("wellkeeper-relay")
    trial.do("dpkg -i /root/wellkeeper_0.2.0_*.deb")
    after = trial.truth()
    trial.sees(
        after["running"] and after["drops"] == before["drops"],
        "the pump ran through it: no edge at the relay",
    )
    trial.sees(
        trial.pid("wellkeeper-relay") == relay,
        "the relay process is the same; its code had not changed",
    )
    now = trial.state()
    trial.sees(
        now["epoch"] == state["epoch"] and now["head"][0] > state["head"][0],
        "the journal goes on in its epoch",
    )
    trial.do(
        "cd /var && ls -l lib/wellkeeper cache/wellkeeper | awk 'NF > 2 {print $1, $3, $5, $9}'"
    )
    trial.heading("A downgrade under a newer journal is refused; the documented rollback works")
    trial.do("dpkg -i /var/cache/wellkeeper/wellkeeper_0.1.0.deb", expect=1, tail=8)
    after = trial.truth()
    trial.sees(
        after["running"] and after["drops"] == before["drops"],
        "nothing was changed: the pump runs on",
    )
    trial.do("/usr/lib/wellkeeper/rollback", tail=12)
    after = trial.truth()
    trial.sees("0.1.0" in trial.quiet("dpkg-query -W -f '${Version}' wellkeeper"), "0.1.0 is back")
    trial.until("it permits", lambda: trial.state().get("permitted"))
    trial.sees(trial.truth()["drops"] == before["drops"], "and the pump still runs")
    measured = trial.state()["balance"]["withdrawn_l"]
    error = trial.truth()["withdrawn_l"] - measured
    trial.sees(
        abs(error) < 200,
        f"the account is the meter's, {measured} L; {error:.0f} L are still under way",
    )


def relay_upgrade(trial: Trial) -> None:
    trial.heading("An upgrade of the relay's own code: kept running, said, and restarted by hand")
    drops, relay = trial.truth()["drops"], trial.pid("wellkeeper-relay")
    trial.do("dpkg -i /root/wellkeeper_0.3.0_*.deb")
    trial.sees(
        trial.truth()["drops"] == drops and trial.pid("wellkeeper-relay") == relay,
        "RELAY_AT_UPGRADE=keep: no edge",
    )
    trial.do("wellkeeper check | grep -i relay", tail=5)
    trial.truth("stop")
    trial.quiet("sed -i s/=keep/=cut/ /etc/default/wellkeeper")
    trial.do(
        "/var/lib/dpkg/info/wellkeeper.postinst configure 0.3.0",
        tail=12,
    )
    trial.sees(
        trial.pid("wellkeeper-relay") != relay,
        "RELAY_AT_UPGRADE=cut: restarted, while the pump stood",
    )
    trial.sees(
        "=cut" in trial.quiet("cat /etc/default/wellkeeper"), "the policy that was set stays"
    )


def interrupted(trial: Trial) -> None:
    trial.heading("A power cut in the middle of an upgrade")
    trial.until("the water rests", lambda: not trial.truth()["flow_l_per_h"])
    meters = trial.truth()
    trial.do("dpkg --unpack /root/wellkeeper_0.1.0_*.deb", tail=4)
    trial.close_house()
    trial.box.power_cut()
    took = trial.box.start()
    trial.tell(f"- the host boots again: {took:.1f} s until systemd is through")
    trial.house(round(meters["forward_total_l"]), round(meters["energy_wh"]))
    trial.quiet("systemctl restart wellkeeper-relay wellkeeper-control")
    said = trial.do("wellkeeper check | grep -E 'interrupt|faults'")
    trial.sees("dpkg --configure" in said, "check names it and its remedy")
    trial.do("dpkg --configure -a", tail=4)
    trial.until("control answers", trial.state)
    trial.until("it permits", lambda: trial.truth()["permitted"])
    trial.sees(trial.state()["balance"]["allocated_l"] == 50_000, "the account outlived it")


def removal(trial: Trial) -> None:
    trial.heading("Remove, and install again")
    run_pump(trial)
    epoch = trial.state()["epoch"]
    trial.do("dpkg -r wellkeeper")
    trial.until("the pump stands", lambda: not trial.truth()["running"], 10)
    left = trial.quiet(
        "ls /usr/lib/wellkeeper /usr/bin/wellkeeper 2>&1 | grep -v 'No such' | wc -l"
    )
    trial.sees(left == "0", "no file of the program is left; the pump was cut")
    trial.do(
        "ls /etc/wellkeeper /var/lib/wellkeeper; "
        "systemctl --no-legend list-units 'wellkeeper*' | cat"
    )
    trial.do("dpkg -i /root/wellkeeper_0.1.0_*.deb", tail=6)
    trial.until("control answers", trial.state)
    trial.sees(
        trial.state()["epoch"] == epoch,
        "installed again it goes on with the same journal and account",
    )
    trial.do("dpkg -P wellkeeper", tail=4)
    trial.sees(
        "journal.db" in trial.quiet("ls /var/lib/wellkeeper"), "a purge keeps the record, too"
    )


STORY: Final = (install, commission, sandbox, deaths, upgrade, relay_upgrade, interrupted, removal)


def main(debs: Path, kept: Path, suites: list[str]) -> None:
    for suite in suites:
        with tempfile.TemporaryDirectory(prefix="wk", dir=kept) as folder:
            trial = Trial(suite, debs, kept, Path(folder))
            trial.tell(f"# The package on Debian {suite}")
            trial.tell("\nMade by `make deb-test`. A line with a tick was asserted.")
            seconds = trial.box.start()
            trial.tell(
                f"\nA fresh root of debootstrap, booted with its own systemd ({seconds:.1f} s)."
            )
            try:
                for chapter in STORY:
                    chapter(trial)
            except BaseException:
                units = "relay control uplink@a"
                tails = f"for u in {units}; do journalctl -u wellkeeper-$u -n 20 -o cat; done"
                print(trial.box.sh(tails, check=False)[1])
                raise
            finally:
                trial.close_house()
                trial.box.stop()
            (kept / f"deb-{suite}.md").write_text("\n".join(trial.lines) + "\n", "utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]).resolve(), Path(sys.argv[2]).resolve(), sys.argv[3:])
