"""The reader: a right file is read exactly, a wrong one is told completely.

Each row of broken.toml breaks station.toml in one way and gives the whole message.
"""

import os
import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent import words
from agent.settings import (
    Bus,
    FlowMeter,
    Reason,
    Relay,
    Scan,
    SettingsError,
    Tls,
    desk_socket,
    journal_file,
    load,
    named,
    relations,
    relay_socket,
)
from drivers.relay_module import MODULES

HERE = Path(__file__).parent
RIGHT = (HERE / "station.toml").read_text(encoding="utf-8")
BROKEN = tomllib.loads((HERE / "broken.toml").read_text(encoding="utf-8"))["broken"]


def read(folder: Path, text: str) -> list[str]:
    """What is wrong with `text`, as a person reads it in English."""
    file = folder / "station.toml"
    file.write_text(text, encoding="utf-8")
    try:
        load(file)
    except SettingsError as error:
        return [words.problem(one, "en") for one in error.problems]
    return []


def test_a_right_file_is_read_exactly(tmp_path: Path) -> None:
    file = tmp_path / "station.toml"
    file.write_text(RIGHT, encoding="utf-8")
    settings = load(file)
    assert settings.relay == Relay(driver="gpio", line=17)
    assert settings.scan == Scan(period_s=2)
    assert settings.bus == (
        Bus("meters", Path("/dev/serial/by-id/one")),
        Bus("probes", Path("/dev/serial/by-id/two")),
    )
    assert settings.flow_meter == FlowMeter("meters", 1, "tuf2000", 150)
    assert settings.interlock.warn_percent == (80, 90)
    assert [one.tls for one in settings.platform] == [Tls(), None]


def test_a_relative_path_is_relative_to_its_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "station.toml"
    file.write_text(RIGHT, encoding="utf-8")
    assert load(file).station.state_dir == tmp_path / "state"
    monkeypatch.chdir(tmp_path)
    assert load(Path("station.toml")).station.state_dir == tmp_path / "state"


def test_files_and_sockets_stand_where_the_settings_say(tmp_path: Path) -> None:
    file = tmp_path / "station.toml"
    file.write_text(RIGHT, encoding="utf-8")
    settings = load(file)
    assert journal_file(settings) == tmp_path / "state" / "journal.db"
    assert relay_socket(settings) == Path("/run/wk/relay.sock")
    assert desk_socket(settings, "admin") == Path("/run/wk/desk/admin.sock")
    assert desk_socket(settings, "a") == Path("/run/wk/desk/a.sock")
    with pytest.raises(AssertionError, match="stranger is not declared"):
        desk_socket(settings, "stranger")


@pytest.mark.parametrize("row", BROKEN, ids=[row["wrong"] for row in BROKEN])
def test_one_mistake_is_one_message(tmp_path: Path, row: dict[str, str]) -> None:
    assert row["right"] in RIGHT
    assert read(tmp_path, RIGHT.replace(row["right"], row["wrong"], 1)) == [row["told"]]


@pytest.mark.parametrize(("length", "client"), [(91, "admin"), (64, "a" * 32)])
def test_a_folder_too_long_for_its_sockets_is_refused(
    tmp_path: Path, length: int, client: str
) -> None:
    """The longest of them decides: /desk/admin.sock, or that of a platform with a longer name."""
    text = RIGHT.replace('name = "a"', f'name = "{client}"' if client != "admin" else 'name = "a"')
    run_dir = "/" + "r" * (length - 1)
    assert read(tmp_path, text.replace("/run/wk", run_dir)) == []
    assert read(tmp_path, text.replace("/run/wk", run_dir + "r")) == [
        (
            f"line 6 station.run_dir: The socket path {run_dir}r/desk/{client}.sock is longer than "
            "the 107 bytes the system allows. Choose a shorter folder."
        )
    ]


def test_the_modules_that_are_refused_are_those_that_cannot_hold_a_lease() -> None:
    refused = {kind for kind, module in MODULES.items() if module.refusal}
    assert refused == relations.WITHOUT_WATCHDOG


def test_a_module_without_a_watchdog_is_taken_when_the_site_says_what_holds_the_lease(
    tmp_path: Path,
) -> None:
    module = '[relay.module]\nkind = "waveshare"\nport = "/dev/r"\nunit = 1\nchannel = 1\n'
    right = 'driver = "gpio"\nline = 17\n'
    text = RIGHT.replace(right, f'driver = "modbus"\n{module}lease_held_by = "time relay KT1"\n')
    assert read(tmp_path, text) == []
    assert read(tmp_path, text.replace("time relay KT1", "  ")) != []


def test_a_renamed_bus_is_one_mistake_where_it_is_and_one_where_it_is_used(tmp_path: Path) -> None:
    problems = read(tmp_path, RIGHT.replace('name = "probes"', 'name = "meters"'))
    assert [one.partition(":")[0] for one in problems] == [
        "line 20 bus[1].name",
        "line 36 level_probe.bus",
    ]


def test_everything_that_is_wrong_is_told_at_once_in_the_order_of_the_file(tmp_path: Path) -> None:
    """Also a relation of parts that stand in sections with other mistakes."""
    text = RIGHT
    for right, wrong in (
        ('id = "well-1"', "id = 1"),
        ("period_s = 2", "period_s = 2\nperoid_s = 1"),
        ('driver = "gpio"\nline = 17', 'driver = "gpoi"\nlease_s = 3'),
        ("unit = 2", "unit = 1\nbaud = 9600"),
        ("flow_max_m3_per_h = 150\n", ""),
        ("port = 8883", "port = 0"),
        ('name = "b"', 'name = "a"'),
        ("tls = false\n", ""),
    ):
        assert right in text
        text = text.replace(right, wrong, 1)
    assert [one.partition(":")[0] for one in read(tmp_path, text)] == [
        "line 3 station.id",
        "line 10 scan.peroid_s",
        "line 13 relay.driver",
        "line 14 relay.lease_s",
        "line 24 flow_meter.flow_max_m3_per_h",
        "line 31 power_meter.unit",
        "line 32 power_meter.baud",
        "line 48 platform[0].port",
        "line 51 platform[1].tls",
        "line 52 platform[1].name",
    ]


# --- secrets -------------------------------------------------------------------------------------


def with_password(tmp_path: Path, mode: int, *, host: str = "127.0.0.1") -> str:
    """Platform b with a password, in clear text."""
    secret = tmp_path / "password"
    secret.write_text("secret\n")
    secret.chmod(mode)
    text = RIGHT.replace('host = "127.0.0.1"', f'host = "{host}"')
    return f'{text}password_file = "password"\n'


@pytest.mark.parametrize("mode", [0o600, 0o400])
def test_a_password_of_its_owner_alone_is_taken(tmp_path: Path, mode: int) -> None:
    assert read(tmp_path, with_password(tmp_path, mode)) == []


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604, 0o606])
def test_a_password_that_others_may_read_is_refused(tmp_path: Path, mode: int) -> None:
    path = tmp_path / "password"
    assert read(tmp_path, with_password(tmp_path, mode)) == [
        (
            f"line 56 platform[1].password_file: {path} has mode {mode:04o}: others may read it. "
            f"Run: chmod 600 {path}"
        )
    ]


@pytest.mark.parametrize("host", ["mqtt.example", "10.0.0.1", "127.example.com"])
def test_a_password_in_clear_text_leaves_no_loopback(tmp_path: Path, host: str) -> None:
    assert read(tmp_path, with_password(tmp_path, 0o600, host=host)) == [
        (
            f"line 54 platform[1].tls: The password would travel to {host} in clear text. "
            "Add [platform.tls], or leave the password out."
        )
    ]


@pytest.mark.parametrize("host", ["localhost", "::1", "127.0.0.53"])
def test_loopback_has_several_names(tmp_path: Path, host: str) -> None:
    assert read(tmp_path, with_password(tmp_path, 0o600, host=host)) == []


def test_a_password_without_a_user_is_refused(tmp_path: Path) -> None:
    text = with_password(tmp_path, 0o600).replace('user = "well-1"\n', "")
    assert read(tmp_path, text) == [
        "line 50 platform[1].user: There is a password but no user. Add user."
    ]


def test_a_password_file_that_is_absent_is_refused_but_not_systemds_credential(
    tmp_path: Path,
) -> None:
    """A unit's credentials exist while that unit runs, and for its user only."""
    path = tmp_path / "none"
    assert read(tmp_path, f'{RIGHT}password_file = "none"\n') == [
        (
            f"line 56 platform[1].password_file: There is no regular file {path}. "
            "Check the path, or put the file there."
        )
    ]
    assert read(tmp_path, f'{RIGHT}password_file = "{tmp_path}"\n') == [
        (
            f"line 56 platform[1].password_file: There is no regular file {tmp_path}. "
            "Check the path, or put the file there."
        )
    ]
    assert read(tmp_path, f'{RIGHT}password_file = "{named.CREDENTIALS}/x/y"\n') == []


def test_a_well_that_may_run_on_names_the_document_that_allows_it(tmp_path: Path) -> None:
    text = RIGHT.replace("[scan]", 'use = "livestock"\n[scan]')
    text = text.replace("[interlock]", '[interlock]\non_exhausted = "warn"')
    assert read(tmp_path, text) == [
        (
            "line 42 interlock.on_exhausted_document: The document that allows it is missing. "
            "Set on_exhausted_document to its number."
        )
    ]
    text = text.replace("[interlock]", '[interlock]\non_exhausted_document = "no. 12"')
    assert read(tmp_path, text) == []


def test_a_certificate_and_its_key_go_together(tmp_path: Path) -> None:
    (tmp_path / "cert.pem").write_text("")
    text = RIGHT.replace("[platform.tls]", '[platform.tls]\ncert_file = "cert.pem"')
    assert read(tmp_path, text) == [
        (
            "line 48 platform[0].tls.key_file: A client certificate and its key go together, and "
            "this one is missing. Add it, or remove platform[0].tls.cert_file too."
        )
    ]


def test_a_key_that_others_may_read_is_refused(tmp_path: Path) -> None:
    for name in ("cert.pem", "client.key"):
        (tmp_path / name).write_text("")
        (tmp_path / name).chmod(0o644)
    pair = '[platform.tls]\ncert_file = "cert.pem"\nkey_file = "client.key"'
    assert read(tmp_path, RIGHT.replace("[platform.tls]", pair)) == [
        (
            f"line 50 platform[0].tls.key_file: {tmp_path}/client.key has mode 0644: others may "
            f"read it. Run: chmod 600 {tmp_path}/client.key"
        )
    ]


# --- files that are no settings ------------------------------------------------------------------


def reasons(file: Path) -> list[tuple[Reason, int | None]]:
    with pytest.raises(SettingsError) as caught:
        load(file)
    return [(one.reason, one.line) for one in caught.value.problems]


def test_a_file_that_cannot_be_read_is_told_as_such(tmp_path: Path) -> None:
    assert reasons(tmp_path / "absent.toml") == [(Reason.UNREADABLE, None)]
    assert reasons(tmp_path) == [(Reason.NOT_A_FILE, None)]
    os.mkfifo(tmp_path / "pipe")
    assert reasons(tmp_path / "pipe") == [(Reason.NOT_A_FILE, None)]


def test_an_instrument_that_nobody_knows_is_told_with_the_other_mistakes(tmp_path: Path) -> None:
    file = tmp_path / "station.toml"
    text = RIGHT.replace('"tuf2000"', '"nowhere"').replace("period_s = 2", "period_s = 0")
    file.write_text(text, "utf-8")
    with pytest.raises(SettingsError) as refused:
        load(file, lambda folder: ["dtsu666", "qdy30a", folder.name])
    told = {one.reason: one for one in refused.value.problems}
    assert told.keys() == {Reason.PROFILE_UNKNOWN, Reason.OUT_OF_RANGE}
    unknown = told[Reason.PROFILE_UNKNOWN]
    assert (unknown.key, unknown.given) == ("flow_meter.profile", "nowhere")
    assert unknown.line == 1 + text[: text.index("nowhere")].count("\n")
    assert unknown.expected == f"dtsu666, qdy30a, {tmp_path.name}"


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"[station]\nid = \n", (Reason.NOT_TOML, 2)),
        (b"[station]\n[station]\n", (Reason.NOT_TOML, 2)),
        (b'[station]\nid = "well-1', (Reason.CUT_SHORT, 2)),
        (b"[station]\nid =", (Reason.CUT_SHORT, 2)),
        (b"[stat", (Reason.CUT_SHORT, 1)),
        (b"a = " + b"[" * 5000, (Reason.NOT_TOML, None)),
        (b"a = " + b"1" * 5000, (Reason.NOT_TOML, None)),
        ("[station]\nname = '一号井'".encode("gbk"), (Reason.NOT_UTF8, 2)),
        (b"#" * 300_000, (Reason.TOO_LARGE, None)),
    ],
)
def test_a_file_that_is_no_toml_is_told_as_such(
    tmp_path: Path, content: bytes, expected: tuple[Reason, int | None]
) -> None:
    (tmp_path / "station.toml").write_bytes(content)
    assert reasons(tmp_path / "station.toml") == [expected]


def test_a_byte_order_mark_is_no_mistake(tmp_path: Path) -> None:
    """Windows editors write one."""
    (tmp_path / "station.toml").write_bytes(RIGHT.encode("utf-8-sig"))
    assert load(tmp_path / "station.toml").station.name == "一号井"


def test_an_empty_file_lacks_what_has_no_default(tmp_path: Path) -> None:
    assert [one.partition(":")[0] for one in read(tmp_path, "")] == [
        "station",
        "relay",
        "bus",
        "flow_meter",
        "power_meter",
    ]


def test_the_error_speaks_the_files_language_when_it_says_one(tmp_path: Path) -> None:
    file = tmp_path / "station.toml"
    for line, language in (("", "zh"), ('language = "en"\n', "en"), ('language = "fr"\n', None)):
        file.write_text(f'[station]\n{line}id = "x"\n')
        with pytest.raises(SettingsError) as caught:
            load(file)
        assert caught.value.language == language


VALUES = st.recursive(
    st.one_of(
        st.booleans(), st.integers(-1000, 100_000), st.just(1.5), st.sampled_from(["", "a", "中"])
    ),
    lambda inner: st.lists(inner, max_size=3),
    max_leaves=4,
)
PLACES = [line for line in RIGHT.splitlines() if " = " in line]


@given(place=st.sampled_from(PLACES), value=VALUES)
def test_any_value_in_any_place_is_read_or_told(
    tmp_path_factory: pytest.TempPathFactory, place: str, value: object
) -> None:
    """Never another exception than SettingsError, and every message can be said."""
    folder = tmp_path_factory.getbasetemp()
    name = place.partition(" = ")[0]
    written = str(value).lower() if isinstance(value, bool) else repr(value)
    written = written.replace("True", "true").replace("False", "false").replace("'", '"')
    for message in read(folder, RIGHT.replace(place, f"{name} = {written}", 1)):
        assert message
