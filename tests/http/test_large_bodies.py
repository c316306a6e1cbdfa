"""Large bodies are parsed on a worker thread; what is wrong with them is told all the same."""

from __future__ import annotations

import asyncio
import threading

import httpx
import pytest

from earmark.api.pipeline.large_bodies import run_sized
from tests.http.conftest import Library


@pytest.mark.parametrize(("size_bytes", "is_inline"), [(0, True), (65_536, True), (65_537, False)])
def test_only_what_is_large_changes_threads(size_bytes: int, is_inline: bool) -> None:
    used = asyncio.run(run_sized(size_bytes, threading.get_ident))
    assert (used == threading.get_ident()) is is_inline


@pytest.mark.parametrize("padding", [10, 200_000])
def test_a_body_is_answered_alike_whatever_its_size(client: httpx.Client, library: Library, padding: int) -> None:
    user = library.user()
    metadata = {"note": "x" * 100}
    sent = {"end_user_id": user, "name": "Talk", "metadata": metadata, "ignored": "x" * padding}
    keyed = {"Idempotency-Key": "once"}
    made = client.post("/v1/recordings", json=sent, headers=keyed)
    assert (made.status_code, made.json()["name"]) == (201, "Talk")
    assert client.post("/v1/recordings", json=sent, headers=keyed).json() == made.json()
    reused = client.post("/v1/recordings", json={**sent, "ignored": "y" * padding}, headers=keyed)
    assert reused.status_code == 422
    wrong = client.post("/v1/recordings", json={**sent, "name": 5})
    assert (wrong.status_code, wrong.json()["error"]["param"]) == (400, "name")
    broken = client.post("/v1/recordings", content=b"{" + b" " * padding, headers={"Content-Type": "application/json"})
    assert broken.status_code == 400
