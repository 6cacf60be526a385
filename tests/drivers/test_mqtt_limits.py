"""What a link learns by itself: how large a batch may be, who else is there, when all that ends."""

import json
import socket
import ssl
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from threading import Event
from typing import Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent import rows
from agent.core.model import (
    Ailment,
    AilmentKind,
    BusHealth,
    Grade,
    Health,
    HostHealth,
    ModemHealth,
    ProcessHealth,
    Role,
    Traffic,
)
from agent.ports import (
    Batch,
    Certificate,
    CertificatesSeen,
    Heard,
    LinkDown,
    LinkTrouble,
    LinkUp,
    RawRecord,
    Spent,
    Word,
)
from drivers.mqtt import Broker, MqttConfig, MqttLink, Receiver, TlsFiles, certificate
from drivers.mqtt.appetite import (
    BATCH_BYTES_MAX,
    GROW_AFTER_MS,
    LEARNED_BYTES_MIN,
    Appetite,
)
from drivers.mqtt.attempts import DIAL_TIMEOUT_MS
from drivers.mqtt.link import SOON_COUNT
from drivers.payload.json import JsonCodec
from tests.drivers.certificates import HOST, Authority
from tests.links import hear, listen, subscribe, turn
from tests.mosquitto import OPEN, Mosquitto
from tests.proxy import Proxy

DAY_MS = 86_400_000


def link_at(port: int, **more: Any) -> MqttLink:
    broker = Broker("127.0.0.1", port, "uplink")
    return MqttLink(MqttConfig(broker, "W-1", "1", trust_puback=True, **more))


def up(link: MqttLink) -> LinkUp:
    link.connect()
    event = hear(link, LinkUp)[-1]
    assert isinstance(event, LinkUp)
    return event


# --- how large a batch may be --------------------------------------------------------------------


def test_one_cut_connection_is_bad_luck_and_two_are_a_broker_that_takes_less() -> None:
    appetite = Appetite()
    appetite.cut(0)
    assert appetite.connected(0) == BATCH_BYTES_MAX
    appetite.cut(0)
    assert appetite.connected(0) == BATCH_BYTES_MAX // 2


def test_a_batch_that_was_taken_clears_the_suspicion() -> None:
    appetite = Appetite()
    appetite.cut(0)
    appetite.accepted()
    appetite.cut(0)
    assert appetite.connected(0) == BATCH_BYTES_MAX


def test_an_hour_later_larger_ones_are_tried_again() -> None:
    appetite = Appetite()
    appetite.refused(0)
    assert appetite.connected(GROW_AFTER_MS - 1) == BATCH_BYTES_MAX // 2
    assert appetite.connected(GROW_AFTER_MS) == BATCH_BYTES_MAX


@given(st.lists(st.sampled_from(["cut", "refused"]), max_size=40))
def test_a_batch_never_shrinks_below_what_one_record_needs(blows: list[str]) -> None:
    appetite = Appetite()
    for blow in blows:
        getattr(appetite, blow)(0)
    assert LEARNED_BYTES_MIN <= appetite.connected(0) <= BATCH_BYTES_MAX


TIRED = HostHealth(
    10**8, 400, 10**10, 10**10, 85_000, True, True, True, 100, "SD SC16G 03/2021", 100, 3,
    10**12, 10**12, 10**9, True, 10**6, "rtc-ds1307 1-0068",
)  # fmt: skip
AILING = Health(
    version="1.12.103-rc1",
    boot="3f2c6f6e-0000-4000-8000-000000000000",
    running_s=10**8,
    host=TIRED,
    month="2026-12",
    instruments=tuple(BusHealth(role, "meters-2", *[10**9] * 4) for role in Role),
    processes=tuple(ProcessHealth(f"uplink division-{n}", 10**4, 10**6) for n in range(6)),
    traffic=tuple(Traffic(f"division-{n}", 10**11, 10**11) for n in range(3)),
    modem=ModemHealth(DAY_MS, "8" * 20, "CHN-UNICOM", "roaming", "lte, 5gnr", 100, DAY_MS),
    ailments=tuple(Ailment(kind, Grade.ALARM, "uplink division-1") for kind in AilmentKind),
)


def test_a_health_record_with_all_that_ails_is_within_the_smallest_batch() -> None:
    """Else it and all behind it wait as long as the link stands, on a broker that is well again."""
    kind, body = rows.encode_body(AILING)
    record = RawRecord(10**9, DAY_MS, True, kind, json.loads(body))
    batch = Batch("XJ14-0007-" * 6, "9f1c33ab52d0e7c4", [record], 10**9, "4b" * 32)
    assert len(JsonCodec().encode_records(batch)) <= LEARNED_BYTES_MIN


def test_a_state_goes_whatever_was_learned_of_batches(mosquitto: Mosquitto) -> None:
    receiver = Receiver(Broker("127.0.0.1", mosquitto.port, "rx"), ["wells/W-1/state"])
    link = link_at(mosquitto.port)
    link._appetite = Appetite(LEARNED_BYTES_MIN, _changed_ms=DAY_MS * 100_000)  # just now
    with closing(subscribe(receiver)), closing(link):
        assert up(link).batch_bytes_max == LEARNED_BYTES_MIN
        link.send_state(b"x" * 2 * LEARNED_BYTES_MIN)
        while link.wants_write() or link._traffic is None or link._traffic.unanswered:
            assert not any(isinstance(one, LinkTrouble) for one in turn(link))
        ((_, payload, _),) = listen(receiver, bool)
    assert len(payload) == 2 * LEARNED_BYTES_MIN


def test_a_311_broker_that_cuts_large_packets_gets_smaller_ones(folder: Path) -> None:
    """MQTT 3.1.1 cannot say how large is too large: Mosquitto hangs up."""
    with Mosquitto(folder, (*OPEN, "max_packet_size 9000")) as mosquitto:
        receiver = Receiver(Broker("127.0.0.1", mosquitto.port, "rx"), ["wells/#"])
        old = Broker("127.0.0.1", mosquitto.port, "uplink", protocol="mqtt311")
        link = MqttLink(MqttConfig(old, "W-1", "1", trust_puback=True))
        with closing(subscribe(receiver)), closing(link):
            sizes = []
            for _ in range(10):
                sizes.append(up(link).batch_bytes_max)
                link.send_records(b"x" * sizes[-1])
                heard: list[object] = []
                while not heard:
                    beside = (CertificatesSeen, Spent)
                    heard = [one for one in turn(link) if not isinstance(one, beside)]
                if not isinstance(heard[0], LinkDown):
                    break
            assert sizes == [65_536] * 2 + [32_768] * 2 + [16_384] * 2 + [8_192]


# --- how long a connection may take ---------------------------------------------------------------


def test_a_name_that_is_never_resolved_holds_up_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    resolved = Event()

    def never(*_args: object, **_more: object) -> socket.socket:
        resolved.wait(20)
        raise OSError("too late")

    monkeypatch.setattr(socket, "create_connection", never)
    link = link_at(1)
    link.connect()
    step = {"readable": False, "writable": False}
    assert link.step(**step, monotonic_ms=0) == []
    assert link.step(**step, monotonic_ms=DIAL_TIMEOUT_MS) == []
    (event,) = link.step(**step, monotonic_ms=DIAL_TIMEOUT_MS + 1)
    assert isinstance(event, LinkDown)
    assert "within 30 s" in event.why
    link.connect()
    (event,) = link.step(**step, monotonic_ms=0)
    assert isinstance(event, LinkDown)
    assert "still no answer to the attempt before" in event.why
    resolved.set()
    link.close()


def test_a_link_that_is_closed_while_it_connects_leaves_nothing_open(mosquitto: Mosquitto) -> None:
    """A socket left open would be a ResourceWarning, which is an error here."""
    for _ in range(20):
        link = link_at(mosquitto.port)
        link.connect()
        link.close()


# --- who else has our name ------------------------------------------------------------------------


def test_a_link_lost_at_once_again_and_again_names_a_rival(mosquitto: Mosquitto) -> None:
    """Mosquitto 2.0.11 hangs up on the elder without a word: all there is to see is how often."""
    first, second = link_at(mosquitto.port), link_at(mosquitto.port)
    with closing(first), closing(second):
        for attempt in range(1, SOON_COUNT + 1):
            up(first)
            turn(first)
            up(second)
            down = hear(first, LinkDown)[-1]
            assert isinstance(down, LinkDown)
            assert down.rival == (attempt == SOON_COUNT)
            words = down.why
            second.close()
        assert "is a second controller running that comes as uplink?" in words


def test_a_link_that_the_network_resets_again_and_again_has_no_rival(mosquitto: Mosquitto) -> None:
    """Else a bad modem would cost more than a minute of silence each time."""
    with Proxy(mosquitto.port) as proxy, closing(link_at(proxy.port)) as link:
        for _ in range(SOON_COUNT + 1):
            up(link)
            while link.wants_write() or link._traffic is None or link._traffic.unanswered:
                turn(link)
            proxy.cut()
            down = hear(link, LinkDown)[-1]
            assert isinstance(down, LinkDown)
            assert not down.rival
            assert "reset" in down.why


# --- what the platform says -----------------------------------------------------------------------


def test_receipts_and_the_remembered_state_are_passed_on(mosquitto: Mosquitto) -> None:
    link = link_at(mosquitto.port, receipts=True)
    with closing(link):
        up(link)
        link.send_state(b"mine")
        while link.wants_write() or link._traffic is None or link._traffic.unanswered:
            turn(link)
    platform = Broker("127.0.0.1", mosquitto.port, "platform")
    teller = MqttLink(MqttConfig(platform, "W-1", "1"))
    link = link_at(mosquitto.port, receipts=True)
    with closing(link), closing(teller):
        up(link)
        heard = hear(link, Heard)
        assert [one for one in heard if isinstance(one, Heard)] == [Heard(Word.STATE, b"mine")]
        up(teller)
        assert teller._client is not None
        teller._client.publish("wells/W-1/receipts", b"receipt", qos=1)
        turn(teller)
        assert hear(link, Heard)[-1] == Heard(Word.RECEIPT, b"receipt")


@pytest.mark.parametrize("protocol", ["mqtt5", "mqtt311"])
def test_our_own_state_is_no_news(
    mosquitto: Mosquitto, protocol: Literal["mqtt5", "mqtt311"]
) -> None:
    broker = Broker("127.0.0.1", mosquitto.port, "uplink", protocol=protocol)
    link = MqttLink(MqttConfig(broker, "W-1", "1", trust_puback=True))
    with closing(link):
        up(link)
        for state in (b"one", b"two"):
            link.send_state(state)
            while link.wants_write() or link._traffic is None or link._traffic.unanswered:
                assert not any(isinstance(one, Heard) for one in turn(link))


def test_a_topic_that_may_not_be_read_is_a_trouble_that_names_it() -> None:
    """Mosquitto grants every subscription and then sends nothing; other brokers say so."""
    listening = socket.create_server(("127.0.0.1", 0))
    link = link_at(listening.getsockname()[1], receipts=True)
    with closing(link), listening:
        link.connect()
        with listening.accept()[0] as peer:
            peer.sendall(bytes([0x20, 3, 0, 0, 0]))
            hear(link, LinkUp)
            turn(link)
            peer.sendall(b"".join(bytes([0x90, 4, 0, mid, 0, 0x87]) for mid in (1, 2, 3)))
            troubles = [one for one in hear(link, LinkTrouble, 3) if isinstance(one, LinkTrouble)]
    assert [one.why for one in troubles] == [
        "Not authorized: reading topic wells/W-1/state",
        "Not authorized: reading topic wells/W-1/commands",
        "Not authorized: reading topic wells/W-1/receipts",
    ]


def test_a_message_without_an_end_ends_the_link(folder: Path) -> None:
    """A broker may announce 256 MB; 3.1.1 has no word to forbid it."""
    huge = bytes([0x30, 0xFF, 0xFF, 0xFF, 0x7F]) + bytes(1000)
    listening = socket.create_server(("127.0.0.1", 0))
    broker = Broker("127.0.0.1", listening.getsockname()[1], "uplink", protocol="mqtt311")
    link = MqttLink(MqttConfig(broker, "W-1", "1", trust_puback=True))
    link.connect()
    with listening, listening.accept()[0] as peer:
        peer.sendall(bytes([0x20, 2, 0, 0]) + huge)
        event = hear(link, LinkDown)[-1]
    assert isinstance(event, LinkDown)
    assert "more than 65536 bytes" in event.why


# --- when certificates end ------------------------------------------------------------------------


def test_the_ends_of_all_three_certificates_are_seen(folder: Path) -> None:
    authority = Authority.make(folder / "ca")
    served, key = authority.sign("broker", HOST, "-days", "3")
    mine, my_key = authority.sign("client", "extendedKeyUsage=clientAuth", "-days", "5")
    options = (*OPEN, f"cafile {authority.file}", f"certfile {served}", f"keyfile {key}",
               "require_certificate true")  # fmt: skip
    with Mosquitto(folder, options) as mosquitto:
        files = TlsFiles(authority.file, mine, my_key)
        broker = replace(Broker("127.0.0.1", mosquitto.port, "uplink"), tls=files)
        link = MqttLink(MqttConfig(broker, "W-1", "1"))
        with closing(link):
            link.connect()
            seen = [one for one in hear(link, LinkUp) if isinstance(one, CertificatesSeen)]
    ends = {one.whose: one.not_after_utc_ms for each in seen for one in each.certificates}
    assert ends["station"] - ends["broker"] == pytest.approx(2 * DAY_MS, abs=60_000)
    assert ends["broker"] - ends["authority"] == pytest.approx(DAY_MS, abs=60_000)


def test_the_end_that_is_read_from_a_file_is_what_openssl_says(folder: Path) -> None:
    authority = Authority.make(folder / "ca")
    for days in ("1", "9999", "99999"):  # from 2050 on the time has four digits of a year
        file, _ = authority.sign("client", "extendedKeyUsage=clientAuth", "-days", days)
        (found,) = certificate.of_files(None, file)
        told = ssl._ssl._test_decode_cert(str(file))["notAfter"]  # type: ignore[attr-defined]  # CPython's own reader
        assert found == Certificate("station", ssl.cert_time_to_seconds(told) * 1000)


@given(st.binary(max_size=200))
def test_whatever_is_no_certificate_is_said_to_be_none(der: bytes) -> None:
    with pytest.raises(ValueError, match="no certificate"):
        certificate.not_after_utc_ms(der)
