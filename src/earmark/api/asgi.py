"""The ASGI factory of each server process, configured by environment or TOML file."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from multiprocessing.process import BaseProcess

from earmark.api.edge.app import Edge, create_app
from earmark.config import load_settings
from earmark.logs import configure_logs


def make_app() -> Edge:
    """Return the ASGI application."""
    settings = load_settings()
    configure_logs(settings.log_level)
    if (supervisor := multiprocessing.parent_process()) is not None:
        threading.Thread(target=_stop_after, args=(supervisor,), name="earmark-supervisor", daemon=True).start()
    return create_app(settings)


def _stop_after(supervisor: BaseProcess) -> None:
    """Stop this process when the supervisor has ended.

    A supervisor killed by SIGKILL can't stop its workers, which would occupy its port for ever.
    """
    supervisor.join()
    os.kill(os.getpid(), signal.SIGTERM)
