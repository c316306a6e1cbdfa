"""The console: a web page for people, served at `/console`. It uses the public `/v1` and nothing else."""
