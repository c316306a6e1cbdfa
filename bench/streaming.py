"""What a streamed turn costs beside its model: `python -m bench.streaming`.

A paced model says 20 tokens a second for five seconds. Counted on SQLite, in one process: bytes passed to `write` and
commits (each is one fsync of the log), a turn alone and 50 at once; and the CPU that waiting takes while a turn's model
says nothing: 200 followers in the turn's own process, 200 in another, and 50 sends in line behind it.

`--json FILE` keeps the numbers; `--before FILE` shows those of another checkout beside them.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.ask.desk import QUESTION, Desk, FakeModel, another_process
from tests.streamed import shown

from bench.results import circumstances, table, write_section
from earmark.ask.turns.following import follow_turn
from earmark.ask.turns.running import RunningTurn
from earmark.ask.turns.turn import begin_send
from earmark.ask.types import Question
from earmark.config import Settings
from earmark.llm.types import AnswerEvent, AnswerRequest, Finished, TextDelta
from earmark.storage.sqlite import SQLiteDatabase

SECONDS, RATE = 5.0, 20
FOLLOWERS, SENDS, IDLE_S = 200, 50, 5.0
ROWS = (
    ("one", "a turn alone: KB written"),
    ("one_commits", "a turn alone: commits"),
    ("fifty", "50 at once: KB written a turn"),
    ("fifty_commits", "50 at once: commits a turn"),
    ("here_cpu", f"{FOLLOWERS} followers in the turn's process: CPU, % of a core"),
    ("there_cpu", f"{FOLLOWERS} followers in another process: CPU, % of a core"),
    ("line_cpu", f"{SENDS} sends in line: CPU, % of a core"),
)


class PacedModel(FakeModel):
    """Says so many tokens a second, or nothing until it is let go on."""

    def __init__(self) -> None:
        super().__init__()
        self.goes_on: asyncio.Event | None = None

    async def answer(self, request: AnswerRequest) -> AsyncIterator[AnswerEvent]:
        if self.goes_on is not None:
            await self.goes_on.wait()
            yield TextDelta("Yes.")
            yield Finished()
            return
        started_s = time.perf_counter()
        for number in range(int(SECONDS * RATE)):
            await asyncio.sleep(max(0.0, started_s + (number + 1) / RATE - time.perf_counter()))
            yield TextDelta(f"word{number} ")
        yield Finished()


@contextmanager
def _commits() -> Iterator[list[int]]:
    """Count the commits of units of work that changed something."""
    found: list[int] = []
    commit, seen = SQLiteDatabase._commit, [0]

    def counted(database: SQLiteDatabase) -> None:
        commit(database)
        changes = database._writer.total_changes
        if changes != seen[0]:
            found.append(1)
        seen[0] = changes

    SQLiteDatabase._commit = counted  # type: ignore[method-assign,assignment]
    try:
        yield found
    finally:
        SQLiteDatabase._commit = commit  # type: ignore[method-assign]


def _written_bytes() -> int:
    lines = Path("/proc/self/io").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("wchar"))


async def _streamed(desk: Desk, turns: int) -> tuple[float, float]:
    """Return KB written and commits, of each turn."""
    sessions = [await desk.session() for _ in range(turns)]
    with _commits() as commits:
        before = _written_bytes()
        begun = [await begin_send(desk.tenant, desk.engine, one.id, Question(QUESTION)) for one in sessions]
        await asyncio.gather(*(_read(one) for one in begun))
        return (_written_bytes() - before) / 1_000 / turns, len(commits) / turns


async def _read(turn: RunningTurn) -> None:
    async for _ in turn.feed.follow():
        pass
    await turn.result()


async def _idle_cpu(desk: Desk, waiting: Callable[[str, str], Any], count: int) -> float:
    """Return the share of a core, in percent, that so many take which wait on a turn whose model says nothing."""
    model = desk.model
    assert isinstance(model, PacedModel)
    model.goes_on = asyncio.Event()
    session = await desk.session()
    turn = await begin_send(desk.tenant, desk.engine, session.id, Question(QUESTION))
    asked = shown(turn.feed.events[0]).data["user_message_id"]
    tasks = [asyncio.create_task(waiting(session.id, asked)) for _ in range(count)]
    await asyncio.sleep(2)
    started_s, cpu_s = time.perf_counter(), time.process_time()
    await asyncio.sleep(IDLE_S)
    share = (time.process_time() - cpu_s) / (time.perf_counter() - started_s) * 100
    model.goes_on.set()
    await asyncio.gather(*tasks)
    return share


async def _measure(settings: Settings) -> dict[str, float]:
    found: dict[str, float] = {}
    async with another_process(settings, PacedModel()) as desk:
        await desk.recording()
        await _streamed(desk, 1)  # opens files, compiles queries
        found["one"], found["one_commits"] = await _streamed(desk, 1)
        found["fifty"], found["fifty_commits"] = await _streamed(desk, 50)

        async def follow(of: Desk, session_id: str, message_id: str) -> None:
            async for _ in await follow_turn(of.tenant, of.engine.running, session_id, message_id, 0):
                pass

        async def send(session_id: str, _: str) -> None:
            await (await begin_send(desk.tenant, desk.engine, session_id, Question("And then?"))).result()

        found["here_cpu"] = await _idle_cpu(desk, lambda *place: follow(desk, *place), FOLLOWERS)
        async with another_process(settings, FakeModel(), desk.tenant) as other:
            found["there_cpu"] = await _idle_cpu(desk, lambda *place: follow(other, *place), FOLLOWERS)
        found["line_cpu"] = await _idle_cpu(desk, send, SENDS)
    return found


def main() -> None:
    """Measure and write the section."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--before", type=Path)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        found = asyncio.run(_measure(Settings(data_dir=Path(folder) / "data")))
    if asked.json is not None:
        asked.json.write_text(json.dumps(found), encoding="utf-8")
        print(found)
        return
    before = json.loads(asked.before.read_text(encoding="utf-8")) if asked.before is not None else {}
    rows = [(words, f"{before[name]:.1f}" if before else "–", f"{found[name]:.1f}") for name, words in ROWS]
    body = f"{circumstances()} {SECONDS:.0f} s a turn, {RATE} tokens a second.\n\n{table(('', 'before', 'now'), rows)}"
    write_section("Streaming", f"python -m bench.streaming{' --before FILE' if before else ''}", body)


if __name__ == "__main__":
    main()
