"""The pure core: needs no clock, file, wire, thread, random number or log (contract 3)."""
