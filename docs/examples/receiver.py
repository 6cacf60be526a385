"""A platform's receiver: stores every record once, says what is missing, sends receipts.

python receiver.py HOST PORT FILE.db [TOPIC]     (needs paho-mqtt; TOPIC is wells/+/records)
"""

import json
import sqlite3
import sys

import paho.mqtt.client as mqtt
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

DAY_S = 86_400
TABLE = """CREATE TABLE IF NOT EXISTS records(station, epoch, number INTEGER, kind, record,
           PRIMARY KEY(station, epoch, number)) WITHOUT ROWID"""


def missing(store, station, epoch):
    """How many records below the newest have not come."""
    query = "SELECT max(number) - count(*) FROM records WHERE station=? AND epoch=?"
    return store.execute(query, (station, epoch)).fetchone()[0]


def take(client, store, message):
    batch = json.loads(message.payload)
    place = batch["station"], batch["epoch"]
    rows = [
        (*place, record["number"], group["kind"], json.dumps(record))
        for group in batch["records"]
        for row in group["rows"]
        for record in [dict(zip(group["columns"], row, strict=True))]
    ]
    with store:  # one transaction; a record that is here already is an exact copy
        store.executemany("INSERT OR IGNORE INTO records VALUES(?,?,?,?,?)", rows)
    client.ack(message.mid, message.qos)  # only now: what is not stored comes again
    lost = missing(store, *place)
    print(f"{place[0]} {rows[-1][2]}: {lost} missing", flush=True)
    if not lost:
        receipt = json.dumps({"epoch": place[1], "number": rows[-1][2]})
        client.publish(message.topic.replace("/records", "/receipts"), receipt, 1, retain=True)


def main(host, port, file, topic="wells/+/records"):
    store = sqlite3.connect(file)
    store.execute(TABLE)
    client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2, "receiver", protocol=mqtt.MQTTv5,
                         manual_ack=True)  # fmt: skip
    session = Properties(PacketTypes.CONNECT)
    session.SessionExpiryInterval = 30 * DAY_S  # what comes while we are away waits at the broker
    client.on_connect = lambda *_: client.subscribe(topic, qos=1)
    client.on_message = lambda _client, _data, message: take(client, store, message)
    client.connect(host, int(port), clean_start=False, properties=session)
    client.loop_forever()


if __name__ == "__main__":
    main(*sys.argv[1:]) if len(sys.argv) in (4, 5) else sys.exit(__doc__)
