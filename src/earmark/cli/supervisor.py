"""The parent process of several workers: starts, replaces and stops them."""

from __future__ import annotations

import logging
import socket
import time

import uvicorn
from uvicorn.config import STARTUP_FAILURE
from uvicorn.supervisors import Multiprocess
from uvicorn.supervisors.multiprocess import Process

log = logging.getLogger("uvicorn.error")


class Supervisor(Multiprocess):
    """uvicorn's supervisor with a clean shutdown; workers stop if it dies (`api/asgi.py`).

    Args:
        config: each worker's configuration.
        listener: the bound socket that all workers share.
        patience_s: how long workers may take to stop before they are killed.
    """

    def __init__(self, config: uvicorn.Config, listener: socket.socket, patience_s: float) -> None:
        super().__init__(config, [listener])
        self._patience_s = patience_s
        self.has_failed = False
        """Whether one of the first workers failed to start."""

    def keep_subprocess_alive(self) -> None:
        """Replace dead workers; stop the server only if one of the first fails to start.

        uvicorn's own version also pings each worker, and waits five seconds for one that died meanwhile.
        """
        for index, one in enumerate(self.processes):
            if one.exitcode == STARTUP_FAILURE and one in self._first:
                self.has_failed = True
                self.should_exit.set()
            elif one.exitcode is not None:
                log.warning("Worker %s ended (%s); starting another one.", one.pid, one.exitcode)
                self.processes[index] = another = Process(self.config, self.sockets)
                another.start()

    def init_processes(self) -> None:
        """Start the workers."""
        super().init_processes()
        self._first = tuple(self.processes)

    def terminate_all(self) -> None:
        """Stop all workers and close our copy of the listening socket.

        If it stayed open after the last worker, the kernel would accept connections that nobody answers.
        """
        for one in self.sockets:
            one.close()
        super().terminate_all()

    def join_all(self) -> None:
        """Wait for all workers to end, and kill those that take too long."""
        deadline = time.monotonic() + self._patience_s
        for one in self.processes:
            one.process.join(max(0.0, deadline - time.monotonic()))
            if one.exitcode is None:
                one.kill()
                one.join()
