"""A server whose clock a test can set: `python -m tests.shifted_server FILE [PAUSE_S]`.

FILE holds seconds to add; PAUSE_S is how long its model takes.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

from earmark.cli import serving
from earmark.config import load_settings
from tests.slow_server import slow_down

_time_ns = time.time_ns


def main(path: Path) -> None:
    """Serve until told to stop."""

    def time_ns() -> int:
        return _time_ns() + int(path.read_text()) * 1_000_000_000

    time.time_ns = time_ns
    time.time = lambda: time_ns() / 1e9
    settings = load_settings(port=0)
    listener = serving.bind(settings)
    print(f"listens on {serving.address_of(listener)}", flush=True)
    serving.run_server(settings, listener)


if __name__ == "__main__":
    if len(sys.argv) > 2:
        slow_down(float(sys.argv[2]))
    main(Path(sys.argv[1]))
