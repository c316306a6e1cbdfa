"""The command line: parses arguments, calls a room, prints the result."""
