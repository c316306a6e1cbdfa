"""Shared links: read-only, expiring views of a chat, a recording or a moment for people without an account.

Decides: what a link shows, to how many at once, and when it ends. Never: what its maker may see, which `identity` and
the guard decide.
"""
