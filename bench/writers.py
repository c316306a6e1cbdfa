"""Writes in the background, at a steady pace, from a process of their own."""

from __future__ import annotations

import multiprocessing
import time
from collections.abc import Iterator
from contextlib import contextmanager

import httpx


def _write(port: int, key: str, end_user_id: str, per_second: int) -> None:
    headers = {"Authorization": f"Bearer {key}"}
    body = {"scope": {"type": "library"}, "end_user_id": end_user_id, "title": "Written while others read"}
    with httpx.Client(base_url=f"http://127.0.0.1:{port}", headers=headers) as client:
        due = time.perf_counter()
        while True:
            client.post("/v1/ask/sessions", json=body)
            due = max(due + 1 / per_second, time.perf_counter() - 1)
            time.sleep(max(0.0, due - time.perf_counter()))


@contextmanager
def writing_in_background(port: int, key: str, end_user_id: str, *, per_second: int) -> Iterator[None]:
    """Create `per_second` sessions a second while the block runs."""
    process = multiprocessing.get_context("spawn").Process(
        target=_write, args=(port, key, end_user_id, per_second), daemon=True
    )
    process.start()
    time.sleep(1.5)
    try:
        yield
    finally:
        process.kill()
        process.join()
