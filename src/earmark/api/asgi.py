"""The factory that each server process calls; settings come from the environment or the TOML file."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from multiprocessing.process import BaseProcess

from earmark.api.app import Edge, create_app
from earmark.config import load_settings
from earmark.logs import configure_logs


def make_app() -> Edge:
    """Return the ASGI application."""
    settings = load_settings()
    configure_logs(settings.log_level)
    if (supervisor := multiprocessing.parent_process()) is not None:
        threading.Thread(target=_end_with, args=(supervisor,), name="earmark-supervisor", daemon=True).start()
    return create_app(settings)


def _end_with(supervisor: BaseProcess) -> None:
    """Go down when the supervisor is gone: after a SIGKILL nobody else says so, and we would keep its port for ever."""
    supervisor.join()
    os.kill(os.getpid(), signal.SIGTERM)
