"""What an end user has: recordings, transcripts, and the formats they arrive in."""
