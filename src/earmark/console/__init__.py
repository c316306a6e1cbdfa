"""The console: the web page served at `/console`, a client of the public `/v1` only."""
