"""Room rule: waiting for sockets. Knows nothing of what comes over them."""

import selectors
from typing import Protocol


class Stop(Protocol):
    """Becomes readable when the process is to end."""

    def fileno(self) -> int: ...

    def requested(self) -> bool: ...


def until_ready(
    stop: Stop | None, desk: int, link: int, wait_ms: int, *, wants_write: bool
) -> tuple[bool, bool]:
    """Whether the link is readable and writable, after a bounded wait. -1 is no descriptor."""
    with selectors.PollSelector() as selector:
        if stop is not None:
            selector.register(stop.fileno(), selectors.EVENT_READ)
        if desk >= 0:
            selector.register(desk, selectors.EVENT_READ)
        if link >= 0:
            write = selectors.EVENT_WRITE if wants_write else 0
            selector.register(link, selectors.EVENT_READ | write)
        ready = {key.fd: mask for key, mask in selector.select(wait_ms / 1000)}
    mask = ready.get(link, 0)
    return bool(mask & selectors.EVENT_READ), bool(mask & selectors.EVENT_WRITE)
