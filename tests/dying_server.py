"""A server that dies by SIGKILL at a chosen place: `python -m tests.dying_server PLACE` with the usual settings.

`in_model` dies when the model is asked; `before_answer_is_kept` when all work is done but the answer to a
request with an Idempotency-Key is not yet kept.
"""

from __future__ import annotations

import os
import signal
import sys
from typing import Any

import uvicorn

from earmark.answers.extractive import ExtractiveModel
from earmark.api.edge.app import create_app
from earmark.api.edge.protocol import PatientProtocol
from earmark.cli.serving import address_of, bind
from earmark.config import load_settings
from earmark.idempotency import requests as idempotency


def _die(*_: Any, **__: Any) -> Any:
    os.kill(os.getpid(), signal.SIGKILL)


def main(place: str) -> None:
    """Serve until the place is reached."""
    if place == "in_model":
        ExtractiveModel.answer = _die  # type: ignore[method-assign]
    else:
        idempotency.keep = _die
    settings = load_settings(port=0)
    listener = bind(settings)
    print(f"listens on {address_of(listener)}", flush=True)
    config = uvicorn.Config(create_app(settings), http=PatientProtocol, lifespan="on", log_level="warning")
    uvicorn.Server(config).run(sockets=[listener])


if __name__ == "__main__":
    main(sys.argv[1])
