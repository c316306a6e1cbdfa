"""A server with little patience: `python -m tests.hasty_server`, otherwise `earmark serve`."""

from __future__ import annotations

from earmark.api.edge.protocol import PatientProtocol
from earmark.api.pipeline.bodies import Bodies
from earmark.api.routes import transfers
from earmark.cli import serving
from earmark.media import uploads
from tests.slow_server import main

HEAD_S = BODY_S = 1.0
SILENCE_S = 2.0

if __name__ == "__main__":
    PatientProtocol.head_s, Bodies.patience_s = HEAD_S, BODY_S
    transfers._SILENCE_S = serving.SILENCE_S = SILENCE_S
    transfers._QUIET_S = uploads._LOOK_S = 0.1
    main()
