"""What people bring: transcripts, audio, folders and exports of other services become recordings.

Decides: which files belong to one recording, its name, date and folder, and what was imported before.
Never: what a transcript file says.
"""
