"""Room rule: many light stations at once, to size a platform. No safety, no bus, no disk.

Each has the real uplink, payload and MQTT code, twice (one station, dual send). What is light is
the well behind it: its records are reckoned from the time, its desk answers from memory. `well` is
that desk, `stations` the loop that drives them all in one thread, `consumer` a platform's receiver
as a process, `course` the story (steady, outage, the morning after), `picture` its drawing.
"""
