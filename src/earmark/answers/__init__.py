"""The built-in answer model: selects and quotes the transcript passages that answer a question."""
