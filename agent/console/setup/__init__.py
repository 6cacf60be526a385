"""Room rule: the guide through a commissioning, from the nameplate to the signature.

It changes nothing by itself: each step gives the orders that the single commands give, and notes
with one more how it ended. Whatever comes between, what was noted stays, and `setup` goes on there.
"""
