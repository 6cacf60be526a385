"""The MQTT driver beyond the conformance suite: what brokers refuse, how links end, TLS."""

import json
import socket
import tempfile
import threading
from collections.abc import Iterator
from contextlib import closing, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import pytest

from agent.ports import Answer, CertificatesSeen, LinkDown, LinkTrouble, LinkUp, Receipt
from drivers.host import monotonic_ms
from drivers.mqtt import Broker, MqttConfig, MqttLink, Receiver, TlsFiles
from drivers.mqtt.appetite import BATCH_BYTES_MAX
from drivers.mqtt.link import CONNACK_TIMEOUT_MS, RECEIPT_TIMEOUT_MS
from drivers.mqtt.traffic import WINDOW_MAX
from tests.drivers.certificates import ELSEWHERE, HOST, Authority
from tests.links import hear, listen, subscribe, turn
from tests.mosquitto import OPEN, Mosquitto

CONNACK_OK = bytes([0x20, 3, 0, 0, 0])


def at(port: int) -> Broker:
    return Broker("127.0.0.1", port, "uplink")


def link_to(broker: Broker) -> MqttLink:
    return MqttLink(MqttConfig(broker, "W-1", "1.2", trust_puback=True))


def up(link: MqttLink) -> LinkUp:
    link.connect()
    event = hear(link, LinkUp)[-1]
    assert isinstance(event, LinkUp)
    return event


def why_down(link: MqttLink) -> str:
    event = hear(link, LinkDown)[-1]
    assert isinstance(event, LinkDown)
    return event.why


def refusal_of(broker: Broker) -> str:
    link = link_to(broker)
    link.connect()
    return why_down(link)


def receipt(link: MqttLink) -> Receipt:
    event = next(event for event in hear(link, Receipt) if isinstance(event, Receipt))
    assert isinstance(event, Receipt)
    return event


def answer_to_a_batch(link: MqttLink) -> Receipt:
    with closing(link):
        up(link)
        link.send_records(b"x")
        return receipt(link)


# --- what the broker says ------------------------------------------------------------------------


def test_without_a_subscriber_a_batch_is_kept_and_the_consumer_named_as_missing(
    mosquitto: Mosquitto,
) -> None:
    answer = answer_to_a_batch(link_to(at(mosquitto.port)))
    assert answer.answer is Answer.KEPT
    assert "no_consumer" in answer.why
    assert "wells/W-1/records" in answer.why


def test_mqtt_311_cannot_see_that_nobody_listens_and_must_be_declared(
    mosquitto: Mosquitto,
) -> None:
    """The reason for `trust_puback`: the same broker, the same void, and it says success."""
    old = replace(at(mosquitto.port), protocol="mqtt311")
    with pytest.raises(AssertionError, match="trust_puback"):
        MqttConfig(old, "W-1", "1")
    assert answer_to_a_batch(link_to(old)).answer is Answer.ACCEPTED


@pytest.mark.parametrize("protocol", ["mqtt5", "mqtt311"])
def test_refused_credentials_are_said_in_words(
    folder: Path, protocol: Literal["mqtt5", "mqtt311"]
) -> None:
    (folder / "passwords").write_text("")
    options = ("allow_anonymous false", f"password_file {folder}/passwords")
    with Mosquitto(folder, options) as mosquitto:
        broker = replace(at(mosquitto.port), user="w", password="wrong", protocol=protocol)
        assert "not authorized" in refusal_of(broker).lower()


def test_a_topic_that_is_not_allowed_keeps_the_batch_and_names_the_topic(folder: Path) -> None:
    (folder / "acl").write_text("topic read #\n")
    with Mosquitto(folder, (*OPEN, f"acl_file {folder}/acl")) as mosquitto:
        answer = answer_to_a_batch(link_to(at(mosquitto.port)))
    assert answer.answer is Answer.KEPT
    assert "0x87" in answer.why
    assert "wells/W-1/records" in answer.why


def test_a_state_that_is_not_allowed_is_told_and_stops_no_batch(folder: Path) -> None:
    (folder / "acl").write_text("topic readwrite wells/W-1/records\n")
    with Mosquitto(folder, (*OPEN, f"acl_file {folder}/acl")) as mosquitto:
        receiver = Receiver(replace(at(mosquitto.port), client_id="rx"), ["wells/W-1/records"])
        link = link_to(at(mosquitto.port))
        with closing(subscribe(receiver)), closing(link):
            up(link)
            link.send_state(b"{}")
            link.send_records(b"x")
            heard = hear(link, Receipt)
    troubles = [event.why for event in heard if isinstance(event, LinkTrouble)]
    assert any("wells/W-1/state" in why for why in troubles)
    assert heard[-1] == Receipt(1, Answer.ACCEPTED)


def test_the_brokers_limits_are_ours(folder: Path) -> None:
    limits = ("max_inflight_messages 5", "max_packet_size 30000")
    with Mosquitto(folder, (*OPEN, *limits)) as mosquitto:
        link = link_to(at(mosquitto.port))
        with closing(link):
            found = up(link)
            assert found.window == 4, "one of the five is left for the state"
            assert found.batch_bytes_max < 30_000
            for _ in range(4):
                link.send_records(b"x" * found.batch_bytes_max)
            link.send_state(b"{}")
            assert len(hear(link, Receipt, 4)) >= 4


def test_without_limits_of_the_broker_there_are_our_own(mosquitto: Mosquitto) -> None:
    link = link_to(replace(at(mosquitto.port), protocol="mqtt311"))
    with closing(link):
        assert up(link) == LinkUp(WINDOW_MAX, BATCH_BYTES_MAX)


def test_a_broker_that_takes_too_little_is_refused_with_a_remedy(folder: Path) -> None:
    with Mosquitto(folder, (*OPEN, "max_packet_size 500")) as mosquitto:
        assert "allow 2048 or more" in refusal_of(at(mosquitto.port))


def test_a_second_client_of_the_same_name_takes_the_link_down(mosquitto: Mosquitto) -> None:
    """Mosquitto 2.0.11 hangs up without a word; the uplink's back-off is what keeps the peace."""
    first, second = link_to(at(mosquitto.port)), link_to(at(mosquitto.port))
    with closing(first), closing(second):
        up(first)
        up(second)
        assert "lost" in why_down(first)


def test_what_a_broker_says_when_it_ends_the_session_is_passed_on() -> None:
    taken_over = bytes([0xE0, 2, 0x8E, 0])
    assert "Session taken over (0x8e)" in refusal_of(at(impostor(CONNACK_OK, taken_over)))


# --- presence -----------------------------------------------------------------------------------


def online(receiver: Receiver) -> tuple[str, str]:
    heard = listen(receiver, bool)
    words = json.loads(heard[-1][1])
    assert (words["station"], words["version"]) == ("W-1", "1.2")
    return words["status"], words.get("cause", "")


def test_birth_last_will_and_goodbye_are_told_apart(mosquitto: Mosquitto) -> None:
    receiver = Receiver(replace(at(mosquitto.port), client_id="rx"), ["wells/W-1/online"])
    with closing(subscribe(receiver)):
        link = link_to(at(mosquitto.port))
        up(link)
        turn(link)
        assert online(receiver) == ("online", "")
        with socket.socket(fileno=link.fileno()) as torn:
            torn.shutdown(socket.SHUT_RDWR)
            hear(link, LinkDown)
            torn.detach()
        assert online(receiver) == ("offline", "lost")
        up(link)
        turn(link)
        assert online(receiver) == ("online", "")
        link.close()
        assert online(receiver) == ("offline", "stopped")


def test_a_goodbye_outlives_answers_that_nobody_has_read() -> None:
    """A connection that was reset for them told a busy broker nothing: 'lost' for 'stopped'."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        link = link_to(at(listening.getsockname()[1]))
        link.connect()
        peer = listening.accept()[0]
        peer.settimeout(20)
        with peer:
            turn(link)
            peer.sendall(CONNACK_OK)
            hear(link, LinkUp)
            peer.sendall(bytes([0xD0, 0]))
            link.close()
            told = b""
            while more := peer.recv(4096):
                told += more
    assert b"stopped" in told
    assert bytes([0xE0, 0]) in told[-4:]


# --- half-open links ------------------------------------------------------------------------------


def test_a_broker_that_takes_the_socket_and_never_greets_is_given_up(
    mosquitto: Mosquitto,
) -> None:
    mosquitto.freeze()
    link = link_to(at(mosquitto.port))
    link.connect()
    hear(link, CertificatesSeen)
    step = {"readable": False, "writable": True}
    assert link.step(**step, monotonic_ms=0) == []
    assert link.step(**step, monotonic_ms=CONNACK_TIMEOUT_MS) == []
    *_, event = link.step(**step, monotonic_ms=CONNACK_TIMEOUT_MS + 1)
    assert isinstance(event, LinkDown)
    assert "within 10 s" in event.why


def test_a_broker_that_never_acknowledges_is_given_up(mosquitto: Mosquitto) -> None:
    link = link_to(at(mosquitto.port))
    up(link)
    mosquitto.freeze()
    link.send_records(b"x")
    step = {"readable": False, "writable": True}
    now_ms = monotonic_ms()
    assert link.step(**step, monotonic_ms=now_ms) == []
    *_, event = link.step(**step, monotonic_ms=now_ms + RECEIPT_TIMEOUT_MS + 1)
    assert isinstance(event, LinkDown)
    assert "no acknowledgement" in event.why


def test_a_silent_broker_is_noticed_by_the_keepalive(mosquitto: Mosquitto) -> None:
    link = link_to(replace(at(mosquitto.port), keepalive_s=1))
    up(link)
    mosquitto.freeze()
    assert "keep alive" in why_down(link).lower()


# --- brokers that are none ------------------------------------------------------------------------


def impostor(*answers: bytes) -> int:
    """A server that answers what it reads with these bytes, and hangs up in order. Its port."""
    listening = socket.create_server(("127.0.0.1", 0))
    port: int = listening.getsockname()[1]

    def serve() -> None:
        with listening, listening.accept()[0] as peer:
            for answer in answers:
                peer.recv(4096)
                peer.sendall(answer)
            with suppress(OSError):  # whoever saw enough is gone first
                peer.shutdown(socket.SHUT_WR)
                while peer.recv(4096):
                    pass

    threading.Thread(target=serve, daemon=True).start()
    return port


@pytest.mark.parametrize(
    "answers",
    [
        (b"HTTP/1.1 400 Bad Request\r\n\r\n",),
        (b"",),
        (bytes([0x20, 1, 0]),),  # a greeting that is too short
        (bytes([0x20, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF]),),  # a length that never ends
        (CONNACK_OK, bytes([0x40, 3, 0, 1, 0x77])),  # an acknowledgement with an unknown reason
        (CONNACK_OK, bytes([0x40, 1, 0])),
        (CONNACK_OK, bytes([0x40, 2, 0, 9])),  # of a message that nobody sent
        (CONNACK_OK, bytes([0xF0, 1, 0])),
        (CONNACK_OK, bytes([0x30, 4, 0, 2, 0xFF, 0xFF])),  # a message whose topic is no text
        (bytes([0x20, 6, 0, 0, 3, 0x21, 0, 0]),),  # room for no message at all
        (CONNACK_OK, CONNACK_OK, bytes([0x40, 2, 0, 3])),  # a second greeting
        (CONNACK_OK * 3,),
    ],
)
def test_a_broker_that_talks_nonsense_is_a_link_that_is_down(answers: tuple[bytes, ...]) -> None:
    assert refusal_of(at(impostor(*answers)))


# --- TLS ------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def authorities() -> Iterator[tuple[Authority, Authority]]:
    """Ours and somebody else's."""
    with tempfile.TemporaryDirectory(prefix="wk") as name:
        yield Authority.make(Path(name) / "ours"), Authority.make(Path(name) / "theirs")


def secured(folder: Path, authority: Authority, extension: str = HOST, *dates: str) -> Mosquitto:
    """A broker with a certificate that wants one from its clients."""
    certificate, key = authority.sign("broker", extension, *dates)
    return Mosquitto(
        folder,
        (
            *OPEN, f"cafile {authority.file}", f"certfile {certificate}", f"keyfile {key}",
            "require_certificate true",
        ),
    )  # fmt: skip


def tls(broker: Mosquitto, ca: Authority, client: tuple[Path, Path] | None) -> Broker:
    certificate, key = client or (None, None)
    return replace(at(broker.port), tls=TlsFiles(ca.file, certificate, key))


def test_with_certificates_on_both_sides_records_pass(
    folder: Path, authorities: tuple[Authority, Authority]
) -> None:
    ours, _ = authorities
    with secured(folder, ours) as broker:
        config = tls(broker, ours, ours.sign("client", "extendedKeyUsage=clientAuth"))
        receiver = Receiver(replace(config, client_id="rx"), ["wells/#"])
        link = link_to(config)
        with closing(subscribe(receiver)), closing(link):
            limits = up(link)
            sent = [b"%d" % n * 10_000 for n in range(limits.window)]
            for payload in sent:
                link.send_records(payload)
            hear(link, Receipt, len(sent))
            got = listen(receiver, lambda heard: len(heard) >= len(sent) + 1)
    assert [payload for topic, payload, _ in got if topic.endswith("records")] == sent


@dataclass(frozen=True, slots=True)
class Unproven:
    """A broker's certificate that must not be believed."""

    extension: str
    dates: tuple[str, ...]
    ours: bool
    expected: str


UNPROVEN = {
    "another authority": Unproven(HOST, (), ours=False, expected="certificate verify failed"),
    "another host": Unproven(
        ELSEWHERE, (), ours=True, expected="certificate is not valid for '127.0.0.1'"
    ),
    "expired": Unproven(HOST, ("-days", "-1"), ours=True, expected="certificate has expired"),
}


# paho leaves the socket of a failed handshake to the garbage collector.
@pytest.mark.filterwarnings("ignore:unclosed.*SSLSocket:ResourceWarning")
@pytest.mark.parametrize("name", UNPROVEN)
def test_a_broker_that_cannot_prove_itself_gets_nothing(
    folder: Path, authorities: tuple[Authority, Authority], name: str
) -> None:
    case = UNPROVEN[name]
    ours, theirs = authorities
    with secured(folder, ours, case.extension, *case.dates) as broker:
        client = ours.sign("client", "extendedKeyUsage=clientAuth")
        assert case.expected in refusal_of(tls(broker, ours if case.ours else theirs, client))


@pytest.mark.filterwarnings("ignore:unclosed.*SSLSocket:ResourceWarning")
def test_a_broker_that_wants_our_certificate_says_so(
    folder: Path, authorities: tuple[Authority, Authority]
) -> None:
    """In TLS 1.3 this refusal comes after the handshake, as an alert on the first read."""
    ours, _ = authorities
    with secured(folder, ours) as broker:
        assert "certificate required" in refusal_of(tls(broker, ours, None))


def test_a_file_that_is_not_there_is_named(folder: Path) -> None:
    broker = replace(at(1), tls=TlsFiles(folder / "missing.crt"))
    assert "missing.crt" in refusal_of(broker)


@pytest.mark.filterwarnings("ignore:unclosed.*SSLSocket:ResourceWarning")
def test_tls_never_falls_back_to_clear_text(mosquitto: Mosquitto) -> None:
    assert refusal_of(replace(at(mosquitto.port), tls=TlsFiles()))
