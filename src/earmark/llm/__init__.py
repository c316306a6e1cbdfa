"""Answer models: the built-in one's interface, vendors' models, prompts, and who answers."""
