"""What is particular to a relay module: its own watchdog, and that nothing else is ever written."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from agent.ports import LineGone
from drivers.plan import Speed
from drivers.relay_module import (
    WATCHDOG_S,
    ModuleConfig,
    ModuleLine,
    NotAdmitted,
    admit,
    armed,
)
from tests.libmodbus_slave import LibmodbusSlave, Line

EX_WORKS = {19: 0, 8: 10, 930: 0, 946: 0, 9: 0, 6: 0, 938: 0}


@pytest.fixture
def module() -> Iterator[LibmodbusSlave]:
    with closing(LibmodbusSlave(10)) as slave:
        slave.hold(EX_WORKS)
        yield slave


@pytest.fixture
def line(folder: Path, module: LibmodbusSlave) -> Iterator[Line]:
    with closing(Line(folder / "relay", [module])) as one:
        yield one


@pytest.fixture
def config(folder: Path) -> ModuleConfig:
    return ModuleConfig("wb-mr6c", folder / "relay", Speed(115200), 10, 1, energise_permits=True)


def functions(line: Line) -> list[int]:
    return [request[1] for request in line.requests]


def test_its_watchdog_is_set_and_read_back_before_anything_is_permitted(
    line: Line, module: LibmodbusSlave, config: ModuleConfig
) -> None:
    """Ex works it keeps its relay closed when nobody speaks to it (register 938)."""
    with closing(ModuleLine(config)):
        assert {register: module.held(register) for register in EX_WORKS} == {
            19: 0, 8: WATCHDOG_S, 930: 0, 946: 1, 9: 3, 6: 0, 938: 1,
        }  # fmt: skip
        written = [int.from_bytes(one[2:4], "big") for one in line.requests if one[1] == 6]
        assert written == [8, 946, 9, 938]  # its memory wears: what is right is left alone
        assert functions(line)[0] == 5  # cut first


def test_energise_to_stop_is_safe_when_it_is_energised(
    line: Line, module: LibmodbusSlave, config: ModuleConfig
) -> None:
    with closing(ModuleLine(replace(config, energise_permits=False))):
        assert module.held(930) == 1
        assert module.coil(0)


def test_each_channel_has_registers_of_its_own(config: ModuleConfig) -> None:
    assert set(armed(replace(config, channel=6))) == {19, 8, 935, 951, 14, 6, 943}


def test_a_watchdog_that_does_not_take_is_never_permitted(
    line: Line, module: LibmodbusSlave, config: ModuleConfig
) -> None:
    """The module confirms the write and holds what it held."""

    def forgetful(_request: bytes, reply: bytes) -> bytes:
        module.hold({938: 0})
        return reply

    line.carry = forgetful
    with pytest.raises(LineGone, match="register 938 holds 0 after 1 was written"):
        ModuleLine(config)
    assert not module.coil(0)


def test_a_module_that_was_away_is_armed_anew_before_it_permits(
    line: Line, module: LibmodbusSlave, config: ModuleConfig
) -> None:
    """It may have been exchanged for one as it comes from the works."""
    with closing(ModuleLine(config)) as relay:
        relay.drive(permitted=True)
        line.pull()
        with pytest.raises(LineGone):
            relay.permitted()
        module.hold(EX_WORKS)
        line.plug()
        line.requests.clear()
        relay.drive(permitted=True)
        assert module.held(938) == 1
        assert functions(line)[-1] == 5


@pytest.mark.parametrize(
    "spoil",
    [
        lambda reply: reply[:-1],
        lambda reply: reply[:-1] + bytes((reply[-1] ^ 1,)),
        lambda reply: bytes((11,)) + reply[1:],
        lambda _: b"",
    ],
    ids=["short", "crc", "unit", "silence"],
)
def test_one_bad_answer_is_asked_again_and_two_are_said(
    line: Line, config: ModuleConfig, spoil: object
) -> None:
    assert callable(spoil)
    left = [0]

    def carry(_request: bytes, reply: bytes) -> bytes:
        left[0] -= 1
        heard: bytes = spoil(reply) if left[0] >= 0 else reply
        return heard

    with closing(ModuleLine(config)) as relay:
        line.carry = carry
        left[0] = 1
        assert relay.permitted() is False
        left[0] = 2
        with pytest.raises(LineGone, match=r"unit 10 on .*relay: it (answered|does not answer)"):
            relay.permitted()


def test_an_adapter_that_hears_itself_is_refused(line: Line, config: ModuleConfig) -> None:
    """Its echo of a write is what a module would answer."""
    line.carry = lambda request, reply: request + reply
    with pytest.raises(LineGone, match="hears itself"):
        ModuleLine(config)


def test_a_reading_comes_from_the_coil_and_not_from_what_was_written(
    line: Line, module: LibmodbusSlave, config: ModuleConfig
) -> None:
    with closing(ModuleLine(config)) as relay:
        relay.drive(permitted=True)
        assert relay.permitted() is True
        module._memory.contents.bits[0] = 0  # its own watchdog, or somebody's hand
        assert relay.permitted() is False


def test_no_frame_leaves_but_those_of_this_channel(line: Line, config: ModuleConfig) -> None:
    with closing(ModuleLine(config)) as relay:
        for unit, function, address, value in (
            (0, 5, 0, 0), (11, 5, 0, 0), (10, 5, 1, 0), (10, 5, 0, 1), (10, 6, 8, 0),
            (10, 6, 110, 96), (10, 15, 0, 1), (10, 16, 8, 1), (10, 2, 0, 1),
        ):  # fmt: skip
            frame = bytes((unit, function)) + address.to_bytes(2) + value.to_bytes(2)
            with pytest.raises(AssertionError):
                relay._assert_ours(frame)


def test_a_module_without_a_watchdog_is_refused_with_the_reason(config: ModuleConfig) -> None:
    with pytest.raises(NotAdmitted, match=r"no communication watchdog.*wb-mr6c.*lease_held_by"):
        admit(replace(config, kind="waveshare"))
    admit(replace(config, kind="waveshare", lease_held_by="time relay KT1"))


def test_a_channel_that_the_module_lacks_is_refused(config: ModuleConfig) -> None:
    with pytest.raises(NotAdmitted, match="channels 1 to 6"):
        admit(replace(config, channel=7))


def test_a_port_that_another_program_holds_is_said(line: Line, config: ModuleConfig) -> None:
    with (
        closing(ModuleLine(config)),
        pytest.raises(LineGone, match="temporarily unavailable"),
    ):
        ModuleLine(config)
