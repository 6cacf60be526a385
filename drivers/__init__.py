"""What comes from somebody else's manual: a register, a baud rate, a frame, a topic, a line."""
