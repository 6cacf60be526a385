"""Room rule: the trial's chapters of a station at work: orders, a technician, what it tells.

The console's port is a tty that nobody has; the kernel is made to say that it comes and goes, and
the container's udev and systemd do what is theirs. What is typed goes through a pty in its place.
"""

import json
from pathlib import Path
from typing import Final

from agent.cli.host_files import CONSOLE_RULES, UNITS, console_unit
from tests.deb.container import SPARE_TTY
from tests.deb.station import CONSOLE_PORT, ID, Trial
from tests.deb.upgrades import ALLOCATED_L

SCRIPT: Final = Path(__file__).with_name("technician.py")
TECHNICIAN: Final = "/root/technician.py"
PIN: Final = "river-stone-7"
CONSOLE: Final = "wellkeeper-console@front"
# As ModemManager's mmcli prints it; the modem itself is not here.
MMCLI: Final = """#!/bin/sh
case "$*" in
*--sim*) echo "sim.properties.iccid : 89860117851012345678" ;;
*) echo "modem.3gpp.operator-name : CHN-UNICOM"
   echo "modem.3gpp.registration-state : home"
   echo "modem.generic.signal-quality.value : 67"
   echo "modem.generic.sim : /org/freedesktop/ModemManager1/SIM/0" ;;
esac
"""


def signed(trial: Trial) -> None:
    trial.heading("A platform's signed order, through broker, uplink, desk and the signing process")
    trial.do("wellkeeper keys show")
    trial.platforms()
    trial.until("uplink a is connected", lambda: _connected(trial), 60)
    send = (
        "wellkeeper command send allocate year=$(date +%Y) kind=addition volume_l=12000 "
        f"document=文-2 --key /root/a.pem --platform a --station {ID} "
        "--host 127.0.0.1 --port 1883 --no-tls --language en"
    )
    trial.do(send)
    found = trial.known()["balance"]["allocated_l"]
    trial.sees(found == ALLOCATED_L, f"the account has it: {found} L")
    # The pattern does not find itself in the shell's own command line.
    child = trial.quiet("grep -la 'agent[.]signing' /proc/[0-9]*/cmdline | cut -d/ -f3")
    status = locked(trial, int(child))
    parent = f"PPid: {trial.pid('wellkeeper-control')} "
    trial.sees(
        parent in status and "Seccomp: 2" in status,
        f"the signing process is control's child and as locked in: {status}",
    )
    forged = "wellkeeper keys new /root/forged --language en && " + send.replace(
        "a.pem", "forged.pem"
    )
    trial.do(f"{forged} --within 5", expect=69)
    found = trial.known()["balance"]["allocated_l"]
    trial.sees(found == ALLOCATED_L, "a key that the station does not know changes nothing")
    restarts = trial.quiet("systemctl show -P NRestarts wellkeeper-control")
    trial.sees(restarts == "0", "and control has not started a second time")
    took = trial.until("all is delivered", lambda: trial.waiting("a") == 0, 60)
    said = trial.quiet("journalctl -u platform-a -o cat --no-pager | tail -n 1")
    trial.sees("0 missing" in said, f"platform a has every record, {took:.0f} s later: {said}")


def console(trial: Trial) -> None:
    trial.heading("A technician at the serial console")
    trial.box.path(TECHNICIAN).write_bytes(SCRIPT.read_bytes())
    trial.box.hears_of_devices()
    trial.do(f"cat {CONSOLE_RULES} {UNITS / console_unit('front')}.d/port.conf")
    dialogue = [
        ["supervisor's account:", "chen"],
        ["6 characters or more):", PIN],
        ["once more:", PIN],
        ["0127# ", "allocation show"],
        ["0127# ", "meter list"],
        ["0127# ", "exit"],
    ]
    trial.box.path("/root/dialogue.json").write_text(json.dumps(dialogue), "utf-8")
    trial.do(f"python3 {TECHNICIAN} {CONSOLE_PORT} < /root/dialogue.json", tail=60)
    status = locked(trial, trial.pid(CONSOLE))
    trial.sees("Seccomp: 2" in status, f"udev started the console's unit: {status}")
    trial.do(f"rm {CONSOLE_PORT} && udevadm trigger --action=remove /sys/class/tty/{SPARE_TTY}")
    trial.until("it ends", lambda: _is(trial, CONSOLE, "inactive"))
    trial.sees(True, "the adapter is pulled, and the console ends with it")

    trial.do("wellkeeper account list")
    trial.do("echo another-river-8 | wellkeeper account reset chen")


def told(trial: Trial) -> None:
    trial.heading("What it tells of itself: report, journal, metrics, modem")
    trial.do(
        "cd /root && wellkeeper report --year $(date +%Y) --output report.html && wc -c report.html"
    )
    page = trial.quiet("cat /root/report.html")
    trial.sees("</html>" in page and ID in page, "the inspector's page is whole")
    trial.do("wellkeeper report --year $(date +%Y) --format csv | head -n 8")
    trial.do("wellkeeper journal verify --language en")
    as_nobody = "setpriv --reuid=nobody --regid=nogroup --clear-groups"
    page = f"{as_nobody} cat /run/wellkeeper/metrics/wellkeeper.prom"
    trial.until(
        "the metrics say permitted", lambda: "wellkeeper_permitted" in trial.quiet(page), 60
    )
    trial.do(
        f"{page} | grep -E '^wellkeeper_(permitted|relay_permitted|flow_cubic|process_starts)'"
    )
    trial.do(
        "systemctl start wellkeeper-modem && systemctl show -P ConditionResult wellkeeper-modem"
    )
    mmcli = trial.box.path("/root/mmcli")
    mmcli.write_text(MMCLI, "utf-8")
    trial.do("install -m 755 /root/mmcli /usr/bin/mmcli && systemctl start wellkeeper-modem && "
             "cat /run/wellkeeper-modem/modem.txt")  # fmt: skip
    took = trial.until(
        "health has the SIM",
        lambda: "89860117851012345678" in trial.quiet("wellkeeper status --json"),
        60,
    )
    trial.sees(True, f"control's health has the SIM {took:.0f} s later")
    trial.quiet("rm /usr/bin/mmcli")


def half_written(trial: Trial) -> None:
    trial.heading("Settings that were half written")
    drops = trial.truth()["drops"]
    settings = "/etc/wellkeeper/station.toml"
    trial.quiet(f"cp -p {settings} /root/whole.toml && sed /dtsu666/q {settings} > /root/half.toml")
    trial.quiet(f"head -c -6 /root/half.toml > {settings}")
    trial.do("wellkeeper check", expect=78)
    trial.do("/var/lib/dpkg/info/wellkeeper.postinst configure 0.1.0", expect=1)
    trial.sees(
        trial.truth()["running"] and trial.truth()["drops"] == drops,
        "an upgrade stops there, and the pump runs on",
    )
    trial.box.sh("systemctl restart wellkeeper-control", check=False)
    cut = trial.until("the lease lapses", lambda: not trial.truth()["permitted"], 20)
    trial.sees(cut < 16.5, f"control does not start with it: the relay opened after {cut:.1f} s")
    said = trial.do(
        "journalctl -u wellkeeper-control -o cat -p err --no-pager | grep -F station.toml"
        " | sort | uniq -c"
    )
    # Where the settings do not read, nobody knows the station's language.
    trial.sees(
        len(said.splitlines()) == 2, "journald has one message in both languages, at each start"
    )
    trial.box.sh("systemctl restart wellkeeper-relay", check=False)
    trial.sees(
        not trial.truth()["permitted"], "a relay process that cannot start leaves the line cut"
    )
    trial.quiet(f"cp -p /root/whole.toml {settings}")
    trial.do(
        "systemctl reset-failed 'wellkeeper-*' && "
        "systemctl start wellkeeper-relay wellkeeper-control"
    )
    trial.run_pump()
    trial.sees(True, "put right and started, it permits, and the owner starts the pump")
    trial.do(f"chmod 600 {settings} && wellkeeper check | grep ✗; chmod 644 {settings}")


def locked(trial: Trial, pid: int) -> str:
    """What the kernel says of its parent and of what it may."""
    asked = f"grep -E '^(PPid|CapEff|NoNewPrivs|Seccomp):' /proc/{pid}/status"
    return trial.quiet(f"{asked} | tr '\\n\\t' '  '")


def _is(trial: Trial, unit: str, state: str) -> bool:
    return trial.quiet(f"systemctl show -P ActiveState {unit}") == state


def _connected(trial: Trial) -> bool:
    return bool(trial.state().get("uplinks", {}).get("a", {}).get("connected"))
