"""The web console: one page that uses the public API only.

Decides: what people see and press. Never: what a request may do.
"""
