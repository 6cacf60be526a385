"""Room rule: how the computer and its modem are, as whoever looks at them tells it."""

from typing import Protocol

from agent.core.model import HostHealth, ModemHealth


class Host(Protocol):
    """How the computer is. A look may take as long as a slow disk: never one within a scan."""

    def host(self) -> HostHealth: ...

    def modem(self) -> ModemHealth | None:
        """None where nobody tells of one."""
