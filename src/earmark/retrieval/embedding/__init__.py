"""Text to vectors: which embedder is in use, the built-in one, a server's, a folder's."""
