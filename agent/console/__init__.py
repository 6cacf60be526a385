"""Room rule: the technician's session on a terminal. No vendor, no tty: octets come by a port.

`terminal` is what the session speaks to; `keys`, `editor`, `cells` and `widths` are pure.
"""
