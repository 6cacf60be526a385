"""A Modbus slave made of libmodbus, on a pty: it shares no code with pymodbus, nor with ours.

A slave is one unit at the end of its own pty; `Line` is the RS-485 line that joins several of them
to the tty that a master opens.
"""

import ctypes
import ctypes.util
import os
import select
import threading
import tty
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final

QUERY_MAX: Final = 260
REGISTERS: Final = 0x10000
WAIT_S: Final = 10.0

Served = Callable[[bytes], None]
# What the master hears, of the last request and of the reply that a slave gave to it.
Carry = Callable[[bytes, bytes], bytes]


class _Mapping(ctypes.Structure):
    """modbus_mapping_t of libmodbus 3.1."""

    _fields_ = (
        ("nb_bits", ctypes.c_int),
        ("start_bits", ctypes.c_int),
        ("nb_input_bits", ctypes.c_int),
        ("start_input_bits", ctypes.c_int),
        ("nb_input_registers", ctypes.c_int),
        ("start_input_registers", ctypes.c_int),
        ("nb_registers", ctypes.c_int),
        ("start_registers", ctypes.c_int),
        ("bits", ctypes.POINTER(ctypes.c_uint8)),
        ("input_bits", ctypes.POINTER(ctypes.c_uint8)),
        ("input_registers", ctypes.POINTER(ctypes.c_uint16)),
        ("registers", ctypes.POINTER(ctypes.c_uint16)),
    )


def _library() -> ctypes.CDLL:
    name = ctypes.util.find_library("modbus")
    assert name is not None, "libmodbus is not installed; `make test` installs it (libmodbus5)"
    library = ctypes.CDLL(name, use_errno=True)
    library.modbus_new_rtu.restype = ctypes.c_void_p
    library.modbus_mapping_new.restype = ctypes.POINTER(_Mapping)
    return library


class LibmodbusSlave:
    """Serves one unit from its own memory until it is closed.

    `served` is told each request before it is answered.
    """

    def __init__(self, unit: int, served: Served | None = None) -> None:
        self.unit = unit
        self._served = served
        self._library = _library()
        self._memory = self._library.modbus_mapping_new(64, 64, REGISTERS, REGISTERS)
        self.master, self._slave = os.openpty()
        tty.setraw(self._slave)
        self._tty = os.ttyname(self._slave)
        self._context = self._opened()
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def hold(self, registers: Mapping[int, int]) -> None:
        """Put words into its holding and input registers."""
        for address, word in registers.items():
            self._memory.contents.registers[address] = word
            self._memory.contents.input_registers[address] = word

    def held(self, address: int) -> int:
        return int(self._memory.contents.registers[address])

    def coil(self, address: int) -> bool:
        return bool(self._memory.contents.bits[address])

    def close(self) -> None:
        """The end of the pty ends its thread."""
        os.close(self.master)
        self._thread.join(WAIT_S)
        assert not self._thread.is_alive(), "libmodbus did not notice that its line ended"
        os.close(self._slave)
        self._library.modbus_close(self._context)
        self._library.modbus_free(self._context)
        self._library.modbus_mapping_free(self._memory)

    def _opened(self) -> ctypes.c_void_p:
        baud, parity = ctypes.c_int(115200), ctypes.c_char(b"N")
        new = self._library.modbus_new_rtu(
            os.fsencode(self._tty), baud, parity, ctypes.c_int(8), ctypes.c_int(1)
        )
        context = ctypes.c_void_p(new)
        assert self._library.modbus_set_slave(context, self.unit) == 0
        assert self._library.modbus_connect(context) == 0, os.strerror(ctypes.get_errno())
        return context

    def _serve(self) -> None:
        query = (ctypes.c_uint8 * QUERY_MAX)()
        while True:
            length = self._library.modbus_receive(self._context, query)
            if length == 0:
                continue  # a request to another unit
            if length < 0:
                if _has_ended(self._slave):
                    return
                continue  # noise, a bad CRC: it waits for the next one
            if self._served is not None:
                self._served(bytes(query[:length]))
            self._library.modbus_reply(self._context, query, length, self._memory)


def _has_ended(descriptor: int) -> bool:
    """Whether the other end of the pty is closed."""
    try:
        os.set_blocking(descriptor, False)
        return os.read(descriptor, 1) == b""
    except BlockingIOError:
        return False
    except OSError:
        return True


class Line:
    """Joins slaves to one tty called `name`. `carry` may change what comes back."""

    def __init__(
        self, name: Path, slaves: Sequence[LibmodbusSlave], carry: Carry | None = None
    ) -> None:
        self.carry = carry
        self.requests: list[bytes] = []
        self._name = name
        self._slaves = slaves
        self._stop, self._stopped = os.pipe()
        self._thread: threading.Thread | None = None
        self.plug()

    def plug(self) -> None:
        self._master, self._end = os.openpty()
        tty.setraw(self._end)
        self._name.unlink(missing_ok=True)
        self._name.symlink_to(os.ttyname(self._end))
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def pull(self) -> None:
        """The adapter is gone: its name, and its tty."""
        if self._thread is None:
            return
        os.write(self._stopped, b"x")
        self._thread.join(WAIT_S)
        assert not self._thread.is_alive(), "the line did not end"
        os.read(self._stop, 1)
        self._thread = None
        self._name.unlink()
        os.close(self._master)
        os.close(self._end)

    def close(self) -> None:
        self.pull()
        os.close(self._stop)
        os.close(self._stopped)

    def _run(self) -> None:
        masters = [slave.master for slave in self._slaves]
        request = b""
        while True:
            ready = select.select([self._master, self._stop, *masters], [], [])[0]
            if self._stop in ready:
                return
            if self._master in ready:
                request = os.read(self._master, 512)
                self.requests.append(request)
                # Only whom it concerns: libmodbus waits for the answers of others, to ignore them,
                # and would take the next question for one that never came.
                for slave in self._slaves:
                    if slave.unit == request[0]:
                        os.write(slave.master, request)
            for master in masters:
                if master in ready:
                    reply = os.read(master, 512)
                    self._say(reply if self.carry is None else self.carry(request, reply))

    def _say(self, octets: bytes) -> None:
        if octets:
            os.write(self._master, octets)
