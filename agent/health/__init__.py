"""Room rule: what is said of the station's own body, and when. Decides nothing about water.

A thread of its own looks at the host, so that no slow chip and no slow disk delays a scan; the scan
takes what was seen last, judges it (`grading`), adds what it knows itself (`tally`), and hands it
to the core, which writes it down.
"""

from agent.health.looking import Looking, Seen
from agent.health.tally import Link
from agent.health.watch import Around, Watch

__all__ = ["Around", "Link", "Looking", "Seen", "Watch"]
