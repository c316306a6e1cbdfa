"""The process above several workers: starts them, replaces those that die, and leaves none behind."""

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
    """Uvicorn's, with a clean end. Workers watch it in turn (`api/asgi.py`): they end when it is gone.

    Args:
        config: what each worker serves.
        listener: the bound socket that all share.
        patience_s: how long workers may take to end; one that takes longer is killed.
    """

    def __init__(self, config: uvicorn.Config, listener: socket.socket, patience_s: float) -> None:
        super().__init__(config, [listener])
        self._patience_s = patience_s
        self.has_failed = False
        """Whether a worker could not start with the server."""

    def keep_subprocess_alive(self) -> None:
        """Replace workers that died; only one that can't start with the server ends it.

        Uvicorn's own also asks each whether it is well, and waits five seconds for one that died meanwhile.
        """
        for index, one in enumerate(self.processes):
            if one.exitcode == STARTUP_FAILURE and one in self._first:
                self.has_failed = True
                self.should_exit.set()
            elif one.exitcode is not None:
                log.warning("Worker %s ended (%s); another is started.", one.pid, one.exitcode)
                self.processes[index] = another = Process(self.config, self.sockets)
                another.start()

    def init_processes(self) -> None:
        """Start the workers."""
        super().init_processes()
        self._first = tuple(self.processes)

    def terminate_all(self) -> None:
        """Ask all workers to end, and let go of the port: it goes with the last of them.

        While we hold the socket the kernel takes connections that nobody will answer.
        """
        for one in self.sockets:
            one.close()
        super().terminate_all()

    def join_all(self) -> None:
        """Wait until all workers are gone."""
        deadline = time.monotonic() + self._patience_s
        for one in self.processes:
            one.process.join(max(0.0, deadline - time.monotonic()))
            if one.exitcode is None:
                one.kill()
                one.join()
