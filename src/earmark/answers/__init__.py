"""Which words of the transcripts answer a question: the built-in model, and what it knows of talk."""
