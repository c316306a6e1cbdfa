"""Shared links: read-only, expiring views of a chat, a recording or a moment for people without an account."""
