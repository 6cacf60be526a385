"""Room rule: the scan loop, and the order in which a scan's outcome is applied. Decides nothing.

One thread, plain synchronous code, like the scan cycle of a PLC:

    1  cut first, record after: cutting never waits for a disk
    2  record first, permit after: a permit that could not be written down is not given
    3  pet the watchdog last, and only after a completed scan

Only entries, verdicts and the edge from cut to permit wait for the disk. A scan that has to wait
and could not be written is thrown away and done again without its commands, which stay in the
desk's inbox.

`seeing` gathers, the core judges, `applying` does, `holding` keeps the stops that no disk takes;
`loop` joins them by what stands in `organs`, from where `beginning` says that the last one ended.
"""

from agent.control.beginning import Beginning, beginning_of
from agent.control.loop import run
from agent.control.organs import Organs

__all__ = ["Beginning", "Organs", "beginning_of", "run"]
