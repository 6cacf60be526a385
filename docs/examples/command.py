"""A platform's command: gives a station water and prints what became of it.

python command.py HOST PORT STATION PLATFORM KEY.pem KID VOLUME_M3    (pyjwt[crypto], paho-mqtt)
"""

import json
import sys
import time
import uuid

import jwt
import paho.mqtt.client as mqtt

host, port, station, platform, key, kid, volume_m3 = sys.argv[1:]
topic, now = f"wells/{station}", int(time.time())
order = {"year": time.gmtime(now + 8 * 3600).tm_year, "kind": "addition", "document": "notice 12"}
claims = {"iss": platform, "aud": station, "jti": str(uuid.uuid4()), "iat": now, "exp": now + 3600}
claims |= {"order": "allocate", "fields": {**order, "volume_l": int(volume_m3) * 1000}}
token = jwt.encode(claims, open(key).read(), "EdDSA", {"kid": kid})


def hear(client, _userdata, message):
    if json.loads(message.payload)["id"] == claims["jti"]:
        print(message.payload.decode())
        client.disconnect()


client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2, protocol=mqtt.MQTTv5)
client.on_message = hear
client.on_subscribe = lambda *_: client.publish(f"{topic}/commands", token, qos=1)
client.on_connect = lambda *_: client.subscribe(f"{topic}/results", qos=1)
client.connect(host, int(port))  # client.tls_set() before it, wherever there is a wire
client.loop_forever()
