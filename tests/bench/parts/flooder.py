"""Room rule: who floods a station, as a process of its own. Measures nothing but what it sent.

`mqtt PORT PER_S`: messages that look like commands, on the command topic, half of them with QoS 1.
`desk SOCKET`: questions without end and lines that are none, on several connections. `rude SOCKET`:
hundreds of connections a second, lines that are begun, and megabytes that are none. It ends with
its standard input, and then says how many it sent.
"""

import json
import select
import socket
import sys
import time
from contextlib import ExitStack, suppress

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion

STATION_TOPIC = "wells/bench-well/commands"
TOKEN = b"eyJhbGciOiJFZERTQSIsImtpZCI6ImstOSJ9." + b"e30" * 100 + b".c2ln"
PORTION_S = 0.02
CONNECTIONS = 4
KNOCKS = 20  # at once
ENDLESS = b"x" * 4_000_000
LINES = (
    json.dumps({"jsonrpc": "2.0", "id": 1, "method": "status", "params": {}}).encode() + b"\n",
    json.dumps({"jsonrpc": "2.0", "id": 2, "method": "no_such", "params": {}}).encode() + b"\n",
    b'{"half": \n',
)


def over() -> bool:
    return bool(select.select([sys.stdin], [], [], 0)[0])


def heard(one: socket.socket) -> bool:
    """Take what the desk said. False when it hung up."""
    try:
        return bool(one.recv(65_536))
    except OSError:
        return False


def mqtt(port: int, per_s: int) -> int:
    client = paho.Client(CallbackAPIVersion.VERSION2, protocol=paho.MQTTv5)
    client.max_queued_messages_set(2000)
    client.connect("127.0.0.1", port)
    client.loop_start()
    sent, began_s = 0, time.perf_counter()
    while not over():
        due = int((time.perf_counter() - began_s) * per_s)
        for number in range(sent, due):
            client.publish(STATION_TOPIC, TOKEN, qos=number % 2)
        sent = max(sent, due)
        time.sleep(PORTION_S)
    client.loop_stop()
    return sent


def desk(path: str) -> int:
    open_: list[socket.socket] = []
    sent = 0
    while not over():
        while len(open_) < CONNECTIONS:
            one = socket.socket(socket.AF_UNIX)
            one.connect(path)
            one.settimeout(0)
            open_.append(one)
        readable, writable, _ = select.select(open_, open_, [], PORTION_S)
        for one in readable:
            if not heard(one):
                one.close()
                open_.remove(one)
        for one in set(writable) & set(open_):
            with suppress(OSError):  # its buffer is full, or the desk hung up
                one.send(b"".join(LINES))
                sent += len(LINES)
    return sent


def rude(path: str) -> int:
    """Who knocks and runs, begins lines and never ends them, and sends what is no line at all."""
    sent = 0
    while not over():
        with ExitStack() as held:
            knocking = [held.enter_context(socket.socket(socket.AF_UNIX)) for _ in range(KNOCKS)]
            for number, one in enumerate(knocking):
                with suppress(OSError):  # refused, hung up on, or its buffer is full
                    one.settimeout(PORTION_S)
                    one.connect(path)
                    one.sendall((b"", b'{"half', ENDLESS)[number % 3])
                sent += 1
            time.sleep(PORTION_S)
    return sent


MODES = {"desk": desk, "rude": rude}

if __name__ == "__main__":
    mode, *asked = sys.argv[1:]
    print(mqtt(*map(int, asked)) if mode == "mqtt" else MODES[mode](*asked))
