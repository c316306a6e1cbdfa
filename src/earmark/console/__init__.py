"""The web console: one page that uses the public API only."""
