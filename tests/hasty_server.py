"""A server with little patience: `python -m tests.hasty_server SECONDS`, otherwise `earmark serve`."""

from __future__ import annotations

import sys

from earmark.api import bodies
from earmark.api.protocol import PatientProtocol
from earmark.cli.main import run


def hurry(seconds: float) -> None:
    """Wait this long for a head, and for a body."""
    PatientProtocol.head_s = seconds
    bodies.Bodies.__init__.__kwdefaults__["patience_s"] = seconds  # type: ignore[index]


if __name__ == "__main__":
    hurry(float(sys.argv.pop(1)))
    sys.argv.insert(1, "serve")
    run()
