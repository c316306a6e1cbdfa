"""Measures whether citations support their sentences: `python -m bench.citations [--server URL --model NAME]`.

Asks the personal development questions (dev people) over the whole library and compares the sentence before every
citation with the words of the cited segment. A citation *supports* its sentence if at least half of the sentence's
content words are in the segment, or if MiniLM finds them similar (cosine .5).

Without options the built-in model answers, whose sentences are the segment's own words; with `--server` any model
behind an OpenAI-compatible server does. `--sample N` prints N of them, to be checked by hand.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import re
import tempfile
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from bench.results import circumstances, table, write_section
from bench.retrieval_data import PERSONAL
from earmark.api.wire.turns import part_to_wire
from earmark.ask.turns.opening import NewSession, begin_new_session
from earmark.ask.turns.turn import TurnEngine
from earmark.ask.types import AskResult, Question
from earmark.config import Settings
from earmark.errors import ProviderError
from earmark.identity.projects import create_project, get_tenant
from earmark.imports.archives import local_file
from earmark.imports.importing import Importer
from earmark.imports.types import Choices, Group
from earmark.library.end_users import create_end_user
from earmark.library.recordings import get_recording
from earmark.library.transcripts import list_segments
from earmark.llm.providers import Providers
from earmark.llm.types import AnswerEvent, AnswerModel, AnswerRequest, CitationMark
from earmark.retrieval.embedding.embedders import Embedder
from earmark.retrieval.index.stopwords import STOP_WORDS
from earmark.runtime import Runtime, open_runtime
from earmark.storage.tenant import Tenant

_WORD = re.compile(r"\w[\w'’-]*")
_OVERLAP, _COSINE = 0.5, 0.5


class CountingModel:
    """Forwards a model's events and counts the numbers it cites."""

    def __init__(self, model: AnswerModel) -> None:
        self._model = model
        self.provider, self.model, self.context_tokens = model.provider, model.model, model.context_tokens
        self.quotes, self.writer = model.quotes, model.writer
        self.marks = 0

    async def fits(self, request: AnswerRequest) -> bool:
        return await self._model.fits(request)

    async def answer(self, request: AnswerRequest) -> AsyncIterator[AnswerEvent]:
        async for event in self._model.answer(request):
            self.marks += isinstance(event, CitationMark)
            yield event


@dataclass
class Tally:
    """Counts over all answers."""

    counts: Counter[str] = field(default_factory=Counter)
    overlaps: list[float] = field(default_factory=list)
    cosines: list[float] = field(default_factory=list)
    pairs: list[tuple[str, str]] = field(default_factory=list)


def _questions() -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for line in (PERSONAL / "questions.jsonl").read_text(encoding="utf-8").splitlines():
        one = json.loads(line)
        if one["split"] == "dev":
            found.setdefault(one["external_id"], []).append(one["question"])
    return found


def _statements(parts: Sequence[dict[str, Any]]) -> list[tuple[str, dict[str, Any]]]:
    """Return (preceding sentence, citation) for each citation."""
    found, text = [], ""
    for part in parts:
        if part["type"] == "text":
            text += part["text"]
        else:
            sentences = [one for one in re.split(r"(?<=[.!?])\s+|\n|“", text.strip()) if one.strip()]
            found.append((sentences[-1].strip('”" ') if sentences else "", part))
    return found


def _content(text: str) -> set[str]:
    return {word.lower() for word in _WORD.findall(text)} - STOP_WORDS


async def _judge(tenant: Tenant, embedder: Embedder, result: AskResult, tally: Tally) -> None:
    parts = [part_to_wire(part) for part in result.message.parts]
    tally.counts["refusals" if result.message.answered == "no" else "answers"] += 1
    for sentence, part in _statements(parts):
        tally.counts["citations"] += 1
        recording = await get_recording(tenant, part["recording_id"])
        segments = await list_segments(tenant, recording.transcription_id or "")
        cited = " ".join(one.text for one in segments if one.start_ms == part["start_ms"])
        if not cited:
            tally.counts["out of scope"] += 1
            continue
        words = _content(sentence)
        overlap = len(words & _content(cited)) / len(words) if words else 0.0
        vectors = embedder.embed_passages([sentence or " ", cited])
        cosine = float(np.dot(vectors[0], vectors[1]))
        tally.overlaps.append(overlap)
        tally.cosines.append(cosine)
        tally.counts["supported"] += overlap >= _OVERLAP or cosine >= _COSINE
        tally.pairs.append((sentence, cited))


async def _ask_all(runtime: Runtime, engine: TurnEngine, tally: Tally, most: int) -> None:
    project = await create_project(runtime.operator, "bench")
    whole = await get_tenant(runtime.operator, project.id, "live")
    for person, questions in _questions().items():
        user = await create_end_user(whole, external_id=person)
        tenant = whole.acting_for(user.id, user.number)
        for path in sorted((PERSONAL / person).glob("*.json")):
            importer = Importer(runtime.ingester, runtime.media, tenant)
            _ = [one async for one in importer.run(Group(local_file(path), None), Choices())]
        for question in questions[:most]:
            try:
                result = await (
                    await begin_new_session(tenant, engine, NewSession("library"), Question(question))
                ).result()
            except ProviderError:
                tally.counts["failed"] += 1
                continue
            await _judge(tenant, runtime.searcher.embedder, result, tally)


async def _run(settings: Settings, name: str | None, most: int) -> tuple[Tally, CountingModel]:
    tally = Tally()
    async with open_runtime(settings) as runtime:
        model = CountingModel(runtime.turns.providers.choose(name)[0].model)
        await _ask_all(runtime, replace(runtime.turns, providers=Providers([model])), tally, most)
    return tally, model


def _render(tally: Tally, model: CountingModel) -> str:
    counts, cited = tally.counts, max(1, tally.counts["citations"])
    rows = [
        ("answers · refusals · failed", f"{counts['answers']} · {counts['refusals']} · {counts['failed']}", ""),
        ("citations", counts["citations"], ""),
        ("citations whose segment supports the sentence", f"{counts['supported'] / cited:.3f}", ""),
        ("mean word overlap · mean cosine", f"{np.mean(tally.overlaps or [0]):.3f} · {np.mean(tally.cosines or [0]):.3f}", ""),
        ("citations out of scope", counts["out of scope"], 0),
        ("numbers dropped or merged", model.marks - counts["citations"], ""),
    ]  # fmt: skip
    return f"{circumstances()} Model {model.model}.\n\n{table(('', 'measured', 'aim'), rows)}"


def main() -> None:
    """Ask, judge and write the section."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--server", help="an OpenAI-compatible base URL with /v1")
    parser.add_argument("--model", default="model")
    parser.add_argument("--sample", type=int, default=0)
    parser.add_argument("--questions", type=int, default=1_000, help="at most per person")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        servers = {
            "bench": {"base_url": asked.server, "model": asked.model, "context_tokens": 4_096, "answer_tokens": 128}
        }
        settings = Settings(data_dir=Path(folder), **({"servers": servers} if asked.server else {}))  # type: ignore[arg-type]
        tally, model = asyncio.run(_run(settings, "bench" if asked.server else None, asked.questions))
    command = "python -m bench.citations" + (f" --server … --model {asked.model}" if asked.server else "")
    write_section(f"Citations of {model.model}", command, _render(tally, model))
    for sentence, cited in random.Random(1).sample(tally.pairs, min(asked.sample, len(tally.pairs))):
        print(f"- {sentence}\n  <- {cited}")


if __name__ == "__main__":
    main()
