"""How rows are stored: engines, migrations, and the guard that keeps every query inside its tenant.

Decides: SQLite or PostgreSQL, how a statement is compiled and run, what a handle may touch, when a unit of work
commits. Never: what a row means.
"""
