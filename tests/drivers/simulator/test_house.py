"""The whole pump house, by its real doors: a tty, the relay's pin and the owner's panel."""

import errno
import os
import re
import select
import socket
import struct
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from drivers import host
from drivers.simulator import house
from drivers.simulator.faults import Faults
from drivers.simulator.house import HouseConfig
from drivers.simulator.images import FlowMeter
from drivers.simulator.panel import CLIENTS_MAX, LINE_CHARACTERS_MAX
from tests.drivers.simulator.conftest import READY_WITHIN_S, PanelClient, Play, Playing
from tests.drivers.simulator.masters import Refused, libmodbus, mbpoll

BLOCKS = [(1, 0, 100), (1, 112, 6), (1, 1436, 3), (1, 1528, 2), (2, 0x2000, 70), (2, 0x101E, 2)]


def level(line: socket.socket, wanted: bytes) -> bytes:
    line.sendall(wanted)
    return line.recv(1)


def until(playing: Playing, **wanted: Any) -> dict[str, Any]:
    """The truth, once it is as wanted: what another stream brings about has no answer here."""
    given_up_ms = host.monotonic_ms() + int(READY_WITHIN_S * 1000)
    while host.monotonic_ms() < given_up_ms:
        truth = playing.panel("truth")
        if wanted.items() <= truth.items():
            return truth
    pytest.fail(f"{wanted} never came to be; last was {truth}")


# --- the tty: other people's masters -------------------------------------------------------


@pytest.mark.parametrize(("unit", "address", "count"), [*BLOCKS, (3, 0, 7)])
def test_mbpoll_and_libmodbus_read_the_same_words(
    play: Play, unit: int, address: int, count: int
) -> None:
    """A pump at rest, so that nothing moves between the two but the meter's own hour counter."""
    tty = play(flow_meter=FlowMeter(initial_total_l=123_456_789)).paths.tty
    with libmodbus(tty) as master:
        words = master.read(unit, address, count)
    assert len(words) == count
    assert mbpoll(tty, unit, address, count) == words


def test_what_is_read_after_a_run_is_the_truth(play: Play) -> None:
    playing = play(flow_meter=FlowMeter(initial_total_l=7_000_000))
    with playing.pin() as line, libmodbus(playing.paths.tty) as master:
        assert level(line, b"1") == b"1"
        assert playing.panel("start")["running"]
        assert struct.unpack(">f", _swapped(master.read(1, 0, 2)))[0] > 0
        playing.panel("stop")
        truth = until(playing, flow_l_per_h=0.0)
        whole, fraction = struct.unpack(">if", _swapped(master.read(1, 8, 4)))
        energy_kwh = struct.unpack(">f", struct.pack(">2H", *master.read(2, 0x101E, 2)))[0]
    assert truth["withdrawn_l"] > 0
    assert (whole + fraction) * 1000 == pytest.approx(7_000_000 + truth["withdrawn_l"], abs=2e-3)
    assert energy_kwh * 1000 == pytest.approx(truth["energy_wh"], rel=1e-6)


def _swapped(words: list[int]) -> bytes:
    """The octets of 32-bit values that came low word first."""
    pairs = zip(words[0::2], words[1::2], strict=True)
    return b"".join(struct.pack(">2H", high, low) for low, high in pairs)


def test_an_unknown_register_is_refused_in_libmodbus_own_words(playing: Playing) -> None:
    with (
        libmodbus(playing.paths.tty) as master,
        pytest.raises(Refused, match="Illegal data address"),
    ):
        master.read(1, 130, 1)


def test_a_master_at_another_speed_hears_nothing(playing: Playing) -> None:
    with libmodbus(playing.paths.tty, baud=19_200) as master:
        master.wait_at_most(1)
        with pytest.raises(Refused, match="timed out"):
            master.read(3, 0, 1)
    assert playing.panel("truth")["spoiled"] == 1


def test_a_line_with_another_speed_is_read_at_that_speed(play: Play) -> None:
    with libmodbus(play(baud=38_400).paths.tty, baud=38_400) as master:
        assert master.read(3, 0, 2) == [3, 5]


def test_noise_is_seen_by_a_real_master_as_bad_frames(play: Play) -> None:
    with libmodbus(play(faults=Faults(noise=1.0)).paths.tty) as master:
        master.wait_at_most(1)
        with pytest.raises(Refused):
            master.read(3, 0, 1)


def test_faults_are_told_and_healed_while_the_line_works(playing: Playing) -> None:
    with libmodbus(playing.paths.tty) as master:
        assert playing.panel("fault", refusal=1.0)["ok"]
        with pytest.raises(Refused, match="busy"):
            master.read(3, 0, 1)
        assert playing.panel("heal")["ok"]
        assert master.read(3, 0, 1) == [3]


def test_the_meters_health_is_told_while_it_works(playing: Playing) -> None:
    assert playing.panel("meter", error_bits=8, signal_quality=11)["ok"]
    with libmodbus(playing.paths.tty) as master:
        assert master.read(1, 71, 1) == [8]
        assert master.read(1, 91, 1)[0] & 0xFF == 11


def test_a_meter_that_jumps_shows_it_at_once(playing: Playing) -> None:
    assert playing.panel("truth")["forward_total_l"] == 0
    assert playing.panel("meter", initial_total_l=7_000)["forward_total_l"] == 7_000


def test_a_pulled_adapter_ends_its_tty_and_comes_back_under_its_name(playing: Playing) -> None:
    tty = playing.paths.tty
    opened = os.open(tty, os.O_RDWR | os.O_NOCTTY)
    assert playing.panel("pull")["plugged"] is False
    ended, _, _ = select.select([opened], [], [], READY_WITHIN_S)
    assert ended
    with pytest.raises(OSError, match=re.escape(os.strerror(errno.EIO))):
        os.write(opened, b"x")
    os.close(opened)
    assert not tty.is_symlink()
    assert playing.panel("plug")["plugged"] is True
    with libmodbus(tty) as master:
        assert master.read(3, 0, 1) == [3]


def test_an_adapter_pulled_for_a_while_comes_back_by_itself(playing: Playing) -> None:
    assert playing.panel("pull", for_ms=50)["ok"]
    until(playing, plugged=True)
    with libmodbus(playing.paths.tty) as master:
        assert master.read(3, 0, 1) == [3]


# --- the pin: the relay's line -------------------------------------------------------------


def test_permission_starts_nothing_and_its_end_drops_the_pump(playing: Playing) -> None:
    with playing.pin() as line:
        assert level(line, b"1") == b"1"
        assert playing.panel("truth")["permitted"]
        assert not playing.panel("truth")["running"]
        assert playing.panel("start")["running"]
        assert level(line, b"0") == b"0"
        truth = playing.panel("truth")
        assert (truth["running"], truth["drops"], truth["starts"]) == (False, 1, 1)
        assert level(line, b"1") == b"1"
        assert not playing.panel("truth")["running"]


def test_the_end_of_the_stream_opens_the_contact(playing: Playing) -> None:
    """A relay process that is killed closes its stream: the pump must drop."""
    with playing.pin() as line:
        level(line, b"1")
        assert playing.panel("start")["running"]
    truth = until(playing, permitted=False)
    assert (truth["running"], truth["drops"]) == (False, 1)


def test_the_newest_connection_owns_the_line_and_its_claim_permits_nothing(
    playing: Playing,
) -> None:
    with playing.pin() as old, playing.pin() as new:
        assert old.recv(1) == b""
        assert not playing.panel("truth")["permitted"]
        assert level(new, b"1") == b"1"
        assert playing.panel("truth")["permitted"]


def test_a_word_that_is_no_level_releases_the_line(playing: Playing) -> None:
    with playing.pin() as line:
        level(line, b"1")
        assert level(line, b"x") == b""
        assert not playing.panel("truth")["permitted"]


def test_levels_written_at_once_are_taken_in_order(playing: Playing) -> None:
    """Permit and cut in one write: the pump that was running before has still been dropped."""
    with playing.pin() as line:
        level(line, b"1")
        assert playing.panel("start")["running"]
        line.sendall(b"01")
        answers = line.recv(1)
        while len(answers) < 2:
            answers += line.recv(1)
        assert answers == b"01"
        truth = playing.panel("truth")
        assert (truth["running"], truth["permitted"], truth["drops"]) == (False, True, 1)


# --- the panel -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("request_", "says"),
    [
        (b"start\n", "not JSON"),
        (b"[1]\n", "send an object"),
        (b"{}\n", "do start, stop, truth"),
        (b'{"do": "fly"}\n', "cannot do"),
        (b'{"do": "start", "now": 1}\n', "cannot do"),
        (b'{"do": "fault", "noise": 2}\n', "noise is 2"),
        (b'{"do": "meter", "error_bits": -1}\n', "error_bits is -1"),
        (b'{"do": "meter", "initial_total_l": -1}\n', "initial_total_l 0 to"),
        (b'{"do": "pull", "for_ms": "long"}\n', "for_ms is 'long'"),
        (b"[" * 4000 + b"\n", "not JSON"),
    ],
)
def test_what_the_panel_does_not_understand_is_answered_and_changes_nothing(
    playing: Playing, request_: bytes, says: str
) -> None:
    answer = playing.panel.send(request_)
    assert not answer["ok"]
    assert says in answer["error"]
    assert playing.panel("truth")["plugged"]


def test_a_line_without_end_ends_the_connection(playing: Playing) -> None:
    with PanelClient(playing.paths.panel) as rude:
        assert rude.send(b" " * (LINE_CHARACTERS_MAX + 1)) == {}
    assert playing.panel("truth")["ok"]


def test_one_client_too_many_is_served_when_another_leaves(playing: Playing) -> None:
    others = [PanelClient(playing.paths.panel) for _ in range(CLIENTS_MAX - 1)]
    assert all(other("truth")["ok"] for other in others)
    with PanelClient(playing.paths.panel) as waiting:
        others.pop().__exit__()
        assert waiting("truth")["ok"]
    for other in others:
        other.__exit__()


# --- opening and closing -------------------------------------------------------------------


def test_two_houses_do_not_share_a_pin(playing: Playing, config: HouseConfig) -> None:
    with pytest.raises(ValueError, match="served by another process"):
        house.House(config)
    assert playing.panel("truth")["ok"]


def test_a_house_that_cannot_open_leaves_nothing_behind(config: HouseConfig) -> None:
    config.tty.write_text("a file of somebody")
    with pytest.raises(ValueError, match="is no symlink"):
        house.House(config)
    assert sorted(path.name for path in config.tty.parent.iterdir()) == ["tty"]
    assert config.tty.read_text() == "a file of somebody"


def test_stale_names_of_a_killed_house_are_replaced(play: Play, config: HouseConfig) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as stale:
        stale.bind(str(config.pin))
    config.tty.symlink_to("/dev/pts/99999")
    with libmodbus(play().paths.tty) as master:
        assert master.read(3, 0, 1) == [3]


def test_a_socket_path_that_is_too_long_is_refused(config: HouseConfig) -> None:
    with pytest.raises(ValueError, match="shorter"):
        house.House(replace(config, pin=Path("/tmp") / ("x" * 120)))


def test_a_closed_house_takes_its_names_away(config: HouseConfig) -> None:
    house.House(config).close()
    assert list(config.tty.parent.iterdir()) == []


def test_two_instruments_with_one_unit_id_are_refused(config: HouseConfig) -> None:
    with pytest.raises(ValueError, match="same unit id"):
        replace(config, flow_meter=FlowMeter(unit=2))
