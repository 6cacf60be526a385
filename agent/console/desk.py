"""Room rule: the session's connection to the desk, made again when it was lost.

A new connection is an empty seat: whoever had signed in signs in again. Control may be restarted
under a technician's hands at any time.
"""

from collections.abc import Callable, Mapping
from typing import Any

from agent.console.talk import DeskAway, DeskDeclined, SignedOut
from agent.desk import wire
from agent.desk.client import Client, DeskGone, DeskRefused


class Connection:
    """`connect` opens the console's own socket. Implements talk.Desk."""

    def __init__(self, connect: Callable[[], Client]) -> None:
        self._connect = connect
        self._client: Client | None = None

    def call(self, method: str, fields: Mapping[str, Any], within_s: float) -> Any:
        try:
            if self._client is None:
                self._client = self._connect()
            return self._client.call(method, fields, within_s)
        except DeskGone as gone:
            self.close()
            raise DeskAway(gone) from gone
        except DeskRefused as refused:
            if refused.code == wire.NOT_SIGNED_IN:
                raise SignedOut from refused
            raise DeskDeclined(refused.why) from refused

    def close(self) -> None:
        if self._client is not None:
            self._client.close()
            self._client = None
