"""An end user's data: recordings, transcripts, folders, and the transcript formats imported."""
