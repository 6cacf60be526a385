"""Room rule: how one platform wants its bytes. Pure: no wire, no clock, no file.

One module per format; each satisfies `ports.Codec` with two functions. Which platform gets which
is chosen in the composition root.
"""
