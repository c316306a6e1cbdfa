"""Measures the built-in model's time and memory per answer: `python -m bench.asking`.

    EARMARK_QMSUM_DIR=… python -m bench.asking [--chunks 100000] [--questions 40]

One worker over loopback, SQLite: the 35 meetings of QMSum's val split with their own questions; and one end user
with many chunks of generated talk. Each question is also searched, for comparison. CPU is the server's, user plus
system.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import statistics
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import httpx
from tests.http.conftest import Library

from bench.dialogues import meetings
from bench.libraries import Talk
from bench.results import circumstances, table, write_section
from bench.retrieval_data import Vectors
from bench.search import filled, settings_in
from bench.server import resident_mb, serving
from earmark.config import Settings
from earmark.identity.keys import create_key
from earmark.identity.projects import create_project, get_tenant
from earmark.runtime import open_runtime

_TICK_MS = 1_000 / os.sysconf("SC_CLK_TCK")


@dataclass
class Figures:
    """The measurements of one library."""

    name: str
    answer_ms: list[float] = field(default_factory=list)
    search_ms: list[float] = field(default_factory=list)
    cpu_ms: list[float] = field(default_factory=list)
    starters_ms: list[float] = field(default_factory=list)
    resident_mb: list[float] = field(default_factory=list)
    """Memory: idle, after the first answer, after all."""

    def row(self) -> list[str]:
        """Return the figures as a table row."""
        idle, first, end = self.resident_mb
        return [
            self.name, _spread(self.answer_ms), _spread(self.search_ms), f"{statistics.mean(self.cpu_ms):.0f}",
            " / ".join(f"{one:.0f}" for one in self.starters_ms), f"{idle:.0f} / {first:.0f} / {end:.0f}",
        ]  # fmt: skip


def _spread(values: Sequence[float]) -> str:
    ordered = sorted(values)
    return f"{statistics.median(ordered):.0f} ({ordered[min(len(ordered) - 1, int(len(ordered) * 0.95))]:.0f})"


def _cpu_ms(pid: int) -> float:
    user, system = Path(f"/proc/{pid}/stat").read_text().rsplit(") ", 1)[1].split()[11:13]
    return (int(user) + int(system)) * _TICK_MS


def ask(name: str, client: httpx.Client, pid: int, user: str, questions: Sequence[str]) -> Figures:
    """Ask every question in one session; the first one loads the models and isn't timed."""
    found = Figures(name, resident_mb=[resident_mb(pid)])
    body = {"end_user_id": user, "scope": {"type": "library"}}
    path = f"/v1/ask/sessions/{client.post('/v1/ask/sessions', json=body).json()['id']}/messages"
    for number, question in enumerate(questions):
        started, before = time.perf_counter(), _cpu_ms(pid)
        answer = client.post(path, json={"content": question})
        assert answer.status_code == 200, answer.text
        if number == 0:
            found.resident_mb.append(resident_mb(pid))
            continue
        found.answer_ms.append((time.perf_counter() - started) * 1_000)
        found.cpu_ms.append(_cpu_ms(pid) - before)
        started = time.perf_counter()
        assert client.post("/v1/recordings/search", json={"end_user_id": user, "query": question}).status_code == 200
        found.search_ms.append((time.perf_counter() - started) * 1_000)
    for _ in range(2):
        started = time.perf_counter()
        assert client.get("/v1/ask/suggestions", params={"end_user_id": user}).status_code == 200
        found.starters_ms.append((time.perf_counter() - started) * 1_000)
    found.resident_mb.append(resident_mb(pid))
    return found


async def _make_key(settings: Settings) -> str:
    async with open_runtime(settings) as runtime:
        project = await create_project(runtime.operator, "bench")
        return (await create_key(await get_tenant(runtime.operator, project.id, "live"))).secret


def of_meetings(folder: Path, count: int) -> Figures:
    """Import QMSum's val meetings over HTTP and ask their questions."""
    sources = meetings(Path(os.environ["EARMARK_QMSUM_DIR"]) / "val", Vectors())
    settings = Settings(data_dir=folder / "meetings", rate_limit_overall=0)
    key = asyncio.run(_make_key(settings))
    env = {"EARMARK_DATA_DIR": str(settings.data_dir), "EARMARK_RATE_LIMIT_OVERALL": "0"}
    with serving(env, folder / "constant") as (port, pid), _client(port, key) as client:
        library = Library(client)
        user = library.user()
        held = [one for source in sources for one in source.library.recorded]
        for one in held:
            said = [
                {"start": at.start_ms / 1_000, "end": at.end_ms / 1_000, "speaker": at.speaker, "text": at.text}
                for at in one.segments
            ]
            library.recording(user, said, name=one.name)
        texts = [query.text for source in sources for query in source.queries]
        evenly = texts[:: max(1, len(texts) // (count + 1))][: count + 1]
        return ask(f"{len(held)} meetings", client, pid, user, evenly)


def of_many(folder: Path, chunks: int, count: int) -> Figures:
    """Ask an end user with many chunks of generated talk."""
    talk = Talk()
    site = asyncio.run(filled(settings_in(folder / "many", None), talk, chunks, 0))
    with serving(site.environment, folder / "constant") as (port, pid), _client(port, site.key) as client:
        return ask(f"{chunks:,} chunks", client, pid, site.large[0], talk.questions(count + 1))


def _client(port: int, key: str) -> httpx.Client:
    headers = {"Authorization": f"Bearer {key}"}
    return httpx.Client(base_url=f"http://127.0.0.1:{port}", headers=headers, timeout=120)


def main() -> None:
    """Measure and write the section."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--chunks", type=int, default=100_000)
    parser.add_argument("--questions", type=int, default=40)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "constant").write_bytes(b"{}")
        found = [of_meetings(folder, options.questions), of_many(folder, options.chunks, options.questions)]
    head = (
        "library", "an answer, ms p50 (p95)", "its search alone, ms", "CPU of an answer, ms", "starters, ms: first / again",
        "resident MB: idle / first answer / end",
    )  # fmt: skip
    command = f"python -m bench.asking --chunks {options.chunks} --questions {options.questions}"
    write_section("Asking", command, f"{circumstances()}\n\n{table(head, [one.row() for one in found])}")


if __name__ == "__main__":
    main()
