"""Room rule: a simulated pump house. It plays the world; of the agent it knows the ports.

Physics, register images, an RS-485 line on a pty, a relay pin and the owner's panel, in one
process. It frames Modbus RTU by itself, without the library that the bus driver uses, so that
the two ends of a test do not share a bug.
"""
