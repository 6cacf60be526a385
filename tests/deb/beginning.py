"""Room rule: the trial's first chapters: installed, commissioned, locked in, killed."""

import time

from tests.deb.station import FOR_THE_HOUSE, STATION, Trial


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
    trial.do(
        "cd /root && wellkeeper keys new a --language en && "
        "install -D -m 644 a.pub.pem /etc/wellkeeper/keys/a.pub.pem"
    )
    for unit in ("relay", "control", "console@front"):
        folder = box.path(f"/etc/systemd/system/wellkeeper-{unit}.service.d")
        folder.mkdir(parents=True)
        (folder / "house.conf").write_text(FOR_THE_HOUSE, "utf-8")
    trial.house()
    trial.do("wellkeeper apply")
    trial.do("wellkeeper check", expect=trial.box.sh("wellkeeper check", check=False)[0])
    trial.do("systemctl start wellkeeper.target && sleep 3 && systemctl --no-pager --plain "
             "--no-legend list-units 'wellkeeper*'")  # fmt: skip
    trial.until("both meters are read", lambda: _read(trial))
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
    trial.run_pump()
    trial.sees(trial.truth()["drops"] == 0, "the owner's pump runs; the station permits it")


def sandbox(trial: Trial) -> None:
    trial.heading("Who may open which door")
    knock = (
        "import socket, sys; socket.socket(socket.AF_UNIX, int(sys.argv[2])).connect(sys.argv[1])"
    )
    doors = {
        "desk/a.sock": (1, {"wk-a", "wellkeeper"}),
        "desk/b.sock": (1, {"wk-b", "wellkeeper"}),
        "desk/console-front.sock": (1, {"wk-console-front", "wellkeeper"}),
        "desk/admin.sock": (1, {"wellkeeper"}),
        "relay.sock": (5, {"wellkeeper", "wellkeeper-relay"}),
    }
    trial.do("ls -ln /run/wellkeeper /run/wellkeeper/desk")
    for door, (kind, friends) in doors.items():
        for user in ("wk-a", "wk-b", "wk-console-front", "nobody", "wellkeeper"):
            if door == "relay.sock" and user == "wellkeeper":
                continue  # it would take control's place
            command = (
                f"setpriv --reuid={user} --regid=$(id -g {user}) --clear-groups "
                f"python3 -c '{knock}' /run/wellkeeper/{door} {kind}"
            )
            code, _ = trial.box.sh(command, check=False)
            assert (code == 0) == (user in friends), (door, user, code)
    trial.sees(True, "an uplink opens its own desk socket and no other; nobody else opens any")
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
        for unit in ("relay", "control", "uplink@a", "console@front", "modem", "safe-state")
    }
    told = ", ".join(f"{unit} {score}" for unit, score in scores.items())
    trial.do(
        "cd /usr/lib/systemd/system && systemd-analyze verify --man=no wellkeeper.target "
        "wellkeeper-*.timer wellkeeper-control.service wellkeeper-relay.service "
        "wellkeeper-safe-state.service wellkeeper-modem.service wellkeeper-uplink@a.service "
        "wellkeeper-console@front.service 2>&1 | grep -i wellkeeper",
        expect=1,
    )
    trial.sees(True, "systemd-analyze verify finds nothing wrong with any unit of ours")
    trial.sees(max(scores.values()) <= 1.6, f"exposure as loaded, of 10: {told}")


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
    trial.run_pump()
    trial.quiet(f"kill -9 {trial.pid('wellkeeper-relay')}")
    gone = trial.until("the line is released", lambda: not trial.truth()["running"], 5)
    again = trial.until("it permits again", lambda: trial.truth()["permitted"], 60)
    trial.sees(
        gone < 2,
        f"kill -9 of the relay process: the line was released within {gone:.1f} s; permitted "
        f"again after {again:.1f} s more",
    )
    trial.run_pump()
    trial.quiet(f"kill -STOP {trial.pid('wellkeeper-relay')}")
    cut = trial.until("systemd ends it", lambda: not trial.truth()["permitted"], 12)
    trial.sees(
        cut < 9,
        f"kill -STOP of the relay process: line released after {cut:.1f} s (watchdog 5 s + 2 s)",
    )
    trial.until("it permits again", lambda: trial.truth()["permitted"])
    trial.do("journalctl -u wellkeeper-relay -o cat --no-pager | grep safe-state | tail -n 2")
    trial.run_pump()


def _read(trial: Trial) -> bool:
    """A display can be compared only with what the bus has said."""
    readings = trial.state().get("readings", ())
    good = {one["quantity"] for one in readings if one["quality"] == "good"}
    return good >= {"forward_total_l", "energy_wh"}
