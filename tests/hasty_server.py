"""A server with little patience: `python -m tests.hasty_server`, otherwise `earmark serve`."""

from __future__ import annotations

from earmark.api.edge.connection_limits import Allowed
from earmark.api.edge.protocol import PatientProtocol
from earmark.api.pipeline.bodies import Bodies
from earmark.api.routes import transfers
from earmark.cli import serving
from earmark.media import uploads
from tests.slow_server import main

HEAD_S = BODY_S = REST_S = IDLE_S = 1.0
REST_BYTES = 8 << 20
REPLY_BYTES = 256 << 10
SILENCE_S = 2.0

if __name__ == "__main__":
    PatientProtocol.allowed = Allowed(
        head_s=HEAD_S, idle_s=IDLE_S, rest_s=REST_S, rest_bytes=REST_BYTES, reply_s=SILENCE_S, reply_bytes=REPLY_BYTES
    )
    Bodies.patience_s = BODY_S
    transfers._SILENCE_S = serving.SILENCE_S = SILENCE_S
    transfers._QUIET_S = uploads._LOOK_S = 0.1
    main()
