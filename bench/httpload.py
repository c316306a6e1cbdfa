"""A small load generator: N keep-alive connections, each sending one request after another.

Raw protocols on uvloop, because a general client would use more CPU than the server it measures.
"""

from __future__ import annotations

import asyncio
import functools
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import uvloop


@dataclass
class Measured:
    """The results of a run. Latencies in milliseconds."""

    seconds: float
    latencies_ms: list[float] = field(default_factory=list)
    statuses: dict[int, int] = field(default_factory=dict)

    @property
    def per_second(self) -> float:
        """Responses per second."""
        return len(self.latencies_ms) / self.seconds

    def percentile(self, share: float) -> float:
        """Return the latency at this quantile."""
        ordered = sorted(self.latencies_ms)
        return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


class _Connection(asyncio.Protocol):
    def __init__(
        self, requests: Callable[[], bytes | None], measured: Measured, done: asyncio.Future[None], pause_s: float
    ) -> None:
        self._requests, self._measured, self._done, self._pause_s = requests, measured, done, pause_s
        self._buffer = b""
        self._sent_at = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport
        self._send()

    def _send(self) -> None:
        request = self._requests()
        if request is None:
            self._transport.close()
            if not self._done.done():
                self._done.set_result(None)
            return
        self._sent_at = time.perf_counter()
        self._transport.write(request)  # type: ignore[attr-defined]

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        head, separator, body = self._buffer.partition(b"\r\n\r\n")
        if not separator:
            return
        start = head.lower().index(b"content-length:") + 15
        length = int(head[start:].split(b"\r\n", 1)[0])
        if len(body) < length:
            return
        self._buffer = b""
        status = int(head[9:12])
        self._measured.statuses[status] = self._measured.statuses.get(status, 0) + 1
        self._measured.latencies_ms.append((time.perf_counter() - self._sent_at) * 1_000)
        if self._pause_s:
            asyncio.get_running_loop().call_later(self._pause_s, self._send)
        else:
            self._send()

    def connection_lost(self, exc: Exception | None) -> None:
        if not self._done.done():
            self._done.set_exception(exc or ConnectionError("closed by the server"))


def get(path: str, key: str | None = None) -> bytes:
    """Return a GET request's bytes."""
    authorization = f"Authorization: Bearer {key}\r\n" if key else ""
    return f"GET {path} HTTP/1.1\r\nHost: bench\r\n{authorization}\r\n".encode()


def measure(
    port: int, requests: Sequence[bytes], *, seconds: float, connections: int = 16, pause_s: float = 0.0
) -> Measured:
    """Repeat the requests for `seconds`; each connection pauses `pause_s` after each response."""
    return uvloop.run(_measure(port, requests, seconds, connections, pause_s))


async def _measure(port: int, requests: Sequence[bytes], seconds: float, connections: int, pause_s: float) -> Measured:
    loop = asyncio.get_running_loop()
    measured = Measured(seconds)
    end = time.perf_counter() + seconds
    sent = 0

    def next_request() -> bytes | None:
        nonlocal sent
        if time.perf_counter() >= end:
            return None
        sent += 1
        return requests[sent % len(requests)]

    done = [loop.create_future() for _ in range(connections)]
    for future in done:
        make = functools.partial(_Connection, next_request, measured, future, pause_s)
        await loop.create_connection(make, "127.0.0.1", port)
    started = time.perf_counter()
    await asyncio.gather(*done)
    measured.seconds = time.perf_counter() - started
    return measured
