"""Room rule: the trial's chapters in which the package changes: up, back, interrupted, removed."""

from pathlib import Path
from typing import Final

from tests.deb.station import Trial

# What `commission` gives, and what the platform's signed command adds.
ALLOCATED_L: Final = 62_000
SIGN: Final = Path(__file__).parents[2] / "packaging/sign.py"


def upgrade(trial: Trial) -> None:
    trial.heading("Upgrade in mid-pumping; the journal is migrated")
    before, state = trial.truth(), trial.known()
    relay = trial.pid("wellkeeper-relay")
    trial.box.path("/root/sign.py").write_bytes(SIGN.read_bytes())
    trial.do(
        "cd /root && wellkeeper keys new release --language en && "
        "install -m 644 release.pub.pem /etc/wellkeeper/release.pub"
    )
    new = "/root/wellkeeper_0.2.0_*.deb"
    trial.do(f"/usr/lib/wellkeeper/upgrade {new}", expect=1)
    trial.quiet(f"/usr/lib/wellkeeper/bin/python -I /root/sign.py /root/release.pem {new}")
    trial.do(f"/usr/lib/wellkeeper/upgrade {new}")
    after = trial.truth()
    trial.sees(
        after["running"] and after["drops"] == before["drops"],
        "the pump ran through it: no edge at the relay",
    )
    trial.sees(
        trial.pid("wellkeeper-relay") == relay,
        "the relay process is the same; its code had not changed",
    )
    trial.until("more is written", lambda: trial.known()["head"][0] > state["head"][0])
    trial.sees(trial.known()["epoch"] == state["epoch"], "the journal goes on in its epoch")
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
    now = trial.known()
    trial.sees(now["epoch"] != state["epoch"], "the older journal counts anew, in a new epoch")
    measured = now["balance"]["withdrawn_l"]
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
    # The copy from before the other upgrade still lies there; this journal is newer than it.
    epoch = trial.known()["epoch"]
    # As many starts within a minute as systemd allows, and one more: rollback is the way out.
    trial.do("for n in $(seq 7); do systemctl restart wellkeeper-control; done", expect=1, tail=3)
    trial.do("/usr/lib/wellkeeper/rollback", tail=8)
    trial.sees("0.1.0" in trial.quiet("dpkg-query -W -f '${Version}' wellkeeper"), "0.1.0 is back")
    trial.sees(
        trial.known()["epoch"] == epoch,
        "its format had not changed: the journal goes on in its epoch, no older one is put back",
    )


def interrupted(trial: Trial) -> None:
    trial.heading("A power cut in the middle of an upgrade")
    trial.do("dpkg --unpack /root/wellkeeper_0.3.0_*.deb", tail=4)
    took = trial.power_cut()
    trial.tell(f"- the host boots again: {took:.1f} s until systemd is through")
    said = trial.do("wellkeeper check | grep -E 'interrupt|faults'")
    trial.sees("dpkg --configure" in said, "check names it and its remedy")
    trial.do("dpkg --configure -a", tail=4)
    trial.until("control answers", trial.state)
    trial.until("it permits", lambda: trial.truth()["permitted"])
    trial.sees(trial.known()["balance"]["allocated_l"] == ALLOCATED_L, "the account outlived it")


def removal(trial: Trial) -> None:
    trial.heading("Remove, and install again")
    trial.run_pump()
    epoch = trial.known()["epoch"]
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
        trial.known()["epoch"] == epoch,
        "installed again it goes on with the same journal and account",
    )
    trial.do("dpkg -P wellkeeper", tail=4)
    trial.sees(
        "journal.db" in trial.quiet("ls /var/lib/wellkeeper"), "a purge keeps the record, too"
    )
    trial.quiet("dpkg -i /root/wellkeeper_0.1.0_*.deb")
    trial.until("control answers", trial.state)


def boot(trial: Trial) -> None:
    trial.heading("From power to the first decision")
    trial.power_cut()
    trial.until("control answers", trial.state)
    trial.until("it permits", lambda: trial.truth()["permitted"])
    began = int(trial.quiet("systemctl show -P UserspaceTimestampMonotonic"))
    entered = "systemctl show -P ActiveEnterTimestampMonotonic wellkeeper-control"
    decided_s = (int(trial.quiet(entered)) - began) / 1e6
    trial.do(
        "systemd-analyze time; systemd-analyze critical-chain --no-pager wellkeeper-control.service"
    )
    trial.sees(
        decided_s < 20,
        f"systemd began; {decided_s:.1f} s later control had completed its first scan",
    )
    trial.do(
        "journalctl -b -u wellkeeper-relay -u wellkeeper-control -o short-monotonic --no-pager"
        " --no-hostname | tail -n 12"
    )
