"""Room rule: what each command does, a module for each noun. Loaded when it is first used.

A function takes the talk and the command's arguments by name. It says what it found, and orders
through the talk alone; it catches nothing.
"""
