"""Modbus masters that share no code with the simulator or with the agent: libmodbus and mbpoll."""

import ctypes
import ctypes.util
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

REMEDY = "; `make test` installs what the tests need (mbpoll, libmodbus5)"


class Refused(Exception):
    """libmodbus reports an error; its words are the argument."""


class LibmodbusMaster:
    """A libmodbus RTU client at 8N1, on one tty."""

    def __init__(self, tty: Path, baud: int) -> None:
        name = ctypes.util.find_library("modbus")
        assert name is not None, f"libmodbus is not installed{REMEDY}"
        self._lib = ctypes.CDLL(name, use_errno=True)
        self._lib.modbus_new_rtu.restype = ctypes.c_void_p
        self._lib.modbus_strerror.restype = ctypes.c_char_p
        new = self._lib.modbus_new_rtu(
            os.fsencode(tty), ctypes.c_int(baud), ctypes.c_char(b"N"), ctypes.c_int(8), 1
        )
        self._context = ctypes.c_void_p(new)
        if self._lib.modbus_connect(self._context) != 0:
            raise Refused(self._why())
        # A busy machine answers late: half a second, its default, is too near.
        self._lib.modbus_set_response_timeout(self._context, 5, 0)

    def read(self, unit: int, address: int, count: int) -> list[int]:
        """FC03. Refused carries an exception reply, a timeout or a bad CRC."""
        words = (ctypes.c_uint16 * count)()
        assert self._lib.modbus_set_slave(self._context, unit) == 0
        if self._lib.modbus_read_registers(self._context, address, count, words) != count:
            raise Refused(self._why())
        return list(words)

    def wait_at_most(self, seconds: int) -> None:
        self._lib.modbus_set_response_timeout(self._context, seconds, 0)

    def close(self) -> None:
        self._lib.modbus_close(self._context)
        self._lib.modbus_free(self._context)

    def _why(self) -> str:
        words: bytes = self._lib.modbus_strerror(ctypes.get_errno())
        return words.decode()


@contextmanager
def libmodbus(tty: Path, baud: int = 9600) -> Iterator[LibmodbusMaster]:
    master = LibmodbusMaster(tty, baud)
    try:
        yield master
    finally:
        master.close()


def mbpoll(tty: Path, unit: int, address: int, count: int, baud: int = 9600) -> list[int]:
    """The words that mbpoll prints for FC03."""
    program = shutil.which("mbpoll")
    assert program is not None, f"mbpoll is not installed{REMEDY}"
    options = ["-m", "rtu", "-b", str(baud), "-P", "none", "-0", "-1", "-o", "5", "-t", "4:hex"]
    place = ["-a", str(unit), "-r", str(address), "-c", str(count), str(tty)]
    done = subprocess.run([program, *options, *place], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    printed = re.findall(r"^\[\d+\]:\s+0x([0-9A-F]+)$", done.stdout, re.MULTILINE)
    return [int(word, 16) for word in printed]
