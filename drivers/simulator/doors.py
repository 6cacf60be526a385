"""Room rule: how a Unix stream socket is opened and closed here. Who comes in, others know."""

import socket
from pathlib import Path

# The kernel's limit of a Unix socket's path, less its final zero.
PATH_BYTES_MAX = 107


def listen(path: Path, waiting_max: int) -> socket.socket:
    """A listening socket at `path`; a stale one is replaced, a live one is respected.

    ValueError says what is in the way and what to do.
    """
    if len(bytes(path)) > PATH_BYTES_MAX:
        raise ValueError(f"{path} is longer than {PATH_BYTES_MAX} bytes; choose a shorter one")
    if path.exists() and not path.is_socket():
        raise ValueError(f"{path} exists and is no socket; choose another path")
    if path.is_socket():
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
            try:
                probe.connect(str(path))
            except ConnectionRefusedError:
                path.unlink()
            else:
                raise ValueError(f"{path} is served by another process; stop it first")
    door = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        door.bind(str(path))
    except OSError as why:
        door.close()
        raise ValueError(
            f"{path} cannot be opened: {why.strerror}; does its folder exist?"
        ) from why
    door.listen(waiting_max)
    door.settimeout(0)
    return door


def close(door: socket.socket) -> None:
    """Close a listening socket and take its name away."""
    Path(door.getsockname()).unlink(missing_ok=True)
    door.close()
