"""Who is calling and what they may do: projects, keys, tokens, scopes, sign-in to the console, the audit trail.

Decides: whether a credential is valid, whose it is and which scopes it has. Never: what is in anybody's library.
"""
