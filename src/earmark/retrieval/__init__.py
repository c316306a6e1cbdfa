"""Cut transcripts into chunks, index them, and rank them for a question."""
