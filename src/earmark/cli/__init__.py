"""The command line: each command parses its arguments, calls the rooms' functions and prints."""
