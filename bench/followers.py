"""What followers of streams cost while nothing happens: `python -m bench.followers`.

Turns of 50 people run in one server process; their model says one word and then nothing. 1,000 followers, 20 of each
turn and with its person's own token, have read that word and wait, first at the process that runs the turns, then at
another process on the same database. Of the followers' process: CPU while they wait (user and system), of which without
them, and resident memory that they added. On PostgreSQL also the CPU of its own processes.

`--json FILE` keeps the numbers; `--before FILE` shows those of another checkout beside them.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import uvicorn
from tests.ask.desk import QUESTION, TALK, FakeModel
from tests.postgres import Cluster, running_cluster

import earmark.runtime.parts
from bench.results import circumstances, table, write_section
from bench.search import settings_in
from bench.server import free_port, resident_mb, started
from bench.sites import DATABASES
from earmark.api.edge.app import Edge, create_app
from earmark.api.edge.protocol import PatientProtocol
from earmark.ask.sessions.sessions import create_session
from earmark.ask.types import Scope
from earmark.config import Settings, load_settings
from earmark.identity.projects import create_project, get_tenant
from earmark.identity.tokens import issue_token
from earmark.library.end_users import create_end_user
from earmark.library.recordings import create_recording
from earmark.llm.providers import Providers
from earmark.llm.types import AnswerEvent, AnswerRequest, TextDelta
from earmark.runtime import open_runtime
from earmark.transcripts.types import ParsedTranscript

_SETTLE_S = 4.0
_TICKS = os.sysconf("SC_CLK_TCK")
Followed = tuple[str, str]
"""The path of a turn's events and the token that may follow them."""
ROWS = (
    ("here_cpu", "in the turns' process: CPU, % of a core"),
    ("here_base", "of which without followers"),
    ("here_kb", "memory, KB a follower"),
    ("here_db", "PostgreSQL's processes: CPU, % of a core"),
    ("there_cpu", "in another process: CPU, % of a core"),
    ("there_base", "of which without followers"),
    ("there_kb", "memory, KB a follower"),
    ("there_db", "PostgreSQL's processes: CPU, % of a core"),
)


class OneWordModel(FakeModel):
    """Says one word, then nothing for as long as anybody measures."""

    async def answer(self, request: AnswerRequest) -> AsyncIterator[AnswerEvent]:
        yield TextDelta("On ")
        await asyncio.Event().wait()


def make_app() -> Edge:
    """Return earmark with the model that falls silent."""
    earmark.runtime.parts.configured_providers = lambda *_: Providers([OneWordModel()])
    return create_app(load_settings())


@contextmanager
def _serving(settings: Settings) -> Iterator[tuple[int, int]]:
    """Start a server process; yield its port and process id."""
    port = free_port()
    command = [sys.executable, "-m", "bench.followers", "--serve", str(port)]
    with started(command, _environment(settings), port) as pid:
        yield port, pid


def _environment(settings: Settings) -> dict[str, str]:
    env = {"EARMARK_DATA_DIR": str(settings.data_dir), "EARMARK_SHUTDOWN_GRACE_S": "1"}
    env |= {f"EARMARK_RATE_LIMIT_{name}": "0" for name in ("OVERALL", "UPLOADS", "TRANSCRIPTIONS")}
    for name in ("database_url", "migration_database_url"):
        if getattr(settings, name):
            env[f"EARMARK_{name.upper()}"] = getattr(settings, name)
    return env


async def _fill(settings: Settings, people: int) -> list[tuple[str, str]]:
    """Make people with a recording and a session each; return the sessions and their tokens."""
    found = []
    async with open_runtime(settings) as runtime:
        project = await create_project(runtime.operator, "bench")
        whole = await get_tenant(runtime.operator, project.id, "live")
        for number in range(people):
            user = await create_end_user(whole, external_id=f"user-{number}")
            tenant = whole.acting_for(user.id, user.number)
            recording = await create_recording(tenant, name="Kick-off")
            await runtime.ingester.put_transcript(tenant, recording.id, ParsedTranscript(tuple(TALK), language="en"))
            session = await create_session(tenant, Scope("library"))
            found.append((session.id, (await issue_token(whole, (user.id, user.number))).secret))
    return found


# ---- the clients -------------------------------------------------------------------------------------


def _request(method: str, path: str, token: str, body: bytes = b"") -> bytes:
    lines = [f"{method} {path} HTTP/1.1", "Host: bench", f"Authorization: Bearer {token}", "Accept: text/event-stream"]
    if body:
        lines += ["Content-Type: application/json", f"Content-Length: {len(body)}"]
    return "\r\n".join([*lines, "", ""]).encode() + body


async def _ask(port: int, session_id: str, token: str) -> Followed:
    """Start a turn and leave once its word is here."""
    path = f"/v1/ask/sessions/{session_id}/messages"
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(_request("POST", path, token, json.dumps({"content": QUESTION}).encode()))
    seen = await reader.readuntil(b"event: text.delta")
    writer.close()
    message_id = seen.partition(b'"user_message_id":"')[2].partition(b'"')[0].decode()
    return f"{path}/{message_id}/events", token


async def _follow(port: int, followed: Followed) -> asyncio.StreamWriter:
    """Follow a turn until its word is here."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(_request("GET", followed[0], followed[1]))
    async with asyncio.timeout(60):
        await reader.readuntil(b"event: text.delta")
    asyncio.create_task(reader.read()).add_done_callback(lambda _: None)
    return writer


async def _follow_all(port: int, followed: Sequence[Followed], count: int) -> list[asyncio.StreamWriter]:
    found: list[asyncio.StreamWriter] = []
    for start in range(0, count, 50):
        wanted = [followed[number % len(followed)] for number in range(start, min(count, start + 50))]
        found += await asyncio.gather(*(_follow(port, one) for one in wanted))
    return found


async def _leave(writers: Sequence[asyncio.StreamWriter]) -> None:
    for writer in writers:
        writer.close()
    await asyncio.sleep(_SETTLE_S / 2)


# ---- measuring ---------------------------------------------------------------------------------------


def _cpu_s(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS


def _postgres_pids(data: Path) -> list[int]:
    """The processes of the PostgreSQL on this folder."""
    first = int((data / "postmaster.pid").read_text().split("\n", 1)[0])
    found = subprocess.run(["pgrep", "-P", str(first)], capture_output=True, text=True, check=True)
    return [first, *(int(one) for one in found.stdout.split())]


async def _cpu(pid: int, seconds: float, postgres: Path | None) -> tuple[float, float]:
    """Return the percent of a core that the server takes, and those of PostgreSQL."""
    before_s = {one: _cpu_s(one) for one in (pid, *(_postgres_pids(postgres) if postgres else ()))}
    started_s = time.perf_counter()
    await asyncio.sleep(seconds)
    passed_s = time.perf_counter() - started_s
    shares = {one: (_cpu_s(one) - then_s) / passed_s * 100 for one, then_s in before_s.items() if _is_there(one)}
    return shares.pop(pid), sum(shares.values())


def _is_there(pid: int) -> bool:
    """Whether the process runs still: PostgreSQL ends those that it no longer needs."""
    return Path(f"/proc/{pid}").exists()


async def _measure_at(
    port: int, pid: int, followed: Sequence[Followed], asked: argparse.Namespace, postgres: Path | None
) -> dict[str, float]:
    """Measure one process without and with followers."""
    # What is loaded and allocated once; by few, since what they leave free is not counted for those who follow.
    await _leave(await _follow_all(port, followed, 5))
    base, _ = await _cpu(pid, asked.seconds / 2, None)
    before_mb = resident_mb(pid)
    writers = await _follow_all(port, followed, asked.followers)
    await asyncio.sleep(_SETTLE_S)
    cpu, database = await _cpu(pid, asked.seconds, postgres)
    kb = (resident_mb(pid) - before_mb) * 1_024 / asked.followers
    await _leave(writers)
    return {"cpu": cpu, "base": base, "kb": kb, **({"db": database} if postgres else {})}


def _measure(settings: Settings, asked: argparse.Namespace, postgres: Path | None) -> dict[str, float]:
    sessions = asyncio.run(_fill(settings, asked.turns))

    async def main(here: tuple[int, int], there: tuple[int, int]) -> dict[str, float]:
        followed = [await _ask(here[0], *one) for one in sessions]
        await asyncio.sleep(_SETTLE_S)
        found: dict[str, float] = {}
        for name, (port, pid) in (("here", here), ("there", there)):
            seen = await _measure_at(port, pid, followed, asked, postgres)
            found |= {f"{name}_{what}": value for what, value in seen.items()}
        return found

    with _serving(settings) as here, _serving(settings) as there:
        return asyncio.run(main(here, there))


def _measured_on(database: str, asked: argparse.Namespace) -> dict[str, float]:
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="eb")))
        cluster: Cluster | None = None
        if database == "postgresql":
            cluster = stack.enter_context(running_cluster(folder / "pg"))
        settings = settings_in(folder / "data", cluster)
        return _measure(settings, asked, folder / "pg" if cluster else None)


def _report(found: dict[str, dict[str, float]], before: dict[str, dict[str, float]]) -> str:
    rows = []
    for database, numbers in found.items():
        for name, words in ROWS:
            if name in numbers:
                old = before.get(database, {}).get(name)
                rows.append((f"{database}, {words}", "–" if old is None else f"{old:.1f}", f"{numbers[name]:.1f}"))
    return table(("", "before", "now"), rows)


def _asked() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--database", choices=DATABASES, action="append")
    parser.add_argument("--followers", type=int, default=1_000)
    parser.add_argument("--turns", type=int, default=50)
    parser.add_argument("--seconds", type=float, default=30.0)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--before", type=Path)
    parser.add_argument("--serve", type=int, help=argparse.SUPPRESS)
    return parser.parse_args()


def main() -> None:
    """Measure and write the section."""
    asked = _asked()
    if asked.serve is not None:
        uvicorn.run(
            "bench.followers:make_app", factory=True, port=asked.serve, http=PatientProtocol, loop="uvloop", ws="none",
            access_log=False, log_level="warning", server_header=False, proxy_headers=False, backlog=2_048,
        )  # fmt: skip
        return
    found: dict[str, dict[str, Any]] = {one: _measured_on(one, asked) for one in asked.database or DATABASES}
    if asked.json is not None:
        asked.json.write_text(json.dumps(found), encoding="utf-8")
        print(json.dumps(found, indent=1))
        return
    before = json.loads(asked.before.read_text(encoding="utf-8")) if asked.before is not None else {}
    note = f"{circumstances()} {asked.followers:,} followers of {asked.turns} turns, {asked.seconds:.0f} s."
    command = f"python -m bench.followers{' --before FILE' if before else ''}"
    write_section("Followers", command, f"{note}\n\n{_report(found, before)}")


if __name__ == "__main__":
    main()
