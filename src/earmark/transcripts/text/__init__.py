"""Text without a format of its own: heads with names and times, dialogue, prose."""
