"""Runs schemathesis against a server: `python -m bench.fuzz [--seconds 300] [--examples 200]`.

All checks and phases, stateful links included, with a project's secret key. An operation that only ever returned
404 or refused the key counts as a failure. `make test` runs a short version (`tests/http/test_fuzz.py`).
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import httpx
from tests.http.conftest import TALK, Library
from tests.server import Place, Server, new_project, running

from bench.results import circumstances, table, write_section

CONFIG = """
hooks = "bench.fuzz_hooks"

[generation]
allow-x00 = false

[checks.positive_data_acceptance]
expected-statuses = ["2xx", "401", "403", "404", "409", "413", "422", "425", "429", "503"]

[warnings]
fail-on = ["missing_auth", "missing_test_data"]

# What a transcript file may hold is more than a schema says; `bench/mutations.py` is for them.
[[operations]]
include-name = "PUT /v1/recordings/{recording_id}/transcript"
checks.positive_data_acceptance.enabled = false
checks.negative_data_rejection.enabled = false

# An upload's address dies when some request completes the upload.
[[operations]]
include-name = "PUT /v1/media/{media_id}"
warnings = false
"""
STOCK = 30


def fuzz(place: Place, folder: Path, *options: str) -> subprocess.CompletedProcess[str]:
    """Run schemathesis against a server in `place`; `folder` is for its files."""
    key = new_project(place).live
    with running(place, EARMARK_CONSOLE="0") as server:
        with server.client(key) as client:
            (folder / "seeded.json").write_text(json.dumps(_seed(client)))
        (folder / "schemathesis.toml").write_text(CONFIG)
        return _run(server, key, folder, options)


def _run(server: Server, key: str, folder: Path, options: tuple[str, ...]) -> subprocess.CompletedProcess[str]:
    command = [
        sys.executable, "-m", "schemathesis.cli", "--config-file", str(folder / "schemathesis.toml"), "run",
        f"{server.base_url}/openapi.json", "--header", f"Authorization: Bearer {key}", "--generation-database", "none",
        "--no-color", "--continue-on-failure", "--request-timeout", "30",
        "--suppress-health-check", "filter_too_much", *options,  # slow data generation is not the server's fault
    ]  # fmt: skip
    env = {
        **os.environ,
        "EARMARK_FUZZ_SEEDED": str(folder / "seeded.json"),
        "PYTHONPATH": str(Path(__file__).parents[1]),
    }
    return subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, check=False)


def _seed(client: httpx.Client) -> dict[str, Any]:
    """Create one object of each kind, and a pool of recordings to delete."""
    library = Library(client)
    user = library.user(external_id="fuzzed")
    recording = library.recording(user, TALK)
    session, last_turn = (_ask(client, library, user) for _ in range(2))
    folder = client.post("/v1/folders", json={"end_user_id": user, "name": "Fuzzed"}).json()["id"]
    recordings = [library.recording(user) for _ in range(STOCK)]
    for one in recordings:
        assert client.put(f"/v1/folders/{folder}/recordings/{one}").status_code == 200
    stock = {
        "recording_id": recordings,
        "session_id": [library.session(user)["id"] for _ in range(STOCK)],
        "end_user_id": [library.user() for _ in range(STOCK)],
        "folder_id": [
            client.post("/v1/folders", json={"end_user_id": user, "name": "F"}).json()["id"] for _ in range(STOCK)
        ],
    }
    described = client.get("/openapi.json").json()
    return {
        "end_user_id": user,
        "recording_id": recording,
        "transcription_id": client.get(f"/v1/recordings/{recording}").json()["transcription_id"],
        **session,
        **_upload(client, recording),
        "last_turn": last_turn,
        "folder_id": folder,
        "stock": stock,
        "names_end_user": [
            one for one, operations in described["paths"].items() if _names_end_user(described, operations)
        ],
    }


def _ask(client: httpx.Client, library: Library, user: str) -> dict[str, str]:
    session_id = library.session(user)["id"]
    path = f"/v1/ask/sessions/{session_id}/messages"
    assert client.post(path, json={"content": "When is the launch?"}).status_code == 200
    return {"session_id": session_id, "message_id": client.get(path).json()["data"][0]["id"]}


def _upload(client: httpx.Client, recording: str) -> dict[str, Any]:
    begun = client.post(f"/v1/recordings/{recording}/upload-url", json={"content_type": "audio/mpeg"}).json()
    audio = {"content": b"ID3" + bytes(200), "headers": begun["headers"]}
    assert client.put(begun["upload_url"], **audio).status_code == 200
    assert client.post(f"/v1/recordings/{recording}/upload-complete", json={}).status_code == 200
    download = client.get(f"/v1/recordings/{recording}/download-url").json()["download_url"]
    other = client.post(f"/v1/recordings/{recording}/upload-url", json={"content_type": "audio/mpeg"}).json()[
        "upload_url"
    ]
    tokens = {"GET": download.partition("token=")[2], "PUT": other.partition("token=")[2]}
    return {"media_id": begun["media_id"], "tokens": tokens}


def _names_end_user(described: dict[str, Any], operations: dict[str, Any]) -> bool:
    body = operations.get("post", {}).get("requestBody", {}).get("content", {}).get("application/json", {})
    name = body.get("schema", {}).get("$ref", "").rpartition("/")[2]
    return "end_user_id" in described["components"]["schemas"].get(name, {}).get("properties", {})


def main() -> None:
    """Run and report."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=int, default=300)
    parser.add_argument("--examples", type=int, default=200)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="ef") as name:
        folder = Path(name)
        done = fuzz(
            Place(folder / "earmark"), folder, "--max-time", str(asked.seconds), "--max-examples", str(asked.examples)
        )
    numbers = re.findall(r"^\s+([A-Za-z :-]+?):? (\d+)(?: generated.*)?$", done.stdout, re.MULTILINE)
    cases = re.search(r"(\d+) generated.*", done.stdout)
    body = f"{circumstances()}\n\n{cases.group() if cases else 'no cases'}\n\n{table(('what', 'number'), numbers)}"
    if done.returncode:
        body += "\n\nFailures were found."
        print(done.stdout, done.stderr, file=sys.stderr)
    write_section("Fuzzing of the API", f"python -m bench.fuzz --seconds {asked.seconds}", body)
    sys.exit(done.returncode)


if __name__ == "__main__":
    main()
