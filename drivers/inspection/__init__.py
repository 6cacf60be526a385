"""Room rule: what is wrong with this host, as values. Changes nothing and says no sentence.

`files` looks at owners, modes and disks, `devices` at ports, lines, clocks and the hardware
watchdog. Every look takes the root of the file system, so that a host can be built in a folder.
The sentences are in the catalogue under the trouble's value: `check.*` and `check_remedy.*`.
"""

from drivers.inspection.finding import Finding, Trouble

__all__ = ["Finding", "Trouble"]
