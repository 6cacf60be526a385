"""Room rule: what is asked of a tty beneath pymodbus: its speed, its input, when it wakes us.

Knows no request and no reply. Each answers False when the tty is gone, which an adapter does that
is pulled out. `serial` is pyserial's, as pymodbus has it open.
"""

import os
import termios
from pathlib import Path
from typing import Any

from drivers.plan import Speed


def speak_at(serial: Any, speed: Speed) -> bool:
    """False also when the tty cannot do that."""
    try:
        serial.baudrate, serial.parity, serial.stopbits = speed.baud, speed.parity, speed.stop_bits
    except (termios.error, ValueError, OSError):
        return False
    return True


def empty(serial: Any) -> bool:
    """Throw away what it holds: it answers no question of ours."""
    try:
        serial.reset_input_buffer()
    except (termios.error, OSError):
        return False
    return True


def expect(serial: Any, characters: int) -> bool:
    """The kernel counts them (VMIN) and wakes us once; 0: the first one does."""
    descriptor = serial.fileno()
    try:
        settings = termios.tcgetattr(descriptor)
        settings[6][termios.VMIN] = characters
        termios.tcsetattr(descriptor, termios.TCSANOW, settings)
    except (termios.error, OSError):
        return False
    return True


def send(serial: Any, octets: bytes) -> bool:
    """At once: a tty takes a request whole. What it does not take is never answered."""
    try:
        os.write(serial.fileno(), octets)
    except BlockingIOError:
        return True
    except OSError:
        return False
    return True


def why_not(port: Path) -> str:
    """pymodbus keeps the reason to itself; these are the ones a technician meets."""
    if not port.exists():
        return f"{port} does not exist; is the adapter plugged in, and is the name right?"
    if not port.is_char_device():
        return f"{port} is no serial port; name a tty, best one under /dev/serial/by-id"
    return f"{port} cannot be opened; is another program using it, and may we (group dialout)?"
