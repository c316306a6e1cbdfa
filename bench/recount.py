"""Recomputes the tables' derived data and compares: counters, references, answers' parts, the index."""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from itertools import pairwise
from typing import Any

from sqlalchemy import select

from earmark.ask.sessions.messages import join_text
from earmark.ask.sessions.stored import load_parts
from earmark.identity.projects import list_tenants
from earmark.retrieval.embedding.embedders import MiniLMEmbedder
from earmark.retrieval.index.building import prepare_index
from earmark.runtime import Runtime
from earmark.storage.query import Guard, query
from earmark.storage.tables import CUSTOMER_TABLES, metadata
from earmark.storage.tenant import Tenant
from earmark.transcripts.types import Segment

Rows = Sequence[Mapping[str, Any]]
TABLES = tuple(sorted(set(metadata.tables) & CUSTOMER_TABLES))


@query
def _select_all(own: Guard, *, name: str) -> Any:
    table = metadata.tables[name]
    return select(table).where(own(table))


async def recount(runtime: Runtime) -> list[str]:
    """Return the inconsistencies as sentences without people's words; empty if there are none."""
    found: list[str] = []
    for tenant in await list_tenants(runtime.operator):
        tables = {name: await _rows(tenant, name) for name in TABLES}
        found += [*_orphans(tables), *_sessions(tables), *_answers(tables), *_indexes(tables, runtime)]
    if runtime.settings.database_url is None:
        found += _file(runtime)
    return found


async def _rows(tenant: Tenant, name: str) -> Rows:
    columns = metadata.tables[name].c.keys()
    rows = await tenant.fetch_all(_select_all, name=name)
    return [dict(zip(columns, row, strict=True)) for row in rows]


def _file(runtime: Runtime) -> Iterator[str]:
    with closing(sqlite3.connect(runtime.settings.database_path)) as connection:
        for check in ("integrity_check", "foreign_key_check"):
            rows = connection.execute(f"PRAGMA {check}").fetchall()
            if rows not in ([], [("ok",)]):
                yield f"PRAGMA {check} finds {len(rows)} faults"


def _orphans(tables: Mapping[str, Rows]) -> Iterator[str]:
    for name in TABLES:
        for reference in metadata.tables[name].foreign_key_constraints:
            parent = reference.referred_table.name
            if parent not in tables:
                continue
            pairs = [(one.parent.name, one.column.name) for one in reference.elements]
            there = {tuple(row[column] for _, column in pairs) for row in tables[parent]}
            for row in tables[name]:
                wanted = tuple(row[column] for column, _ in pairs)
                if None not in wanted and wanted not in there:
                    yield f"a row of {name} belongs to a row of {parent} that is not there"


def _group(rows: Rows, column: str) -> Mapping[Any, list[Mapping[str, Any]]]:
    grouped: dict[Any, list[Mapping[str, Any]]] = defaultdict(list)
    for row in rows:
        grouped[row[column]].append(row)
    return grouped


def _sessions(tables: Mapping[str, Rows]) -> Iterator[str]:
    messages, named = (
        _group(tables["ask_messages"], "session_id"),
        _group(tables["ask_session_recordings"], "session_id"),
    )
    for session in tables["ask_sessions"]:
        own = sorted(messages[session["id"]], key=lambda one: one["ordinal"])
        answers = [one for one in own if one["role"] == "assistant"]
        last = max([session["created_us"], *(one["created_us"] for one in own)])
        expected = {
            "message_count": len(own),
            "last_message_us": last,
            "last_model": answers[-1]["model"] if answers else None,
            "last_provider": answers[-1]["provider"] if answers else None,
        }
        wrong = [name for name, value in expected.items() if session[name] != value]
        if wrong:
            yield f"session {session['id']}: {', '.join(wrong)} not as recounted"
        if [one["ordinal"] for one in own] != list(range(len(own))):
            yield f"session {session['id']}: its messages are not numbered one after the other"
        before = ["assistant", *(one["role"] for one in own)]
        if ("assistant", "assistant") in pairwise(before):
            yield f"session {session['id']}: an answer without its question"
        if any(one["last_message_us"] != last for one in named[session["id"]]):
            yield f"session {session['id']}: its recordings list it at another time"


def _answers(tables: Mapping[str, Rows]) -> Iterator[str]:
    for message in tables["ask_messages"]:
        parts = load_parts(message["parts_json"])
        text = join_text(parts)
        if not parts or text != message["content"]:
            yield f"message {message['id']}: its parts are not its content"
        is_answer = message["role"] == "assistant"
        for name in ("model", "provider", "finish_reason", "input_tokens", "output_tokens", "cached_tokens"):
            if (message[name] is not None) != is_answer:
                yield f"message {message['id']}: {name}"
    ranks = _group(tables["message_sources"], "message_id")
    for message_id, rows in ranks.items():
        if len({row["rank"] for row in rows}) != len(rows):
            yield f"message {message_id}: sources of the same rank"


def _indexes(tables: Mapping[str, Rows], runtime: Runtime) -> Iterator[str]:
    segments, chunks = _group(tables["segments"], "transcription_id"), _group(tables["chunks"], "recording_id")
    postings, blocks = _group(tables["postings"], "recording_no"), _group(tables["vector_blocks"], "recording_no")
    indexes = {row["recording_id"]: row for row in tables["recording_indexes"]}
    embedder = MiniLMEmbedder()
    for recording in tables["recordings"]:
        index = indexes.pop(recording["id"], None)
        if (index is None) != (recording["transcription_id"] is None):
            yield f"recording {recording['id']}: transcript without index, or the other way round"
        if index is None:
            continue
        if index["transcription_id"] != recording["transcription_id"]:
            yield f"recording {recording['id']}: the index is another transcript's"
        rows = sorted(segments[index["transcription_id"]], key=lambda one: one["ordinal"])
        words = [Segment(one["start_ms"], one["end_ms"], one["text"], one["speaker"]) for one in rows]
        again = prepare_index(embedder, words, index["language"])
        if {row["term"]: bytes(row["occurrences"]) for row in postings[index["recording_no"]]} != dict(again.postings):
            yield f"recording {recording['id']}: other postings than a rebuild"
        stored = sorted((one["ordinal"], one["first_segment"], one["last_segment"]) for one in chunks[recording["id"]])
        if stored != [(at, one.first, one.last) for at, one in enumerate(again.chunks)]:
            yield f"recording {recording['id']}: other chunks than a rebuild"
        if (
            not runtime.database.has_pgvector
            and len(bytes(blocks[index["recording_no"]][0]["vectors"])) != again.vectors.size
        ):
            yield f"recording {recording['id']}: other vectors than a rebuild"
    if indexes:
        yield f"{len(indexes)} indexes of no recording"
