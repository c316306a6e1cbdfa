"""The HTTP API: routes by resource, wire models, errors, cursors, headers. No business rules."""
