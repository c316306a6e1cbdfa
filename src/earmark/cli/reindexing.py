"""`earmark reindex`: recomputes all vectors with the configured embedder, while search continues."""

from __future__ import annotations

from earmark.cli.output import JsonOption, emit, run
from earmark.cli.progress import progress
from earmark.retrieval.reindexing import Reindexer
from earmark.runtime import Runtime


def reindex(as_json: JsonOption = False) -> None:
    """Recompute all vectors after a change of embedder; an interrupted run is resumed."""

    async def work(runtime: Runtime) -> None:
        reindexer = Reindexer(runtime.operator, runtime.embedders)
        made = 0
        with progress("reindexing", await reindexer.count(), is_shown=not as_json) as advance:
            async for _ in reindexer.run():
                made += 1
                advance()
        name = (await runtime.embedders.in_use()).name
        text = f"{made} recordings reindexed; the embedder in use is {name}."
        emit({"recordings": made, "embedder": name}, as_json=as_json, text=text)

    run(work)
