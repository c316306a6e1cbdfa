"""OAuth 2.1 for assistants that take no token by hand: clients, grants that people give them, and their tokens.

A grant lets one client act for one end user at `/mcp`. Its code, refresh tokens and access tokens are credentials
like all others (`earmark.identity`): stored as hashes, revoked at once in every process, deleted with their end user.
Decides: which client is who it says it is, where it may be sent back to, what a grant allows and when it ends.
Never: whom a credential belongs to, or what a tool shows.
"""
