"""Uploads while the server is killed: acknowledged ones are complete, and others leave nothing behind."""

from __future__ import annotations

import hashlib
import random
import signal
import threading
import time
from dataclasses import dataclass, field

import httpx
import pytest

from earmark.media import erasure
from earmark.media.erasure import sweep
from earmark.runtime import Runtime
from tests.http.conftest import Library
from tests.server import Place, Server, new_project, running

KILLS, SENDERS = 3, 3


@dataclass
class Acknowledged:
    """The server's acknowledgements: recordings by digest, as received and as completed."""

    received: dict[str, str] = field(default_factory=dict)
    completed: dict[str, str] = field(default_factory=dict)


def send_until_it_dies(server: Server, key: str, user: str, said: Acknowledged, seed: int) -> None:
    """Upload one file after the other."""
    chance = random.Random(seed)
    try:
        with server.client(key) as client:
            while True:
                content = chance.randbytes(chance.choice((10, 70_000, 3_000_000)))
                digest = hashlib.sha256(content).hexdigest()
                recording = client.post("/v1/recordings", json={"end_user_id": user}).json()["id"]
                begun = client.post(f"/v1/recordings/{recording}/upload-url", json={"content_type": "audio/ogg"}).json()
                if httpx.put(begun["upload_url"], content=content, headers=begun["headers"]).status_code == 200:
                    said.received[digest] = recording
                done = client.post(f"/v1/recordings/{recording}/upload-complete", json={"content_sha256": digest})
                if done.status_code == 200:
                    said.completed[digest] = recording
    except (httpx.TransportError, KeyError):  # it was killed before or during the response
        return


def check(client: httpx.Client, said: Acknowledged) -> None:
    for digest, recording in said.received.items():
        done = client.post(f"/v1/recordings/{recording}/upload-complete", json={"content_sha256": digest})
        assert done.status_code == 200, done.text
        assert done.json()["status"] == "uploaded"
        url = client.get(f"/v1/recordings/{recording}/download-url").json()["download_url"]
        assert hashlib.sha256(httpx.get(url).content).hexdigest() == digest


def test_what_was_acknowledged_survives_every_kill(fresh_place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    said, key = Acknowledged(), new_project(fresh_place).live
    for kill in range(KILLS):
        with running(fresh_place) as server:
            with server.client(key) as client:
                check(client, said)
                assert set(said.completed) <= set(said.received)
                user = Library(client).user()
            senders = [
                threading.Thread(target=send_until_it_dies, args=(server, key, user, said, kill * SENDERS + number))
                for number in range(SENDERS)
            ]
            for one in senders:
                one.start()
            before = len(said.completed)
            while len(said.completed) < before + 3:
                time.sleep(0.01)
            time.sleep(random.Random(kill).random() / 4)
            server.stop(signal.SIGKILL)
            for one in senders:
                one.join()
    assert len(said.completed) >= 3 * KILLS
    with running(fresh_place) as server, server.client(key) as client:
        check(client, said)

    monkeypatch.setattr(erasure, "_IDLE_S", -1.0)
    monkeypatch.setattr(erasure, "_STALE_US", -10 * 3_600 * 1_000_000)

    async def tidy(runtime: Runtime) -> None:
        await sweep(runtime.operator, runtime.media)

    fresh_place.run(tidy)
    files = [path for path in (fresh_place.data_dir / "media").rglob("*") if path.is_file()]
    assert sorted(path.name.split("-")[1] for path in files) == sorted(said.received)
    assert all(hashlib.sha256(path.read_bytes()).hexdigest() == path.name.split("-")[1] for path in files)
