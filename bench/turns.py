"""Measures the time earmark adds to a language model's own: `python -m bench.turns`.

A scripted server stands in for the model and records when a request arrived and its first text was sent.
Measured over loopback, one worker: from the send to the model's request (before the model), and from the model's
first text to the client's first `text.delta` (after it), in sessions of 2, 200 and 2,000 messages.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

import httpx
from tests.http.conftest import Library
from tests.llm.vendor_server import Says, VendorServer, vendor_server

from bench.results import circumstances, table, write_section
from bench.server import serving
from earmark.config import Settings
from earmark.identity.keys import create_key
from earmark.identity.projects import create_project, get_tenant
from earmark.runtime import open_runtime

LENGTHS = (2, 200, 2_000)
_SAYS = Says(("The first words of it.",))
_QUESTIONS = (
    "What did we say about the price?",
    "When is the launch?",
    "Who objected, and why?",
    "What did Grace promise?",
)


async def _make_key(settings: Settings) -> str:
    async with open_runtime(settings) as runtime:
        project = await create_project(runtime.operator, "bench")
        return (await create_key(await get_tenant(runtime.operator, project.id, "live"))).secret


def _fill(client: httpx.Client, chunks: int) -> str:
    """Create an end user with about `chunks` chunks of talk; return its id."""
    library = Library(client)
    user = library.user()
    words = "price launch battery lantern review ship june market plan cost team budget".split()
    per_recording = 100
    for number in range(-(-chunks // per_recording)):
        talk = [
            {"start": n * 20.0, "end": n * 20.0 + 19, "speaker": ("Ada", "Grace")[n % 2],
             "text": " ".join(words[(number * 7 + n * 3 + k * k) % len(words)] for k in range(50)) + f" point {number}-{n}."}
            for n in range(per_recording)
        ]  # fmt: skip
        library.recording(user, talk, name=f"Meeting {number}")
    return user


def _session(client: httpx.Client, user: str, messages: int) -> str:
    """Import a session of this many messages."""
    said: list[dict[str, Any]] = []
    for number in range(messages):
        role = ("user", "assistant")[number % 2]
        text = f"Message {number} about the lantern, its launch and its price."
        one: dict[str, Any] = {
            "role": role,
            "parts": [{"type": "text", "text": text}],
            "created_at": "2026-05-20T10:23:45Z",
        }
        if role == "assistant":
            one |= {
                "model": "m",
                "provider": "p",
                "finish_reason": "stop",
                "tokens": {"input": 1, "output": 1, "cached": 0},
            }
        said.append(one)
    body = {"end_user_id": user, "format": "earmark.ask-session/1", "title": f"Of {messages}", "messages": said,
            "scope": {"type": "library", "recording_ids": [], "recording_title": None}, "created_at": "2026-05-20T10:23:45Z"}  # fmt: skip
    answer = client.post("/v1/ask/sessions/import", json=body)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


def _one_turn(client: httpx.Client, vendor: VendorServer, session: str, question: str) -> tuple[float, float]:
    """Return milliseconds before the model and after its first text."""
    sent_s, heard_s = time.perf_counter(), 0.0
    body = {"content": question, "provider": "model"}
    headers = {"Accept": "text/event-stream"}
    with client.stream("POST", f"/v1/ask/sessions/{session}/messages", json=body, headers=headers) as answer:
        assert answer.status_code == 200, answer.read()
        for line in answer.iter_lines():
            if line == "event: text.delta" and not heard_s:
                heard_s = time.perf_counter()
    return (vendor.arrived_s[-1] - sent_s) * 1_000, (heard_s - vendor.spoke_s[-1]) * 1_000


def _measure(chunks: int, turns: int) -> dict[int, list[tuple[float, float]]]:
    with tempfile.TemporaryDirectory() as name, vendor_server(_SAYS) as vendor:
        folder = Path(name)
        settings = Settings(data_dir=folder / "data")
        key = asyncio.run(_make_key(settings))
        (folder / "constant").write_bytes(b"{}")
        env = {
            "EARMARK_DATA_DIR": str(settings.data_dir),
            "EARMARK_RATE_LIMIT_OVERALL": "0",
            "EARMARK_SERVERS__MODEL__BASE_URL": vendor.base_url + "/v1",
            "EARMARK_SERVERS__MODEL__MODEL": "m",
        }
        with serving(env, folder / "constant") as (port, _):
            headers = {"Authorization": f"Bearer {key}"}
            with httpx.Client(base_url=f"http://127.0.0.1:{port}", headers=headers, timeout=120) as client:
                user = _fill(client, chunks)
                sessions = {length: _session(client, user, length) for length in LENGTHS}
                _one_turn(client, vendor, sessions[LENGTHS[0]], _QUESTIONS[0])  # loads the models
                found: dict[int, list[tuple[float, float]]] = {length: [] for length in LENGTHS}
                for turn in range(turns):
                    for length, session in sessions.items():
                        found[length].append(_one_turn(client, vendor, session, _QUESTIONS[turn % len(_QUESTIONS)]))
                return found


def _p95(values: list[float]) -> float:
    return sorted(values)[min(len(values) - 1, int(len(values) * 0.95))]


def main() -> None:
    """Measure and write the section."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--chunks", type=int, default=10_000)
    parser.add_argument("--turns", type=int, default=40)
    asked = parser.parse_args()
    found = _measure(asked.chunks, asked.turns)
    first = statistics.median(before for before, _ in found[LENGTHS[0]])
    rows = []
    for length, times in found.items():
        before, after = [one for one, _ in times], [one for _, one in times]
        rows.append((
            f"{length:,} messages", f"{statistics.median(before):.0f} ({_p95(before):.0f})",
            f"{statistics.median(before) / first:.2f}", f"{statistics.median(after):.1f} ({_p95(after):.1f})",
        ))  # fmt: skip
    head = (
        "session of",
        "before the model, ms p50 (p95)",
        "over the first line",
        "its first words to ours, ms p50 (p95)",
    )
    aims = ("aim", "(150)", "flat", "30")
    body = f"{circumstances()} One end user with about {asked.chunks:,} chunks.\n\n{table(head, [*rows, aims])}"
    write_section("Turns", f"python -m bench.turns --chunks {asked.chunks}", body)


if __name__ == "__main__":
    main()
