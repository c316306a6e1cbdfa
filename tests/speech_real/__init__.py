"""Transcriptions by real models of Whisper: `make test-speech` installs their weights and runs these."""
