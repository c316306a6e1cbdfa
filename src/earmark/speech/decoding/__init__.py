"""Decodes audio and video files to PCM at 16 kHz, in a process that can open nothing but its own file.

`process.py` and `probe.py` run in the server; every other module but `types.py` runs in the child and may import `av`.
"""
