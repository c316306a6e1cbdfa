"""A server that dies by SIGKILL at a chosen place: `python -m tests.dying_server PLACE` with the usual settings.

`in_model` dies when the model is asked; `before_answer_is_stored` when all work is done but the answer to a
request with an Idempotency-Key is not yet kept; `in_import` when the third outcome of an import is about to be stored,
though its recording is.
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
from earmark.imports import jobs as import_jobs


def _die(*_: Any, **__: Any) -> Any:
    os.kill(os.getpid(), signal.SIGKILL)


def main(place: str) -> None:
    """Serve until the place is reached."""
    if place == "in_model":
        ExtractiveModel.answer = _die  # type: ignore[method-assign]
    elif place == "in_import":
        row = import_jobs._Run._row

        def live_or_die(self: Any, outcome: Any, group_no: int, number: int) -> Any:
            return _die() if group_no == 3 else row(self, outcome, group_no, number)

        import_jobs._Run._row = live_or_die  # type: ignore[method-assign]
    else:
        idempotency.store_answer = _die
    settings = load_settings(port=0)
    listener = bind(settings)
    print(f"listens on {address_of(listener)}", flush=True)
    config = uvicorn.Config(create_app(settings), http=PatientProtocol, lifespan="on", log_level="warning")
    uvicorn.Server(config).run(sockets=[listener])


if __name__ == "__main__":
    main(sys.argv[1])
