"""Is an exported journal what the station wrote? Needs Python only, no wellkeeper.

wellkeeper journal export > lines.jsonl
python verify_export.py lines.jsonl [EPOCH NUMBER HASH, as a platform once received them]
"""

import hashlib
import json
import struct
import sys
from pathlib import Path

if len(sys.argv) not in (2, 5):
    sys.exit(__doc__)
with Path(sys.argv[1]).open(encoding="utf-8") as lines:
    first = json.loads(next(lines))
    known = (sys.argv[2], int(sys.argv[3]), sys.argv[4]) if len(sys.argv) > 2 else None
    number, value = first["after"], bytes.fromhex(first["hash"])
    origin = hashlib.sha256(b"wellkeeper " + first["epoch"].encode()).digest()
    if number == 0 and value != origin:
        sys.exit("the first line does not begin this epoch")
    met = known is None or known[:2] == (first["epoch"], number)
    for line in lines:
        record = json.loads(line)
        number += 1
        if record["number"] != number:
            sys.exit(f"record {number} is missing")
        pruned = "sha256" in record
        body = b"" if pruned else record["text"].encode()
        digest = bytes.fromhex(record["sha256"]) if pruned else hashlib.sha256(body).digest()
        stamp = struct.pack(">Qq?", number, record["at_utc_ms"], record["trusted"])
        value = hashlib.sha256(value + stamp + record["kind"].encode() + b"\0" + digest).digest()
        if record.get("hash", value.hex()) != value.hex():
            sys.exit(f"record {number} is not what was written")
        if known is not None and known[:2] == (first["epoch"], number):
            met = True
            if known[2] != value.hex():
                sys.exit(f"record {number} is not what the platform received")
if not met:
    sys.exit("the platform's record is not in this export")
print(f"epoch {first['epoch']}: records {first['after'] + 1} to {number} hold, hash {value.hex()}")
