"""Identity: projects, keys, tokens, callers, rate limits, idempotency and audit."""
