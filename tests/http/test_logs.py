"""Logs contain no user content and no secrets: a whole run with planted canaries."""

from __future__ import annotations

import asyncio
import json
import logging
import socket
import subprocess
import time
from pathlib import Path
from typing import Any

import httpx
import pytest
import structlog

from earmark.api.edge.app import create_app
from earmark.ask.sessions import sessions
from earmark.logs import configure_logs
from tests.http.conftest import error_of
from tests.server import EARMARK, Place, new_project, running

CANARY = "xylocanary"


def canary(what: str) -> str:
    """Return unique words, different for each place where they are planted."""
    return f"{CANARY}{what} {CANARY.upper()}{what}"


def plant(client: httpx.Client) -> list[str]:
    """Send canaries in every text field, in valid and invalid requests; return the secrets seen."""
    user = client.post("/v1/end-users", json={
        "external_id": canary("external"), "name": canary("name"), "email": f"{CANARY}@example.org",
        "metadata": {canary("key"): canary("value")}}).json()["id"]  # fmt: skip
    assert client.post("/v1/end-users", json={"external_id": canary("external")}).status_code == 409
    made = client.post("/v1/recordings", json={
        "end_user_id": user, "name": canary("recording"), "device_id": f"{CANARY}device"}).json()["id"]  # fmt: skip
    talk = [{"start": 0, "end": 2, "speaker": canary("speaker"), "text": f"The launch is {canary('words')}."}]
    put = f"/v1/recordings/{made}/transcript"
    assert client.put(put, json={"segments": talk}).status_code == 201
    assert client.put(put, content=f"WEBVTT\n\n{canary('cue')} --> x\n", headers={"content-type": "text/vtt"}).is_error
    assert client.put(put, json={"segments": [{"start": canary("start"), "text": [canary("bad")]}]}).is_error
    folder = client.post("/v1/folders", json={"end_user_id": user, "name": canary("folder")}).json()["id"]
    client.put(f"/v1/folders/{folder}/recordings/{made}")
    asked = client.post("/v1/ask/sessions", json={
        "scope": {"type": "folder", "folder_id": folder}, "end_user_id": user, "title": canary("title"),
        "initial_message": {"content": f"When is the launch, {canary('question')}?"}})  # fmt: skip
    assert asked.status_code == 200, asked.text
    session = asked.json()["session_id"]
    client.post(f"/v1/ask/sessions/{session}/messages", json={"content": canary("again"), "provider": canary("model")})
    streamed = client.post(f"/v1/ask/sessions/{session}/messages", json={"content": canary("streamed")},
                           headers={"Accept": "text/event-stream"})  # fmt: skip
    assert "turn.completed" in streamed.text
    client.patch(f"/v1/ask/sessions/{session}", json={"title": canary("renamed")})
    client.get("/v1/ask/sessions", params={"q": canary("filter"), "cursor": f"{CANARY}cursor"})
    client.get(f"/v1/ask/sessions/{session}/export")
    client.post("/v1/recordings/search", json={"query": canary("search"), "end_user_id": user})
    for path in (f"/v1/{CANARY}", f"/{CANARY}", f"/v1/ask/sessions/as_{CANARY}", f"/health?{CANARY}=1"):
        client.get(path, headers={"Idempotency-Key": f"{CANARY}retry", "Bota-Version": CANARY, "Host": CANARY})
    client.post(
        "/v1/ask/sessions", content=f'{{"scope": {canary("json")}', headers={"content-type": "application/json"}
    )
    client.post("/v1/console/sign-in", json={"code": f"{CANARY}code"})
    token = client.post(f"/v1/end-users/{user}/tokens").json()["token"]
    httpx.get(client.base_url.join("/v1/ask/sessions"), headers={"Authorization": f"Bearer {token}"})
    client.delete(f"/v1/recordings/{made}")
    client.delete(f"/v1/end-users/{user}")
    return [token]


def test_a_whole_run_leaves_no_words_and_no_secret_in_any_log(fresh_place: Place, tmp_path: Path) -> None:
    project = new_project(fresh_place)
    link = json.loads(fresh_place.cli("console-link", "--project", project.id, "--json").stdout)["url"]
    code = link.partition("#code=")[2]
    bad = tmp_path / "meeting.vtt"
    bad.write_text(f"WEBVTT\n\n{canary('cue')} --> {canary('time')}\n{canary('file')}\n")
    out = tmp_path / "server.log"
    with out.open("w") as log:
        process = subprocess.Popen(
            [*EARMARK, "serve", "--port", "0", "--workers", "2"],
            env={**fresh_place.environment, "EARMARK_LOG_LEVEL": "debug", "EARMARK_LOG_REQUESTS": "true",
                 "EARMARK_METRICS": "true"}, stdout=log, stderr=log,
        )  # fmt: skip
    address = _wait_for_address(out)
    with httpx.Client(base_url=address, headers={"Authorization": f"Bearer {project.live}"}, timeout=60) as client:
        secrets = [project.live, project.test, code, *plant(client)]
        signed_in = client.post("/v1/console/sign-in", json={"code": code})
        secrets.append(signed_in.json()["key"])
        metrics = client.get("/metrics").content
    imported = fresh_place.cli("import", str(bad), "--project", project.id, "--end-user", CANARY + "user", check=False)
    arguments = [path.read_bytes() for path in Path("/proc").glob(f"{process.pid}/task/*/children")]
    commands = [Path(f"/proc/{pid}/cmdline").read_bytes() for pid in b" ".join(arguments).decode().split()]
    process.terminate()
    assert process.wait(timeout=60) in (0, -15)
    written = {"the server's output": out.read_bytes(), "the import's output": imported.stderr.encode()}
    written["the metrics"] = metrics
    written |= {f"a process's arguments {number}": one for number, one in enumerate(commands)}
    for path in fresh_place.data_dir.rglob("*"):
        if path.is_file() and not path.name.startswith("earmark.db"):
            written[path.name] = path.read_bytes()
    assert imported.returncode == 1
    assert b"listens on" in written["the server's output"]
    assert written["the server's output"].count(b'"route":') > 20
    assert len(commands) >= 2
    assert "rates.bin" in written
    for where, text in written.items():
        assert CANARY.encode() not in text.lower().replace(str(bad).encode(), b""), where
        for secret in secrets:
            assert secret.encode() not in text, where
            assert secret.rpartition("_")[2][:20].encode() not in text, where


def _wait_for_address(out: Path) -> str:
    for _ in range(600):
        text = out.read_text()
        if "http://" in text:
            address = text.split("listens on ")[1].split()[0]
            transport = httpx.HTTPTransport(retries=5)
            with httpx.Client(transport=transport, timeout=60) as client:
                assert client.get(address + "/health").status_code == 200
            return address
        time.sleep(0.1)
    raise AssertionError(out.read_text())


def test_a_bug_is_logged_by_where_it_happened_not_by_what_it_says(
    fresh_place: Place, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    project = new_project(fresh_place)

    async def fail(*_: Any, **__: Any) -> None:
        words = canary("exception")
        raise ValueError(f"unexpected {words}") from KeyError(words)

    monkeypatch.setattr(sessions, "list_sessions", fail)
    configure_logs("debug")

    async def ask() -> httpx.Response:
        app = create_app(fresh_place.settings)
        transport = httpx.ASGITransport(app)
        headers = {"Authorization": f"Bearer {project.live}"}
        async with (
            app.opened(),
            httpx.AsyncClient(transport=transport, base_url="http://test", headers=headers) as client,
        ):
            # in a task of its own, as in a server: what is logged of the end is no part of the request
            return await asyncio.create_task(client.get("/v1/ask/sessions", params={"q": canary("filter")}))

    answer = asyncio.run(ask())
    structlog.reset_defaults()
    error = error_of(answer)
    assert (answer.status_code, error["code"]) == (500, "internal_error")
    shown = capsys.readouterr()
    logged = [json.loads(line) for line in shown.err.splitlines() if error["request_id"] in line]
    assert [(one["event"], one["error"]) for one in logged] == [("request.failed", "ValueError")]
    assert any("fail" in frame for frame in logged[0]["trace"])
    for text in (shown.out, shown.err, answer.text):
        assert CANARY not in text.lower()


def test_every_line_of_the_log_is_json(fresh_place: Place, tmp_path: Path) -> None:
    out = tmp_path / "log"
    with out.open("w") as stderr, running(fresh_place, "--workers", "2", stderr=stderr) as server:
        url = httpx.URL(server.base_url)
        with socket.create_connection((url.host, url.port), timeout=30) as wire:
            wire.sendall(b"HELLO\r\n\r\n")
            while wire.recv(65_536):
                pass
    events = [json.loads(line) for line in out.read_text().splitlines()]
    assert "Invalid HTTP request received." in {one["event"] for one in events}
    assert all(one["level"] and one["timestamp"] for one in events)


def test_the_log_has_the_start_and_the_end_of_each_process(fresh_place: Place, tmp_path: Path) -> None:
    out = tmp_path / "log"
    with out.open("w") as stderr, running(fresh_place, stderr=stderr) as server:
        server.stop()
    lines = [json.loads(line) for line in out.read_text().splitlines()]
    own = [(line["event"], line["level"]) for line in lines if line["event"].startswith("server.")]
    assert own == [("server.started", "info"), ("server.stopping", "info"), ("server.stopped", "info")]
    assert lines[0].keys() == {"event", "level", "timestamp", "version", "pid"}
    assert not any("request_id" in line for line in lines if line["event"] == "server.stopping")


def test_what_a_library_logs_has_no_text_of_an_exception(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logs("info")
    try:
        raise ValueError(canary("exception"))
    except ValueError:
        logging.getLogger("uvicorn.error").exception("Exception in ASGI application\n")
    structlog.reset_defaults()
    line = json.loads(capsys.readouterr().err)
    assert (line["event"], line["error"], line["level"]) == ("Exception in ASGI application", "ValueError", "error")
    assert line["trace"]
