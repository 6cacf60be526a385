"""Room rule: a relay module on a Modbus line of its own, as one output that permits the pump.

Implements ports.Line in the relay process. Nobody else is on this line, and it is not a meters'
bus: here alone is anything written, and only the frames that are made below, to this module and
its one channel. There is no thread and no library; an exchange is bounded.

A relay that stays as it was told holds a pump for ever when the relay process dies. So a module is
admitted only if its own watchdog opens the channel when nobody polls it. That watchdog is set and
read back before anything is permitted, and again whenever the module was away: it may have been
exchanged. A module without one is refused, unless the site declares in writing what else holds
the lease.
"""

import errno
import fcntl
import os
import select
import termios
import tty
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Final

from agent.catalogue import Told
from agent.ports import LineGone
from drivers.host import monotonic_ms
from drivers.plan import Speed
from drivers.reply import sealed

# Control waits a quarter of a second for the relay process: two exchanges must fit.
ANSWER_WITHIN_MS: Final = 100
ATTEMPTS: Final = 2
# The relay process asks every second; after so many without a word the module cuts by itself.
WATCHDOG_S: Final = 5

READ_COILS, READ_REGISTERS, WRITE_COIL, WRITE_REGISTER = 1, 3, 5, 6
READS: Final = frozenset({READ_COILS, READ_REGISTERS})
COIL_ON: Final = 0xFF00


class NotAdmitted(Told):
    """This module cannot hold a lease; says why and what would be accepted."""


@dataclass(frozen=True, slots=True)
class Module:
    """A kind of relay module. `refusal` is empty when its own watchdog can hold the lease."""

    channels: int
    refusal: str = ""


# Sources: facts/meters.md section 4. WB-MR6C: Wiren Board's own template (wb-mqtt-serial,
# config-wb-mr6cv3.json.jinja) and its wiki, Relay_Module_Modbus_Management. Waveshare: its wiki.
MODULES: Mapping[str, Module] = MappingProxyType(
    {
        "wb-mr6c": Module(channels=6),
        "waveshare": Module(
            channels=8,
            refusal="it has no communication watchdog: it keeps its relay closed for ever when "
            'nobody speaks to it, and whether its self-timed "flash on" can be renewed is not '
            "documented",
        ),
    }
)


@dataclass(frozen=True, slots=True)
class ModuleConfig:
    """`channel` is counted from 1, as it is printed. `lease_held_by` is empty or the site's words.

    `energise_permits`: an energised channel permits the pump (energise to run).
    """

    kind: str
    port: Path
    speed: Speed
    unit: int
    channel: int
    energise_permits: bool
    lease_held_by: str = ""


def admit(config: ModuleConfig) -> None:
    """NotAdmitted when nothing would open this relay after our death."""
    module = MODULES[config.kind]
    if not 1 <= config.channel <= module.channels:
        raise NotAdmitted("relay.no_channel", kind=config.kind, channels=module.channels)
    if module.refusal and not config.lease_held_by.strip():
        raise NotAdmitted("relay.no_watchdog", kind=config.kind, raw=module.refusal)


def armed(config: ModuleConfig) -> Mapping[int, int]:
    """The holding registers that make the module cut by itself, and what each must hold."""
    if config.kind != "wb-mr6c":
        return {}
    channel = config.channel - 1
    return {
        19: 0,  # safe mode on: no poll, or no bus power
        8: WATCHDOG_S,
        930 + channel: 0 if config.energise_permits else 1,  # the safe state
        946 + channel: 1,  # in safe mode no local input moves it
        9 + channel: 3,  # nor at any other time: ex works input n toggles output n
        6: 0,  # after power-up: the safe state
        938 + channel: 1,  # do go to the safe state; ex works it does not
    }


class ModuleLine:
    """One channel of a module. LineGone when it does not answer; the next call tries anew."""

    def __init__(self, config: ModuleConfig) -> None:
        admit(config)
        self._config = config
        self._coil = config.channel - 1
        self._armed = False
        self._descriptor: int | None = None
        self.drive(permitted=False)

    def drive(self, *, permitted: bool) -> None:
        # A cut waits for nothing; a permit only leaves once the module would end it by itself.
        if permitted:
            self._arm()
        value = COIL_ON if permitted is self._config.energise_permits else 0
        request = self._request(WRITE_COIL, self._coil, value)
        self._exchange(request, request)
        if not permitted:
            self._arm()

    def permitted(self) -> bool:
        """The coil read back. A welded contact is not seen here, but at the power meter."""
        head = bytes((self._config.unit, READ_COILS, 1))
        answer = self._exchange(self._request(READ_COILS, self._coil, 1), head, 6)
        return bool(answer[3] & 1) is self._config.energise_permits

    def close(self) -> None:
        try:
            self.drive(permitted=False)
        finally:
            self._drop()

    # --- its watchdog ----------------------------------------------------------------------------

    def _arm(self) -> None:
        """Set and read back what makes the module cut by itself; only what differs is written."""
        if self._armed:
            return
        for register, value in armed(self._config).items():
            if self._held(register) == value:
                continue
            request = self._request(WRITE_REGISTER, register, value)
            self._exchange(request, request)
            if (held := self._held(register)) != value:
                raise self._gone(f"register {register} holds {held} after {value} was written")
        self._armed = True

    def _held(self, register: int) -> int:
        head = bytes((self._config.unit, READ_REGISTERS, 2))
        answer = self._exchange(self._request(READ_REGISTERS, register, 1), head, 7)
        return int.from_bytes(answer[3:5], "big")

    # --- frames ----------------------------------------------------------------------------------

    def _request(self, function: int, address: int, value: int) -> bytes:
        frame = bytes((self._config.unit, function)) + address.to_bytes(2, "big")
        return sealed(frame + value.to_bytes(2, "big"))

    def _exchange(self, request: bytes, head: bytes, length: int = 8) -> bytes:
        """The reply of `length` that begins with `head`. LineGone after two attempts."""
        self._assert_ours(request)
        heard = b""
        for _ in range(ATTEMPTS):
            try:
                heard = self._said(request, length)
            except (OSError, termios.error) as error:  # termios has an error of its own
                self._lost()
                raise self._gone(os.strerror(error.args[0])) from error
            if heard.startswith(request) and request[1] in READS:
                self._lost()
                raise self._gone("the adapter hears itself, so its echo would pass for an answer")
            reply = heard[-length:]
            if len(reply) == length and reply.startswith(head) and sealed(reply[:-2]) == reply:
                return reply
        self._lost()
        raise self._gone(f"it answered {heard.hex(' ')}" if heard else "it does not answer")

    def _assert_ours(self, request: bytes) -> None:
        """The last hands a frame passes through: this unit, this coil, these registers."""
        unit, function = request[0], request[1]
        address, value = int.from_bytes(request[2:4], "big"), int.from_bytes(request[4:6], "big")
        assert unit == self._config.unit != 0, "nothing is ever sent to everybody"
        match function:
            case 5:
                assert address == self._coil, "another channel is never written"
                assert value in {0, COIL_ON}, "a coil is on or off"
            case 6:
                expected = armed(self._config)
                assert expected.get(address) == value, "no other register is ever written"
            case _:
                assert function in READS, "nothing else is ever sent"

    # --- the tty ---------------------------------------------------------------------------------

    def _said(self, request: bytes, length: int) -> bytes:
        """What comes within the bound after the request."""
        descriptor = self._opened()
        termios.tcflush(descriptor, termios.TCIFLUSH)
        os.write(descriptor, request)
        wire_ms = (len(request) + length) * self._config.speed.character_ms
        until_ms = monotonic_ms() + ANSWER_WITHIN_MS + round(wire_ms)
        heard = b""
        while len(heard) < length:
            left_ms = until_ms - monotonic_ms()
            if left_ms <= 0 or not select.select([descriptor], [], [], left_ms / 1000)[0]:
                break
            more = os.read(descriptor, 256)
            if not more:
                raise OSError(errno.EIO, "the tty ended")
            heard += more
        return heard

    def _opened(self) -> int:
        if self._descriptor is None:
            descriptor = os.open(self._config.port, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                _set(descriptor, self._config.speed)
            except (OSError, termios.error):
                os.close(descriptor)
                raise
            self._descriptor = descriptor
        return self._descriptor

    def _lost(self) -> None:
        """What comes back may be another module: its watchdog is looked at again."""
        self._armed = False
        self._drop()

    def _drop(self) -> None:
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def _gone(self, why: str) -> LineGone:
        config = self._config
        place = {"kind": config.kind, "unit": config.unit, "port": config.port}
        return LineGone("relay.module_gone", **place, raw=why)


def _set(descriptor: int, speed: Speed) -> None:
    tty.setraw(descriptor)
    settings = termios.tcgetattr(descriptor)
    settings[2] = termios.CS8 | termios.CREAD | termios.CLOCAL
    settings[2] |= {"N": 0, "E": termios.PARENB, "O": termios.PARENB | termios.PARODD}[speed.parity]
    settings[2] |= termios.CSTOPB if speed.stop_bits == 2 else 0
    settings[4] = settings[5] = getattr(termios, f"B{speed.baud}")
    termios.tcsetattr(descriptor, termios.TCSANOW, settings)
