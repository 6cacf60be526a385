"""Room rule: one paho client: how it is made, read and ended. Knows no topic.

- `reconnect()` of a client blocks: name resolution (the host's resolver decides how long), then
  CONNECT_TIMEOUT_S for TCP and as much for the TLS handshake, per address. `dial` does it beside
  the loop of an uplink.
- A half-open link is found by the keepalive: without any byte from the broker paho sends a ping
  after one keepalive and gives up after two.
"""

import os
import socket
import ssl
from dataclasses import dataclass
from pathlib import Path
from select import POLLIN, POLLOUT, poll, select
from typing import Any, Literal

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from agent.ports import LinkFault

INCOMING_BYTES_MAX = 65_536  # what we let a broker send us: acknowledgements are small
CONNECT_TIMEOUT_S = 5.0
READS_MAX = 64
GOODBYE_TRIES = 10
GOODBYE_TRY_S = 0.05
ANSWERS_BYTES = 4096
_OF_NAME = (62, 64)  # X509_V_ERR_HOSTNAME_MISMATCH and _IP_ADDRESS_MISMATCH
_OF_TIME = (9, 10)  # OpenSSL's X509_V_ERR_CERT_NOT_YET_VALID and _HAS_EXPIRED


@dataclass(frozen=True, slots=True)
class TlsFiles:
    """Verified whenever on. `ca_file` None means the host's own store."""

    ca_file: Path | None = None
    cert_file: Path | None = None
    key_file: Path | None = None

    def context(self) -> ssl.SSLContext:
        """Certificate chain and host name are checked: create_default_context's own settings.

        Read afresh for each connection, so a renewed certificate needs no restart.
        """
        for file in (self.ca_file, self.cert_file, self.key_file):
            if file is not None:
                file.open("rb").close()  # ssl's own error does not name the file
        context = ssl.create_default_context(cafile=self.ca_file)
        if self.cert_file is not None:
            context.load_cert_chain(self.cert_file, self.key_file)
        return context


@dataclass(frozen=True, slots=True)
class Broker:
    """Where a broker is and as whom we come. `client_id` must be unique at the broker."""

    host: str
    port: int
    client_id: str
    tls: TlsFiles | None = None
    protocol: Literal["mqtt5", "mqtt311"] = "mqtt5"
    user: str | None = None
    password: str | None = None
    keepalive_s: int = 60


def new_client(
    broker: Broker, *, expiry_s: int, clean: bool, incoming_max: int | None = None
) -> paho.Client:
    """`incoming_max`: so many messages we take at once, and acknowledge ourselves."""
    version5 = broker.protocol == "mqtt5"
    client = paho.Client(
        CallbackAPIVersion.VERSION2,
        client_id=broker.client_id,
        clean_session=None if version5 else clean,
        protocol=paho.MQTTv5 if version5 else paho.MQTTv311,
        manual_ack=incoming_max is not None,
        reconnect_on_failure=False,  # else a refusal by 3.1.1 is answered by falling back to 3.1
    )
    client.connect_timeout = CONNECT_TIMEOUT_S
    client.max_inflight_messages = 0  # our own window holds the limit; paho's would only hide it
    # With this set paho queues what it writes, and only `loop_write` writes it.
    client.on_socket_register_write = lambda *_: None
    if broker.user is not None:
        client.username_pw_set(broker.user, broker.password)
    if broker.tls is not None:
        client.tls_set_context(broker.tls.context())
    if version5:
        properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]  # paho
        properties.SessionExpiryInterval = expiry_s
        if incoming_max is not None:
            properties.MaximumPacketSize = INCOMING_BYTES_MAX
            properties.ReceiveMaximum = incoming_max
    else:
        properties = None
    client.connect_async(
        broker.host,
        broker.port,
        keepalive=broker.keepalive_s,
        clean_start=clean if version5 else paho.MQTT_CLEAN_START_FIRST_ONLY,
        properties=properties,
    )
    return client


def exchange(client: paho.Client, wait_s: float) -> None:
    """Wait on the connection for at most `wait_s`; read and write what can be."""
    sock = client.socket()
    assert sock is not None, "its caller has connected it"
    writers = [sock] if client.want_write() else []
    readable, _, _ = select([sock], writers, [], wait_s)
    if readable:
        drain(client)
    client.loop_write()
    client.loop_misc()


def drain(client: paho.Client, bytes_max: int | None = None) -> bool:
    """Read what is there, so that the reason for an end is heard before a write fails on it.

    TLS may hold bytes back that no selector sees. False when a message of more than `bytes_max`
    has begun to come: 3.1.1 has no word to forbid it.
    """
    for _ in range(READS_MAX):
        client.loop_read()
        sock = client.socket()
        if sock is None or not _modest(client, bytes_max):
            break
        encrypted = isinstance(sock, ssl.SSLSocket) and sock.pending()
        if not encrypted and not _ready(sock, POLLIN, 0):
            break
    return _modest(client, bytes_max)


def _modest(client: paho.Client, bytes_max: int | None) -> bool:
    # paho has no bound of its own.
    return bytes_max is None or client._in_packet["remaining_length"] <= bytes_max  # noqa: SLF001  # shown nowhere else


def _ready(sock: Any, event: int, wait_s: float) -> bool:
    """select() would take no descriptor beyond 1023, and a fleet in one process has them."""
    waiting = poll()
    waiting.register(sock, event)
    return bool(waiting.poll(wait_s * 1000))


def say_goodbye(client: paho.Client) -> None:
    """Write what is queued and disconnect; two waits of at most GOODBYE_TRIES × GOODBYE_TRY_S.

    The second is for the broker to hang up. paho closes at once, and a socket closed on answers
    that nobody read resets the connection: a busy broker throws the goodbye away, unread.
    """
    sock = client.socket()
    if sock is None:
        return
    with socket.socket(fileno=os.dup(sock.fileno())) as kept:
        client.disconnect()
        for _ in range(GOODBYE_TRIES):
            sock = client.socket()
            if sock is None:
                _until_hung_up(kept)
                return
            _ready(sock, POLLOUT, GOODBYE_TRY_S)
            client.loop_write()
        sock = client.socket()
        if sock is not None:
            sock.close()


def _until_hung_up(kept: socket.socket) -> None:
    for _ in range(GOODBYE_TRIES):
        try:
            if _ready(kept, POLLIN, GOODBYE_TRY_S) and not kept.recv(ANSWERS_BYTES):
                return
        except OSError:
            return  # it was torn meanwhile


def reason_words(reason: ReasonCode, properties: Properties | None) -> str:
    said = getattr(properties, "ReasonString", "")
    return f"{reason} (0x{reason.value:02x})" + (f" {said!r}" if said else "")


def fault_of(fault: Exception) -> LinkFault:
    """Which of the known kinds it is that there is no connection."""
    match fault:
        case ssl.SSLCertVerificationError(verify_code=code):
            of_time, of_name = code in _OF_TIME, code in _OF_NAME
            other = LinkFault.TLS_NAME if of_name else LinkFault.TLS_UNTRUSTED
            return LinkFault.TLS_TIME if of_time else other
        case ssl.SSLError():
            return LinkFault.TLS_FAILED
        case socket.gaierror():
            return LinkFault.UNRESOLVED
        case ConnectionRefusedError():
            return LinkFault.REFUSED
        case ConnectionError():
            return LinkFault.LOST
        case _:
            return LinkFault.UNREACHABLE


def fault_words(fault: Exception, broker: Broker) -> str:
    words = f"{broker.host}:{broker.port}: {str(fault) or type(fault).__name__}"
    if isinstance(fault, ssl.SSLCertVerificationError) and fault.verify_code in _OF_TIME:
        return f"{words}; is this host's clock right?"
    return words
