"""Room rule: the trial's chapters in which a station loses its card: a backup put back, the end."""

from pathlib import Path
from typing import Final

from tests.deb.station import ID, Trial

VERIFY: Final = Path(__file__).parents[2] / "docs/examples/verify_export.py"
SIGN: Final = (
    "wellkeeper command sign allocate year=$(date +%Y) kind=addition volume_l=1000 "
    f"document=文-3 --key /root/a.pem --platform a --station {ID} --language en"
)
# As any platform publishes: the topic and QoS 1 are all there is to it.
PUBLISH: Final = (
    "import sys, paho.mqtt.publish as to; "
    f"to.single('wells/{ID}/commands', open(sys.argv[1]).read().strip(), 1, hostname='127.0.0.1')"
)
# What the receiver of docs/examples holds, an epoch a line: records, and how many are missing.
HELD: Final = (
    "import sqlite3; print(*sqlite3.connect('file:/root/platform-a.db?mode=ro', uri=True).execute("
    "'SELECT epoch, count(*), max(number) - count(*) FROM records GROUP BY epoch'), sep='\\n')"
)


def new_card(trial: Trial) -> None:
    trial.heading("A backup while the pump runs, and a new card some seconds later")
    trial.platforms()
    trial.run_pump()
    state = trial.known()
    trial.do(
        "/usr/lib/wellkeeper/backup /root/well.tar && "
        "tar -tvf /root/well.tar | awk '{print $1, $2, $6}'"
    )
    trial.do(f"{SIGN} > /root/early.jwt && wc -c < /root/early.jwt")
    ask = "--as technician --reason 换卡"
    trial.do(f"wellkeeper stop {ask} && wellkeeper release {ask}")
    trial.until("the water rests", lambda: not trial.truth()["flow_l_per_h"])
    trial.until("all is delivered", lambda: trial.waiting("a") == 0, 60)
    before = _held(trial)
    trial.quiet("systemctl stop wellkeeper.target && dpkg -P wellkeeper")
    trial.quiet("rm -rf /var/lib/wellkeeper /etc/wellkeeper && userdel wellkeeper-modem")
    trial.quiet("userdel wellkeeper && userdel wellkeeper-relay")
    trial.do("dpkg -i /root/wellkeeper_0.1.0_*.deb", tail=3)
    trial.do("tar -C / -xpf /root/well.tar && wellkeeper apply && wellkeeper check && "
             "systemctl start wellkeeper.target", tail=8)  # fmt: skip
    trial.until("it permits", lambda: trial.state().get("permitted"))
    now = trial.known()
    error = trial.truth()["forward_total_l"] - now["balance"]["withdrawn_l"]
    trial.sees(
        abs(error) < 5 and now["public_key"] == state["public_key"],
        f"the account is the meter's, to {abs(error):.0f} L, and the station's key is its own",
    )
    said = trial.do("journalctl WELLKEEPER_FACT=epoch_began -o cat --no-pager | tail -n 1")
    trial.sees(
        now["epoch"] != state["epoch"] and "a backup or a copy" in said,
        f"the numbers begin again at the first scan: {state['epoch']} is now {now['epoch']}",
    )
    trial.until("all is delivered", lambda: trial.waiting("a") == 0, 60)
    after = _held(trial)
    told = "; ".join(f"{epoch}: {count}" for epoch, (count, _) in after.items())
    trial.sees(
        all(after[epoch][0] >= count for epoch, (count, _) in before.items())
        and now["epoch"] in after
        and not any(lost for _, lost in after.values()),
        f"platform a holds every epoch whole, and lost nothing of those before ({told})",
    )
    _early(trial)


def _early(trial: Trial) -> None:
    """What was signed before the epoch began cannot be known to be new."""
    allocated_l = trial.known()["balance"]["allocated_l"]
    trial.quiet(f'/usr/lib/wellkeeper/bin/python -I -c "{PUBLISH}" /root/early.jwt')
    refused = "wellkeeper records --limit 1000 | grep issued_before"
    trial.until("it is refused", lambda: trial.box.sh(refused, check=False)[1])
    trial.do(f"{refused} | tail -n 1")
    found = trial.known()["balance"]["allocated_l"]
    trial.sees(found == allocated_l, "an order signed before that is refused")
    trial.do(f"{SIGN.replace('sign', 'send', 1)} --host 127.0.0.1 --port 1883 --no-tls")
    found = trial.known()["balance"]["allocated_l"]
    trial.sees(found == allocated_l + 1000, "signed again it is obeyed")


def _held(trial: Trial) -> dict[str, tuple[int, int]]:
    """Epoch: records, how many below the newest are missing."""
    lines = trial.quiet(f'/usr/lib/wellkeeper/bin/python -I -c "{HELD}"').splitlines()
    rows = [line.strip("()").replace("'", "").split(", ") for line in lines]
    return {epoch: (int(count), int(lost)) for epoch, count, lost in rows}


def decommission(trial: Trial) -> None:
    trial.heading("Decommission: the record is handed over, then the station is wiped")
    wipe = "wellkeeper decommission --handover /media/usb/well-14-0127"
    trial.do(f"{wipe} --confirm {ID}", expect=1)
    trial.do("wellkeeper lay-up --document 退役-1 && wellkeeper stop --reason decommissioned")
    trial.do(f"systemctl stop wellkeeper.target && echo {ID} | {wipe}", tail=60)
    trial.box.path("/root/verify_export.py").write_bytes(VERIFY.read_bytes())
    trial.do(
        "cd /media/usb/well-14-0127 && ls && sha256sum --quiet -c SHA256SUMS && "
        "for file in records-*.jsonl; do python3 /root/verify_export.py $file || exit 1; done"
    )
    left = trial.quiet(
        "find /var/lib/wellkeeper /run/wellkeeper/metrics /etc/wellkeeper/station.toml "
        "/etc/wellkeeper/credentials -type f 2>/dev/null | wc -l"
    )
    trial.sees(left == "0", "nothing of the journal, the keys, the settings is left")
    trial.do("dpkg -P wellkeeper", tail=4)
    trial.do("find /usr /var /run -xdev -iname '*wellkeeper*' -not -path '/var/log/*' | sort; "
             "find /etc/wellkeeper -type f; cut -d: -f1 /etc/passwd | grep ^w")  # fmt: skip
