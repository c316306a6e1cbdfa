"""Which model writes an answer, and how: the built-in extractive one; vendors later."""
