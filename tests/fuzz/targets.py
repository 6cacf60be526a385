"""Room rule: every parser that faces the outside, as a function of octets. Chooses no octets.

Each target takes anything at all. What is right is used a little further, what is wrong is one
error of the kind that its callers expect and can say; whatever else is raised is a find.
`test_targets.py` feeds them from Hypothesis, `guided.py` by coverage (`make fuzz`).
"""

import json
from collections.abc import Callable, Iterable
from contextlib import closing, suppress
from dataclasses import replace
from pathlib import Path
from typing import Final, NamedTuple

from agent import amounts, rows, signing, words
from agent.console.keys import KeyDecoder
from agent.core.model import Command
from agent.core.state import State
from agent.deadman import _Held
from agent.desk import wire
from agent.desk.claims import id_of, read_claims
from agent.desk.fields import Fields
from agent.journal import (
    JournalDamaged,
    JournalFailed,
    JournalNewer,
    Reader,
)
from agent.lease import ANSWER_BYTES_MAX, LEASE_MAX_MS
from agent.report.export import ExportUnreadable, imported
from agent.report.period import PeriodKind, PeriodUnreadable, period_of
from agent.report.well import WellReport
from agent.settings import SettingsError
from agent.settings import load as load_settings
from agent.settings.keys import public_of
from agent.words import LANGUAGES, settings_text
from drivers import profile_file
from drivers.health import HostLooks
from drivers.mqtt.certificate import not_after_utc_ms
from drivers.payload.json import JsonCodec
from drivers.plan import Block
from drivers.profile_file import ProfileError
from drivers.registers import Register, evaluate
from drivers.reply import reply_in, sealed
from drivers.shelf import OWN_FOLDER
from tests.fuzz import seeds
from tests.fuzz.seeds import ZONE

INTEGER_MAX: Final = 2**63 - 1  # what the journal's rows and their readers hold
STREAM_PIECE: Final = 7


class Target(NamedTuple):
    """`take` raises nothing but a find. `seeds` are what is right, to begin with."""

    take: Callable[[bytes], None]
    seeds: Callable[[], Iterable[bytes]]


def _file(name: str, octets: bytes) -> Path:
    path = seeds.folder() / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(octets)
    return path


# --- files that people write ----------------------------------------------------------------------


def settings(octets: bytes) -> None:
    try:
        load_settings(_file("station.toml", octets))
    except SettingsError as wrong:
        said = [settings_text(wrong, language) for language in LANGUAGES]
    else:
        return
    assert all(said)


def profiles(octets: bytes) -> None:
    """A profile that is taken can be planned, and makes of any words a value in range or none."""
    try:
        kind = profile_file.load(_file("generic.toml", octets))
        blocks = [block for group in kind.blocks(kind.line) for block in group]
    except ProfileError:
        return
    words: dict[Register, int] = {
        register: at * 0x1357 & 0xFFFF
        for at, register in enumerate(one for block in blocks for one in block.registers())
    }
    factors = {one.name: one.of(words[one.at]) for one in kind.factors}
    for row in kind.rows:
        value, fault = evaluate(row, words, factors)
        assert fault is not None or (value is not None and row.low <= value <= row.high)


def words_of_people(octets: bytes) -> None:
    """Volumes and periods, as typed at the shell and the console."""
    text = octets.decode("utf-8", "replace")
    for read in (amounts.volume_l, amounts.signed_volume_l, amounts.energy_wh):
        with suppress(amounts.AmountError):
            assert isinstance(read(text), int)
    for kind in PeriodKind:
        with suppress(PeriodUnreadable):
            found = period_of(kind, text, ZONE)
            assert found.from_utc_ms < found.to_utc_ms


def reports(octets: bytes) -> None:
    """Exports of other stations, which are merged."""
    with suppress(ExportUnreadable):
        assert isinstance(imported(_file("report.json", octets)), WellReport)


def journal_files(octets: bytes) -> None:
    """A copy on a stick: verified, or damaged with the place."""
    for name in ("journal.db-wal", "journal.db-shm"):
        (seeds.folder() / name).unlink(missing_ok=True)
    with (
        suppress(JournalDamaged, JournalFailed, JournalNewer),
        closing(Reader(_file("journal.db", octets))) as reader,
    ):
        for _ in reader.verify():
            pass
        for row in reader.after(0, 1000):
            if row.body is not None:
                rows.decode_body(row.kind, row.body)


# --- the desk and the relay -----------------------------------------------------------------------


def desk_lines(octets: bytes) -> None:
    """The stream in pieces, its lines as requests, their fields as orders."""
    lines = wire.Lines(wire.REQUEST_BYTES_MAX)
    for begin in range(0, len(octets), STREAM_PIECE):
        try:
            found = lines.feed(octets[begin : begin + STREAM_PIECE])
        except wire.Refused:
            return
        for line in found:
            _request(line)


def _request(line: bytes) -> None:
    number: wire.RequestId = None
    try:
        request = wire.read_request(line)
        number = request.id
        fields = Fields(request.fields)
        fields.text("actor")
        fields.integer("limit", 1, 1000, 1)
        fields.optional_integer("not_after_utc_ms")
        fields.revision("revision")
        order = fields.order("order", "fields")
        fields.end()
        assert order is not None
        rows.dumps(rows.to_row(order))
    except wire.Refused as why:
        said = wire.refusal(number, why)
        assert said.count(b"\n") == 1
        assert len(said) < wire.REQUEST_BYTES_MAX
        wire.read_answer(said)


def desk_answers(octets: bytes) -> None:
    """What an uplink reads, should something else have taken the desk's place."""
    with suppress(wire.Refused):
        wire.read_answer(octets)


class _Pin:
    """A line that follows."""

    def __init__(self) -> None:
        self._level = False

    def drive(self, *, permitted: bool) -> None:
        self._level = permitted

    def permitted(self) -> bool:
        return self._level

    def close(self) -> None:
        self._level = False


def relay_messages(octets: bytes) -> None:
    held, now_ms = _Held(_Pin()), 1_000
    for message in octets.split(b"\0")[:20]:
        assert len(held.answer(message, now_ms, heard=True)) <= ANSWER_BYTES_MAX
        assert held.left_ms(now_ms) <= LEASE_MAX_MS
        now_ms += 100


# --- the platforms --------------------------------------------------------------------------------


def mqtt_payloads(octets: bytes) -> None:
    """Receipts, and the state that a broker remembers."""
    codec = JsonCodec()
    for place in (codec.read_receipt(octets), codec.read_head(octets)):
        assert place is None or 0 <= place.number <= INTEGER_MAX


def tokens(octets: bytes) -> None:
    """Nothing is proved that was not signed."""
    _, keys = seeds.keys()
    found = signing.proved(octets.decode("utf-8", "replace"), keys)
    assert isinstance(found, signing.Unproved) or octets.decode("ascii") in seeds.signed()


def commands(octets: bytes) -> None:
    """Claims that a platform has really signed, whatever it meant by them."""
    try:
        claims = json.loads(octets)
    except (ValueError, RecursionError):
        return
    if not isinstance(claims, dict):
        return
    found = read_claims({"iss": "a", "aud": "well", **claims}, "a", "well")
    if isinstance(found, Command):
        rows.dumps(rows.to_row(found.order))
    else:
        assert all(words.refusal(found, language) for language in LANGUAGES)
    assert id_of(claims).isprintable()


def keys(octets: bytes) -> None:
    """The files of a platform's public keys: PEM, JWK or hex."""
    found = public_of(octets.decode("utf-8", "replace"))
    assert found is None or len(bytes.fromhex(found)) == 32


def certificates(octets: bytes) -> None:
    with suppress(ValueError):
        not_after_utc_ms(octets)


# --- the wires ------------------------------------------------------------------------------------


def modbus_replies(octets: bytes) -> None:
    """The first octets say what was asked; the rest came over the line."""
    if len(octets) < 3:
        return
    unit, count = octets[0] % 247 + 1, octets[2] % 125 + 1
    block = Block(3 + octets[1] % 2, 0, count)
    rest = octets[3:]
    for came in (rest, sealed(rest) if rest else b""):
        frame = reply_in(came, unit, block)
        assert frame == b"" or (frame in came and frame[0] == unit and sealed(frame[:-2]) == frame)


def console_octets(octets: bytes) -> None:
    decoder = KeyDecoder()
    for begin in range(0, len(octets), STREAM_PIECE):
        decoder.feed(octets[begin : begin + STREAM_PIECE])
    decoder.settle()


# --- the host, and what we wrote ourselves --------------------------------------------------------

HOST_FILES: Final = (
    "proc/meminfo",
    "proc/uptime",
    "proc/loadavg",
    "proc/stat",
    "sys/class/thermal/thermal_zone0/type",
    "sys/class/thermal/thermal_zone0/temp",
    "sys/class/power_supply/bat/type",
    "sys/class/power_supply/bat/capacity",
    "sys/class/power_supply/bat/status",
    "sys/devices/platform/soc/firmware/get_throttled",
    "run/wellkeeper-modem/modem.txt",
    "modem.txt",
)


def host_files(octets: bytes) -> None:
    """A part of the octets for each file; what is seen can be written down."""
    root = seeds.folder() / "host"
    for name, part in zip(HOST_FILES, [*octets.split(b"\0"), *[b""] * 99], strict=False):
        _file(f"host/{name}", part)
    looks = replace(HostLooks(root, root / "modem.txt"), root=root)
    host, modem = looks.host(), looks.modem()
    for seen in (host, modem):
        _storable(rows.to_row(seen))


def _storable(row: rows.Row) -> None:
    if isinstance(row, list):
        for one in row:
            _storable(one)
    assert not isinstance(row, int) or abs(row) <= INTEGER_MAX, row


def stored_rows(octets: bytes) -> None:
    """A checkpoint and bodies, as a bad card gives them back."""
    kinds = sorted(rows.BODIES)
    kind = kinds[octets[0] % len(kinds)] if octets else ""
    with suppress(rows.RowError):
        rows.decode_body(kind, octets[1:])
    with suppress(ValueError):
        rows.from_row(State, json.loads(octets))


TARGETS: Final = {
    "settings": Target(settings, seeds.texts("config/*.toml")),
    "profile": Target(profiles, lambda: [(OWN_FOLDER / "generic.toml").read_bytes()]),
    "words": Target(words_of_people, lambda: seeds.VOLUMES),
    "report": Target(reports, seeds.reports),
    "journal": Target(journal_files, seeds.journals),
    "desk": Target(desk_lines, seeds.requests),
    "desk_answer": Target(desk_answers, seeds.answers),
    "relay": Target(relay_messages, lambda: [seeds.LEASES]),
    "mqtt": Target(mqtt_payloads, seeds.payloads),
    "token": Target(tokens, lambda: [one.encode() for one in seeds.signed()]),
    "command": Target(commands, seeds.claims),
    "key": Target(keys, seeds.public_keys),
    "certificate": Target(certificates, lambda: [bytes.fromhex("30063004a0000200")]),
    "modbus": Target(modbus_replies, lambda: [seeds.REPLY]),
    "console": Target(console_octets, lambda: seeds.KEYS),
    "host": Target(host_files, seeds.host),
    "rows": Target(stored_rows, seeds.checkpoints),
}
