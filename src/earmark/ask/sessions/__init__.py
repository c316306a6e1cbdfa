"""A session's life: creation, list, messages, scope, titles and usage."""
