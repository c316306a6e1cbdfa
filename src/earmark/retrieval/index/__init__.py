"""The index of a transcript: chunks, terms, vectors; how it is made, stored, cached and read."""
