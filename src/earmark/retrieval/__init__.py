"""Chunks transcripts, indexes the chunks, and ranks them for a question."""
