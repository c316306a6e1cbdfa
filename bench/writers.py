"""Writes in the background at a steady rate: new sessions and renames, alternating."""

from __future__ import annotations

import itertools
import multiprocessing
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import httpx

_PATH = "/v1/ask/sessions"
_CLIENTS = 8


@dataclass
class Writes:
    """The rate actually achieved, available at the end."""

    per_second: float = 0.0


def _write(port: int, key: str, end_user_id: str, per_second: int, count: Any) -> None:
    with ThreadPoolExecutor(_CLIENTS) as clients:
        for number in range(_CLIENTS):
            clients.submit(_write_on_time, port, key, end_user_id, number, _CLIENTS / per_second, count)


def _write_on_time(port: int, key: str, end_user_id: str, first: int, interval_s: float, count: Any) -> None:
    headers = {"Authorization": f"Bearer {key}"}
    body = {"scope": {"type": "library"}, "end_user_id": end_user_id, "title": "Written while others read"}
    with httpx.Client(base_url=f"http://127.0.0.1:{port}", headers=headers, timeout=60) as client:
        listed = client.get(_PATH, params={"limit": 100, "end_user_id": end_user_id}).json()["data"]
        due = time.perf_counter() + interval_s * first / _CLIENTS
        for number in itertools.count(first, _CLIENTS):
            time.sleep(max(0.0, due - time.perf_counter()))
            if first % 2:
                client.post(_PATH, json=body).raise_for_status()
            else:
                old = listed[number // 2 % len(listed)]["id"]
                client.patch(f"{_PATH}/{old}", json={"title": f"Renamed to {number}"}).raise_for_status()
            with count.get_lock():
                count.value += 1
            due = max(due + interval_s, time.perf_counter() - interval_s)


@contextmanager
def writing_in_background(port: int, key: str, end_user_id: str, *, per_second: int) -> Iterator[Writes]:
    """Write `per_second` times a second while the block runs."""
    context = multiprocessing.get_context("spawn")
    count = context.Value("L", 0)
    process = context.Process(target=_write, args=(port, key, end_user_id, per_second, count), daemon=True)
    process.start()
    while process.is_alive() and not count.value:
        time.sleep(0.01)
    writes, before, started = Writes(), count.value, time.perf_counter()
    try:
        yield writes
    finally:
        writes.per_second = (count.value - before) / (time.perf_counter() - started)
        process.kill()
        process.join()
