"""Room rule: one attempt to connect, beside the loop that waits for it. Knows no topic.

Name resolution has no bound of its own (the host's resolver decides), so an attempt runs in a
thread. The loop selects on `fileno()` meanwhile: it serves the desk and hears a request to stop.
An attempt that takes longer than its caller's patience is abandoned; it then ends by itself.
"""

import socket
from threading import Lock, Thread

import paho.mqtt.client as paho


class Dial:
    """Begins at once. When it is over, `fault` says why there is no connection."""

    def __init__(self, client: paho.Client) -> None:
        self.client = client
        self.over = False
        self.fault: OSError | ValueError | None = None  # ssl's and the resolver's are OSErrors
        self._ours: BaseException | None = None
        self._abandoned = False
        self._lock = Lock()
        self._near, self._far = socket.socketpair()
        Thread(target=self._run, name="dial", daemon=True).start()

    def fileno(self) -> int:
        """Readable when it is over."""
        return self._near.fileno()

    def finish(self) -> None:
        """Release what it waited with. Raises what was no fault of the network."""
        assert self.over, "an attempt that is under way is abandoned, not finished"
        self._near.close()
        if self._ours is not None:
            raise self._ours

    def abandon(self) -> None:
        """Nobody waits for it any longer: what it may still open is closed."""
        with self._lock:
            self._abandoned = True
            self._near.close()
            if self.over:
                self._hang_up()

    def _run(self) -> None:
        try:
            self.client.reconnect()
        except (OSError, ValueError) as fault:
            # paho leaves the socket of a failed handshake in these frames: they let go of it.
            self.fault = fault.with_traceback(None)
        except BaseException as fault:  # noqa: BLE001 - not swallowed: `finish` raises it
            self._ours = fault
        with self._lock:
            self.over = True
            self._far.close()
            if self._abandoned:
                self._hang_up()

    def _hang_up(self) -> None:
        sock = self.client.socket()
        if sock is not None:
            sock.close()
