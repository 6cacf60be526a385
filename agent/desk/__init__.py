"""Room rule: the desk, where records are read and commands are handed in; a Unix socket a client.

`server` lives in control, `client` in whoever asks; both know `wire` and not each other, so that
an uplink loads no database. Nothing is imported here.
"""
