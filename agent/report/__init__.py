"""Room rule: what an inspector signs: a pure fold of the journal's records, and how it is shown.

`history` brings the rows of all epochs with the verdict of their chains, `fold` makes the frozen
`WellReport` of them, `sheet` and its kin show it. Nothing here writes a record, asks the time or
talks to a running control: the same journal and the same period give the same report, always.
"""
