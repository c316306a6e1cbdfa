"""earmark: a self-hosted server that people ask about their voice recordings."""

__version__ = "0.1.0"
