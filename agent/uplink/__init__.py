"""Room rule: store and forward. Knows records by number and kind, no meter and no vendor.

An uplink is stateless: the journal remembers its cursor, so it may be killed at any moment.
`retry` says when to try again and `outbox` what is on its way, both pure; `inquiry` is our end of
the desk; `delivery` brings the records from there to the platform, and `forward` is the loop that
turns it, with the live state and the platform's commands beside it.
"""

from agent.uplink.forward import UplinkPolicy, run

__all__ = ["UplinkPolicy", "run"]
