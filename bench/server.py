"""The server to measure: earmark with an additional constant-bytes Starlette route outside `/v1`."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from earmark.api.edge.app import Edge, create_app
from earmark.api.edge.protocol import PatientProtocol
from earmark.config import load_settings

CONSTANT_PATH = "/constant"


def make_app() -> Edge:
    """Return earmark with the constant route; its bytes come from the file `EARMARK_BENCH_BYTES`."""
    edge = create_app(load_settings())
    payload = Path(os.environ["BENCH_CONSTANT_FILE"]).read_bytes()
    _add_constant(edge.pages.app, payload)
    return edge


def _add_constant(app: Starlette, payload: bytes) -> None:
    async def constant(_: Request) -> Response:
        return Response(payload, media_type="application/json")

    # First, so that it isn't slowed by other routes.
    app.router.routes.insert(0, Route(CONSTANT_PATH, constant))


def free_port() -> int:
    """Return an unused port."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def serving(env: dict[str, str], constant_file: Path) -> Iterator[tuple[int, int]]:
    """Start one worker; yield its port and process id."""
    port = free_port()
    command = [sys.executable, "-m", "bench.server", str(port)]
    with started(command, {**env, "BENCH_CONSTANT_FILE": str(constant_file)}, port) as pid:
        yield port, pid


@contextmanager
def started(command: list[str], env: dict[str, str], port: int) -> Iterator[int]:
    """Start a server process and wait until it is healthy; yield its process id."""
    process = subprocess.Popen(command, env={**os.environ, **env})
    try:
        for _ in range(2_400):
            try:
                if httpx.get(f"http://127.0.0.1:{port}/health").status_code == 200:
                    break
            except httpx.TransportError:
                time.sleep(0.05)
        yield process.pid
    finally:
        process.terminate()
        process.wait(30)


def resident_mb(pid: int) -> float:
    """Return the resident memory of a process, in megabytes."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS"):
            return int(line.split()[1]) / 1_024
    return 0.0


if __name__ == "__main__":
    uvicorn.run(
        "bench.server:make_app", factory=True, port=int(sys.argv[1]), http=PatientProtocol, loop="uvloop", ws="none",
        access_log=False, log_level="warning", server_header=False, proxy_headers=False,
    )  # fmt: skip
