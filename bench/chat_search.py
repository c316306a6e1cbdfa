"""Measures the search in chats: one end user with many messages, on either database.

    python -m bench.chat_search [--messages 1000000] [--database postgresql]

Messages have 40 to 120 words of a Zipf-like vocabulary and known words at known frequencies. Searches run in the
process, as the route does. Processor time is of the process: other work on the machine doesn't lengthen it; what
PostgreSQL takes is not in it.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from random import Random

from tests.jobs.running import run_waiting
from tests.postgres import running_cluster

from bench.results import circumstances, table, write_section
from bench.search import settings_in
from earmark.ask.sessions import word_index
from earmark.ask.sessions.message_search import search_messages
from earmark.ask.sessions.messages import insert_messages
from earmark.ask.sessions.sessions import create_session, delete_session
from earmark.ask.types import Message, Scope, TextPart, Tokens
from earmark.identity.projects import create_project, get_tenant
from earmark.library.end_users import create_end_user
from earmark.library.types import Page
from earmark.runtime import Runtime, open_runtime
from earmark.storage.tenant import Tenant

A_SESSION = 20
TIMES = 9
WORDS = [f"{a}{b}{c}" for a in ("ba", "co", "di", "fu", "le", "mo", "ra", "si", "tu", "ve")
         for b in ("nt", "rl", "sm", "lk", "nd", "st", "mp", "rk", "lv", "ft")
         for c in ("a", "en", "ion", "or", "ing", "ale", "um", "ist", "ix", "eth")]  # fmt: skip
ASKED = {
    "a word in every third message": "common",
    "a word in every hundredth": "percent",
    "the same and another": "percent common",
    "a word in every ten-thousandth": "seldom",
    "a word in three, the oldest": "xylograph",
    "two letters": "xy",
    "a word only in the oldest tenth": "ancient",
    "a word in none": "zeppelin",
}


def content(random: Random, index: int, count: int) -> str:
    words = [WORDS[int(len(WORDS) * random.random() ** 3)] for _ in range(random.randint(40, 120))]
    for every, word in ((3, "common"), (100, "percent"), (10_000, "seldom")):
        if index % every == 1:
            words.insert(len(words) // 2, word)
    if index * 10 < count and index % 50 == 7:
        words.append("ancient")
    if index in (5, 50, 500):
        words.append("xylograph")
    return " ".join(words)


async def fill(owner: Tenant, end_user_id: str, count: int) -> list[str]:
    random, made = Random(1), []
    for first in range(0, count, A_SESSION):
        session = await create_session(owner, Scope("library"))
        made.append(session.id)
        messages = [
            Message(
                f"msg_{at:024}", at - first, "assistant" if at % 2 else "user", (text := content(random, at, count)),
                (TextPart(text),), None, None, None, 1_000_000 * at, Tokens(),
            )
            for at in range(first, min(first + A_SESSION, count))
        ]  # fmt: skip
        async with owner.writing() as work:
            await insert_messages(work, session.id, end_user_id, messages)
    return made


async def timed(owner: Tenant, q: str) -> tuple[str, str, str, int]:
    """Return the median, the worst and the median processor time in milliseconds, and how many were found."""
    times, worked, found = [], [], []
    for _ in range(TIMES):
        start, busy = time.perf_counter(), time.process_time()
        found = await search_messages(owner, Page(21), q)
        times.append((time.perf_counter() - start) * 1_000)
        worked.append((time.process_time() - busy) * 1_000)
    shown = (f"{one:.1f}" for one in (statistics.median(times), max(times), statistics.median(worked)))
    return (*shown, len(found))  # type: ignore[return-value]


async def measure(runtime: Runtime, count: int) -> str:
    project = await create_project(runtime.operator, "chats")
    tenant = await get_tenant(runtime.operator, project.id, "live")
    user = await create_end_user(tenant)
    owner = tenant.acting_for(user.id, user.number)
    start = time.perf_counter()
    sessions = await fill(owner, user.id, count)
    filled_s = time.perf_counter() - start
    start = time.perf_counter()
    await run_waiting(runtime, tenant, f"{word_index.INDEX_MESSAGES}:{user.id}")
    indexed_s = time.perf_counter() - start
    rows = [(name, *await timed(owner, q)) for name, q in ASKED.items()]
    start = time.perf_counter()
    await delete_session(tenant, runtime.deletion, sessions[len(sessions) // 2])
    deleted_ms = (time.perf_counter() - start) * 1_000
    return (
        f"{count:,} messages of one end user ({filled_s:.0f} s to write), indexed in {indexed_s:.0f} s; median and worst"
        f" of {TIMES} first pages of 21, in milliseconds. Deleting a chat of {A_SESSION} messages: {deleted_ms:.0f} ms.\n\n"
        + table(("words", "median", "worst", "processor", "found"), rows)
    )


async def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--messages", type=int, default=1_000_000)
    parser.add_argument("--database", choices=("sqlite", "postgresql"), default="sqlite")
    asked = parser.parse_args()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        cluster = stack.enter_context(running_cluster()) if asked.database == "postgresql" else None
        async with open_runtime(settings_in(folder / "earmark", cluster)) as runtime:
            body = await measure(runtime, asked.messages)
    command = f"python -m bench.chat_search --messages {asked.messages} --database {asked.database}"
    write_section(f"Search in chats, {asked.database}", command, f"{circumstances()}\n\n{body}")


if __name__ == "__main__":
    asyncio.run(main())
