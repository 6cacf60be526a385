"""Room rule: how a file comes under its name for good, and how it goes. Knows not what is in it.

A name that was made or changed survives a power cut once its folder has been synced, too.
"""

import errno
import os
import stat
from pathlib import Path
from typing import Final

from agent.catalogue import Told

_PIECE: Final = bytes(1 << 20)


class FolderUnusable(Told):
    """A folder of the station's is not there and cannot be made. Says which, why, what to do."""


def folder(path: Path, key: str) -> None:
    """Make it where it is missing. `key` is the option that names it."""
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as why:
        raise FolderUnusable(
            "folder.unusable", folder=str(path), option=key, raw=why.strerror
        ) from why


def write(file: Path, text: str, mode: int) -> None:
    """Whole under its name, or as it was. OSError when it cannot be.

    A rename would put a file in the place of a device or a socket, and root may do that to /dev.
    """
    if file.exists() and not file.is_file():
        raise OSError(errno.EINVAL, "no regular file", str(file))
    unfinished = file.with_name(f".{file.name}.new")
    unfinished.unlink(missing_ok=True)
    opened = os.open(unfinished, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, mode)
    try:
        with os.fdopen(opened, "w", encoding="utf-8") as into:
            into.write(text)
            into.flush()
            _set_mode(into.fileno(), mode)
            os.fsync(into.fileno())
        unfinished.rename(file)
    except BaseException:  # an interrupt, too: half of a private key is nobody's to find
        unfinished.unlink(missing_ok=True)
        raise
    sync_folder(file.parent)


def _set_mode(descriptor: int, mode: int) -> None:
    """A stick's file system has no modes, which harms only what others may not read."""
    try:
        os.fchmod(descriptor, mode)
    except PermissionError:
        if not mode & stat.S_IROTH:
            raise


def sync_folder(folder: Path) -> None:
    """What its names lead to now, they lead to after a power cut."""
    opened = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)


def destroy(file: Path) -> int:
    """Overwrite it once, then take its name away; the octets that were there. OSError if not.

    What the medium itself keeps of it (a card's spare blocks) nobody can reach from here.
    """
    found = file.lstat()
    if stat.S_ISREG(found.st_mode):
        opened = os.open(file, os.O_WRONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
        try:
            left = found.st_size
            while left > 0:
                left -= os.write(opened, _PIECE[:left])
            os.fsync(opened)
        finally:
            os.close(opened)
    file.unlink()
    return found.st_size
