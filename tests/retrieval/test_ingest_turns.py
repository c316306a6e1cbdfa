"""Transcripts of several tenants are indexed in turns: a short one doesn't wait for another tenant's long one."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from earmark.computing.threads import compute
from earmark.identity.projects import create_project, get_tenant
from earmark.retrieval.index.ingest import Ingester
from earmark.runtime import Runtime
from earmark.transcripts.types import ParsedTranscript, Segment
from tests.ask.desk import OneEmbedder
from tests.retrieval.test_indexing import ConstantEmbedder


class HeldEmbedder(ConstantEmbedder):
    """Notes whose texts it embeds; the first call goes on when it may."""

    def __init__(self) -> None:
        self.calls: list[str] = []
        self.has_begun, self.may_go_on = threading.Event(), threading.Event()

    def embed_passages(self, texts: Sequence[str]) -> NDArray[np.float32]:
        self.calls.append("short" if any("short" in text for text in texts) else "long")
        self.has_begun.set()
        assert self.may_go_on.wait(60)
        return super().embed_passages(texts)


def talk(word: str, count: int) -> ParsedTranscript:
    lines = (f"The {word} matter number {at} is settled on Friday, once and for all of us here." for at in range(count))
    return ParsedTranscript(tuple(Segment(at * 10, at * 10 + 5, line, "Ada") for at, line in enumerate(lines)), "en")


async def test_a_short_transcript_is_embedded_after_at_most_two_pieces_of_another_tenants_long_one(
    runtime: Runtime,
) -> None:
    tenants = [
        await get_tenant(runtime.operator, (await create_project(runtime.operator, name)).id, "live")
        for name in ("busy", "other")
    ]
    embedder = HeldEmbedder()
    ingester = Ingester(OneEmbedder(embedder))  # type: ignore[arg-type]
    long = asyncio.create_task(ingester.prepare(tenants[0], talk("long", 1_200)))
    assert await asyncio.to_thread(embedder.has_begun.wait, 60)
    more = [asyncio.create_task(ingester.prepare(tenants[0], talk("long", 100))) for _ in range(5)]
    await asyncio.sleep(0)  # they stand in line
    short = asyncio.create_task(ingester.prepare(tenants[1], talk("short", 3)))
    await asyncio.sleep(0)
    embedder.may_go_on.set()
    await asyncio.gather(long, short, *more)
    assert embedder.calls.count("long") > 10
    assert embedder.calls.index("short") <= 3


async def test_what_is_embedded_for_later_gives_way_to_questions(runtime: Runtime) -> None:
    priorities: list[int] = []

    class Noting(ConstantEmbedder):
        def embed_passages(self, texts: Sequence[str]) -> NDArray[np.float32]:
            priorities.append(os.getpriority(os.PRIO_PROCESS, threading.get_native_id()))
            return super().embed_passages(texts)

    tenant = await get_tenant(runtime.operator, (await create_project(runtime.operator, "one")).id, "live")
    await Ingester(OneEmbedder(Noting())).prepare(tenant, talk("short", 3))
    asked = await compute(os.getpriority, os.PRIO_PROCESS, 0)
    assert priorities[0] > asked > os.getpriority(os.PRIO_PROCESS, 0)
