"""Room rule: store and forward. Knows records by number and kind, no meter and no vendor.

An uplink is stateless: the journal remembers its cursor, so it may be killed at any moment.
`retry` says when to try again and `outbox` what is on its way, both pure; `inquiry` is our end of
the desk; `forward` is the loop that joins them with a `ports.Platform`.
"""

from agent.uplink.forward import UplinkPolicy, run

__all__ = ["UplinkPolicy", "run"]
