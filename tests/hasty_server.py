"""A server that waits two seconds where others wait a minute: `python -m tests.hasty_server`, otherwise `earmark serve`."""

from __future__ import annotations

from earmark.api import transfers
from earmark.media import uploads
from tests.slow_server import main

if __name__ == "__main__":
    transfers._SILENCE_S, transfers._QUIET_S, uploads._LOOK_S = 2.0, 0.1, 0.1
    main()
