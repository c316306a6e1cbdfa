"""One turn: its place in the session's line, its events, its heartbeat and its end."""
