"""From a question to a cited answer: evidence, model, draft, follow-ups and suggestions."""
