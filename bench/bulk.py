"""Bulk-loads many sessions into the database tables, in the product's own form.

The table definitions, ids, folding, stored scope and title index are the room's own; only HTTP is bypassed. Rows
come in order of creation, alternating between the measured project and others.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

from sqlalchemy import Table

from bench.titles import make_titler, rare_indexes
from earmark.ask.sessions.stored import dump_scope
from earmark.ask.sessions.title_index import BLOCK, index_block
from earmark.ask.types import Scope, ScopeType
from earmark.clock import now_us
from earmark.ids import new_id, new_number
from earmark.storage.sqlite import connect
from earmark.storage.tables import (
    ask_session_recordings,
    ask_sessions,
    ask_title_counters,
    ask_title_grams,
    end_users,
)
from earmark.text import fold

TWO_YEARS_US = 730 * 86_400_000_000
USERS = 1_000
RECORDINGS_PER_USER = 20
HEAVY_SHARE = 0.1
_DAY_US = 86_400_000_000
NOW_US = now_us()
_BATCH = 20_000

Batch = tuple[Table, Sequence[tuple[Any, ...]]]


@dataclass
class TenantPlan:
    """A tenant to fill: the number of sessions and their owners."""

    tenant_id: int
    count: int
    users: list[str] = field(default_factory=lambda: [new_id("eu") for _ in range(USERS)])
    random: Random = field(default_factory=lambda: Random(4))

    def __post_init__(self) -> None:
        """Create recordings for each end user."""
        self.recordings = {user: [new_id("rec") for _ in range(RECORDINGS_PER_USER)] for user in self.users}
        self.title = make_titler(self.count, self.random)
        self.indexed: list[tuple[int, str]] = []

    @property
    def heavy(self) -> str:
        """The end user with a tenth of all sessions."""
        return self.users[0]

    def owner(self, index: int) -> str:
        """Return session `index`'s owner; two of the three rare titles are the heavy user's."""
        if index in rare_indexes(self.count)[:2] or self.random.random() < HEAVY_SHARE:
            return self.heavy
        return self.users[1 + int(self.random.random() * (len(self.users) - 1))]


def batches(plans: Sequence[TenantPlan]) -> Iterator[Batch]:
    """Yield rows by table, parents before children."""
    for plan in plans:
        yield end_users, [_row(end_users, _end_user(plan, user)) for user in plan.users]
    pending: defaultdict[str, list[tuple[Any, ...]]] = defaultdict(list)
    for index in range(max(plan.count for plan in plans)):
        for plan in plans:
            if index < plan.count:
                _add_session(plan, index, pending)
        if len(pending[ask_sessions.name]) >= _BATCH:
            yield from _flush(pending)
    yield from _flush(pending)
    yield ask_title_counters, [_row(ask_title_counters, _counter(plan)) for plan in plans]


def _flush(pending: defaultdict[str, list[tuple[Any, ...]]]) -> Iterator[Batch]:
    for one in (ask_sessions, ask_session_recordings, ask_title_grams):
        if pending[one.name]:
            yield one, pending.pop(one.name)


def _row(of: Table, values: dict[str, Any]) -> tuple[Any, ...]:
    """Return a row in the table's column order; nullable columns may be missing."""
    return tuple(values.get(column.name) if column.nullable else values[column.name] for column in of.columns)


def _end_user(plan: TenantPlan, user: str) -> dict[str, Any]:
    now = now_us()
    common = {"tenant_id": plan.tenant_id, "id": user, "number": new_number(), "external_id": user}
    return {**common, "created_us": now - TWO_YEARS_US, "updated_us": now}


def _counter(plan: TenantPlan) -> dict[str, Any]:
    indexed_seq = max(plan.count - 1, 0) // BLOCK * BLOCK
    return {"tenant_id": plan.tenant_id, "next_seq": plan.count, "indexed_seq": indexed_seq}


def title_index_rows(plan: TenantPlan, seq: int, title_folded: str) -> Iterator[tuple[Any, ...]]:
    """Yield the index rows written with title number `seq`: a block when it is full."""
    if seq and seq % BLOCK == 0:
        block = seq // BLOCK - 1
        for gram, offsets in sorted(index_block(plan.indexed).items()):
            values = {"tenant_id": plan.tenant_id, "gram": gram, "block": block, "offsets": offsets}
            yield _row(ask_title_grams, values)
        plan.indexed.clear()
    plan.indexed.append((seq, title_folded))


def _add_session(plan: TenantPlan, index: int, pending: defaultdict[str, list[tuple[Any, ...]]]) -> None:
    values = _session(plan, index)
    pending[ask_sessions.name].append(_row(ask_sessions, values))
    for recording_id in values["recording_ids"]:
        named = {**values, "session_id": values["id"], "recording_id": recording_id}
        pending[ask_session_recordings.name].append(_row(ask_session_recordings, named))
    pending[ask_title_grams.name].extend(title_index_rows(plan, index, values["title_folded"]))


def _session(plan: TenantPlan, index: int) -> dict[str, Any]:
    random = plan.random
    user, title = plan.owner(index), plan.title(index)
    scope = _scope(random, plan.recordings[user])
    age_us = TWO_YEARS_US - TWO_YEARS_US * index // plan.count
    created_us = NOW_US - age_us + int(random.random() * 1_000_000)
    last_us = min(created_us + int(random.expovariate(1.0) * 2 * _DAY_US), NOW_US)
    return {
        "tenant_id": plan.tenant_id,
        "id": new_id("as"),
        "end_user_id": user,
        "scope_type": scope.type,
        "scope_json": dump_scope(scope),
        "recording_ids": scope.recording_ids,
        "title": title,
        "title_folded": fold(title),
        "title_seq": index,
        "is_title_default": 0,
        "message_count": 2 + 2 * int(random.random() * 10),
        "last_message_us": last_us,
        "last_model": "extractive-1",
        "last_provider": "earmark",
        "created_us": created_us,
        "updated_us": last_us,
    }


def _scope(random: Random, recordings: Sequence[str]) -> Scope:
    """Return a scope: half one recording, a third the library, else two to five."""
    share = random.random()
    if share < 0.35:
        return Scope("library")
    kind: ScopeType = "recording" if share < 0.85 else "selected"
    wanted = 1 if kind == "recording" else 2 + int(random.random() * 4)
    start = 0 if random.random() < 0.2 else int(random.random() * (len(recordings) - 5))
    return Scope(kind, tuple(recordings[start : start + wanted]), "Weekly sync" if kind == "recording" else None)


# ---- the two ways in -------------------------------------------------------------------------------


def load_sqlite(path: Path, plans: Sequence[TenantPlan]) -> None:
    """Insert the plans' rows in one transaction, with the product's pragmas but a larger cache."""
    with closing(connect(path)) as connection:
        connection.execute("PRAGMA cache_size=-4000000")
        connection.execute("BEGIN IMMEDIATE")
        for of, rows in batches(plans):
            marks = ", ".join("?" * len(of.columns))
            connection.executemany(f"INSERT INTO {of.name} ({', '.join(of.c.keys())}) VALUES ({marks})", rows)
        connection.execute("COMMIT")
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def load_postgres(owner_url: str, plans: Sequence[TenantPlan]) -> None:
    """Copy the plans' rows as the owner, then analyze without waiting for autovacuum."""
    asyncio.run(_load_postgres(owner_url, plans))


async def _load_postgres(owner_url: str, plans: Sequence[TenantPlan]) -> None:
    import asyncpg

    connection = await asyncpg.connect(owner_url)
    try:
        async with connection.transaction():
            await connection.execute("SET LOCAL session_replication_role = replica")  # no foreign key triggers
            for of, rows in batches(plans):
                await connection.copy_records_to_table(of.name, records=rows, columns=of.c.keys())
        await connection.execute("VACUUM ANALYZE")
    finally:
        await connection.close()
