"""Room rule: how this host and its modem are, by /proc, /sys and small text files. Judges nothing.

Every look takes the root of the file system, so that a host can be built in a folder. A file that
is not there, or says what nobody expects, is a value that this host does not give: None. Any look
may take as long as a slow disk or an I²C chip takes, so none is taken by the scan.
"""

from drivers.health.looks import HostLooks

__all__ = ["HostLooks"]
