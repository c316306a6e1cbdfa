"""The command line: each command parses its arguments, calls the rooms' functions and prints.

Decides: what a command is called, takes and prints. Never: what a room or the API decides.
"""
