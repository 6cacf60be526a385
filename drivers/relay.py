"""Room rule: one output that permits the pump, in the hardware's terms. Knows no lease.

Both kinds implement ports.Line: a GPIO line by gpiozero, and the simulator's pin; a module on a
Modbus line is the third (`relay_module`). Claiming puts
the line at the cut level without a pulse. What a line does when its owner dies is not promised
here: Raspberry Pi OS keeps a GPIO line as it was driven, upstream kernels release it, and the
simulator releases it.
"""

import socket
import time
from pathlib import Path
from typing import Final

from agent.ports import LineGone

ANSWER_WITHIN_S: Final = 0.5
# A simulator that is started beside us has this long to open its pin.
CLAIM_ATTEMPTS_MAX: Final = 100
CLAIM_PAUSE_S: Final = 0.1


class SimulatedLine:
    """The simulator's pin: one character out, the level that the pin then has back.

    The end of the stream releases the line, so our death is seen by the pump. A simulator that
    went away and came back is found again by the next call, which also drives the level anew.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._stream: socket.socket | None = None
        self._wanted = False
        for attempt in range(1, CLAIM_ATTEMPTS_MAX + 1):
            try:
                self.drive(permitted=False)
            except LineGone:
                if attempt == CLAIM_ATTEMPTS_MAX:
                    raise
                time.sleep(CLAIM_PAUSE_S)
            else:
                return

    def drive(self, *, permitted: bool) -> None:
        self._wanted = permitted
        self._exchange()

    def permitted(self) -> bool:
        # The pin answers what is written: to ask is to drive the same level again.
        return self._exchange()

    def close(self) -> None:
        self._wanted = False
        try:
            if self._stream is not None:
                self._ask(self._stream)
        except OSError:
            pass  # a pin without a simulator is released already
        finally:
            self._drop()

    def _exchange(self) -> bool:
        """Write the wanted level and return the answer, over a new stream if the old one died."""
        fresh = self._stream is None
        try:
            return self._ask(self._stream or self._connect())
        except OSError as error:
            self._drop()
            if fresh:
                raise self._gone(error) from error
        try:
            return self._ask(self._connect())
        except OSError as error:
            self._drop()
            raise self._gone(error) from error

    def _connect(self) -> socket.socket:
        self._stream = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_CLOEXEC)
        self._stream.settimeout(ANSWER_WITHIN_S)
        self._stream.connect(str(self._path))
        return self._stream

    def _ask(self, stream: socket.socket) -> bool:
        stream.sendall(b"1" if self._wanted else b"0")
        answer = stream.recv(1)
        if answer not in {b"0", b"1"}:
            raise ConnectionError(f"the pin answered {answer!r} instead of its level")
        return answer == b"1"

    def _drop(self) -> None:
        if self._stream is not None:
            self._stream.close()
            self._stream = None

    def _gone(self, error: OSError) -> LineGone:
        return LineGone("relay.no_pin", socket=self._path, raw=error)


class GpioLine:
    """A line of this computer. `permits_at` is the level that permits.

    `chip` is the gpiochip the line is on; None for the header of a Raspberry Pi.
    """

    def __init__(self, line: int, *, permits_at: bool, chip: Path | None = None) -> None:
        import gpiozero  # 13 MB: only where there is a GPIO line
        import lgpio

        from drivers.gpio import ChipAbsent, ChipFactory

        self._errors = (gpiozero.GPIOZeroError, lgpio.error, OSError, ChipAbsent)
        self._line = line
        factory = None
        try:
            factory = ChipFactory(chip)
            self._output = gpiozero.OutputDevice(
                line, active_high=permits_at, initial_value=False, pin_factory=factory
            )
        except self._errors as error:
            if factory is not None:
                factory.close()
            raise LineGone("relay.line_not_claimed", line=line, raw=error) from error
        self._factory = factory

    def drive(self, *, permitted: bool) -> None:
        try:
            self._output.value = permitted
        except self._errors as error:
            raise LineGone("relay.line_not_driven", line=self._line, raw=error) from error

    def permitted(self) -> bool:
        try:
            return bool(self._output.value)
        except self._errors as error:
            raise LineGone("relay.line_not_read", line=self._line, raw=error) from error

    def close(self) -> None:
        try:
            self.drive(permitted=False)
        finally:
            self._output.close()
            self._factory.close()
