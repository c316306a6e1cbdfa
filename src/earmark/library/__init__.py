"""What an end user has: recordings, folders, transcripts; and their deletion.

Decides: what a recording is, who owns it, what deleting it takes along. Never: bytes of audio, or ranking.
"""
