"""Sentences for the person at the terminal, on standard error."""

from __future__ import annotations

import sys

from earmark.text import printable


def complain(sentence: str) -> None:
    """Print one sentence in the program's name: an error, or what it did without being told."""
    print(f"earmark: {printable(sentence)}", file=sys.stderr)


def tell(sentence: str) -> None:
    """Print beside a progress bar what a person at the terminal should know."""
    print(printable(sentence), file=sys.stderr, flush=True)
