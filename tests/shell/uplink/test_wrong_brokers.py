"""A broker that is set up wrongly: the desk is told why, no cursor moves, and nothing is lost.

Then the broker is put right, and every record arrives.
"""

import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

from agent.ports import LinkFault
from agent.status import Reported
from drivers.mqtt import Broker, Receiver, TlsFiles
from tests.drivers.certificates import ELSEWHERE, HOST, Authority
from tests.links import WAIT_S, subscribe
from tests.mosquitto import OPEN, Mosquitto
from tests.reconcile import Ledger
from tests.shell.uplink.conftest import STATION, House
from tests.shell.uplink.parts import Process

RECORDS = 700
STEPS_MAX = 600


@pytest.fixture(scope="module")
def authorities() -> Iterator[tuple[Authority, Authority]]:
    with tempfile.TemporaryDirectory(prefix="wk") as name:
        yield Authority.make(Path(name) / "ours"), Authority.make(Path(name) / "theirs")


@dataclass(frozen=True, slots=True)
class Wrong:
    """`told` stands in what the desk hears of the uplink."""

    wrong: tuple[str, ...]
    right: tuple[str, ...]
    uplink: str
    told: str
    tls: TlsFiles | None = None


def served(pair: tuple[Path, Path]) -> tuple[str, ...]:
    certificate, key = pair
    return (*OPEN, f"certfile {certificate}", f"keyfile {key}")


def of_tls(name: str, ours: Authority, theirs: Authority) -> Wrong:
    right = served(ours.sign("right", HOST))
    pair, told = {
        "wrong_authority": (theirs.sign("wrong", HOST), "certificate verify failed"),
        "expired": (ours.sign("old", HOST, "-days", "-1"), "has expired"),
        "wrong_host": (ours.sign("other", ELSEWHERE), "not valid for '127.0.0.1'"),
        # What a station sees whose clock stands at 1970: every certificate is yet to come.
        "clock_at_1970": (
            ours.sign_between("future", HOST, "20990101000000Z", "20991231000000Z"),
            "not yet valid",
        ),
    }[name]
    return Wrong(served(pair), right, f"ca={ours.file}", told, TlsFiles(ours.file))


def of_rights(name: str, folder: Path) -> Wrong:
    for file in ("nobody", "anybody"):
        (folder / file).write_text("")
    (folder / "readers").write_text("topic read #\n")
    return {
        "refused_credentials": Wrong(
            ("allow_anonymous false", f"password_file {folder}/nobody"), OPEN,
            "user=w,password=wrong", "ot authorized",
        ),
        "topic_not_authorised": Wrong((*OPEN, f"acl_file {folder}/readers"), OPEN, "", "0x87"),
        "packets_too_small": Wrong((*OPEN, "max_packet_size 600"), OPEN, "", "allow 2048 or more"),
        "no_quality_of_service": Wrong((*OPEN, "max_qos 0"), OPEN, "", "QoS not supported"),
    }[name]  # fmt: skip


# By the kind of fault a person is told what to do about it.
FAULTS = {
    "wrong_authority": LinkFault.TLS_UNTRUSTED,
    "expired": LinkFault.TLS_TIME,
    "wrong_host": LinkFault.TLS_NAME,
    "clock_at_1970": LinkFault.TLS_TIME,
    "refused_credentials": LinkFault.NOT_AUTHORISED,
    "topic_not_authorised": LinkFault.FORBIDDEN,
    "packets_too_small": LinkFault.LIMITS,
    "no_quality_of_service": LinkFault.LIMITS,
}
OF_TLS = ("wrong_authority", "expired", "wrong_host", "clock_at_1970")


@pytest.mark.parametrize("name", FAULTS)
def test_what_is_wrong_is_told_in_words_and_nothing_is_lost(
    house: House, authorities: tuple[Authority, Authority], name: str
) -> None:
    folder = house._folder
    case = of_tls(name, *authorities) if name in OF_TLS else of_rights(name, folder)
    house.samples(RECORDS)
    with Mosquitto(folder, case.wrong) as broker:
        process = Process(folder / "a.sock", broker.port, case.uplink)
        try:
            assert _told(house, process, case.told).fault == FAULTS[name]
            assert house.desk.cursors().get("a", 0) == 0
            broker.reconfigure(case.right)
            _assert_all_arrive(house, Broker("127.0.0.1", broker.port, "rx", case.tls))
        finally:
            process.end()


@pytest.mark.parametrize("protocol", ["mqtt5", "mqtt311"])
def test_a_broker_that_takes_small_packets_gets_small_batches(house: House, protocol: str) -> None:
    """MQTT 5 says how small; 3.1.1 cuts the connection until we have found out."""
    house.samples(RECORDS)
    with Mosquitto(house._folder, (*OPEN, "max_packet_size 9000")) as broker:
        process = Process(house._folder / "a.sock", broker.port, f"protocol={protocol}")
        try:
            _assert_all_arrive(house, Broker("127.0.0.1", broker.port, "rx"))
        finally:
            process.end()


def _told(house: House, process: Process, words: str) -> Reported:
    """What the desk was told, as soon as it has these words."""
    for _ in range(STEPS_MAX):
        reported = house.desk.uplinks()["a"].reported
        if words in reported.error:
            return reported
        with suppress(subprocess.TimeoutExpired):
            process.wait(WAIT_S)
    raise AssertionError(f"the desk was told {reported.error!r}, not {words!r}")


def _assert_all_arrive(house: House, broker: Broker) -> None:
    ledger = Ledger()
    with closing(subscribe(Receiver(broker, ["wells/+/records"]))) as receiver:
        for _ in range(STEPS_MAX):
            receiver.step(WAIT_S)
            ledger.take(payload for _, payload, _ in receiver.take())
            if len(ledger.records) == RECORDS:
                break
    assert ledger.missing(STATION, house.epoch, RECORDS) == []
    assert (ledger.altered, ledger.late) == (0, 0)
