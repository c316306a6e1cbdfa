"""Usage: answers and tokens per day, end user and model. Deleting a session doesn't delete it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any, NamedTuple

from earmark.ask.turns import queries as turn_queries
from earmark.ask.types import Message
from earmark.clock import render_time
from earmark.library.types import Filters
from earmark.storage.tenant import Tenant

MOST_ROWS = 10_000


@dataclass(frozen=True, slots=True)
class UsageFilters(Filters):
    """Narrows a list of usage: from the day `since` to the day `until`, both included."""

    since: str | None = None
    until: str | None = None
    end_user_id: str | None = None


_ALL = UsageFilters()


class UsageDay(NamedTuple):
    """One end user's use of one model on one day (UTC)."""

    day: str
    end_user_id: str
    provider: str
    model: str
    answers: int
    input_tokens: int
    output_tokens: int
    cached_tokens: int


async def count_answer(work: Tenant, end_user_id: str, answer: Message) -> None:
    """Count an answer in the unit of work that stores it."""
    key = {
        "day": render_time(answer.created_us)[:10],
        "end_user_id": end_user_id,
        "provider": answer.provider,
        "model": answer.model,
    }
    nothing = {"answers": 0, "input_tokens": 0, "output_tokens": 0, "cached_tokens": 0}
    more = {
        "more_answers": 1,
        "more_input_tokens": answer.tokens.input or 0,
        "more_output_tokens": answer.tokens.output or 0,
        "more_cached_tokens": answer.tokens.cached or 0,
    }
    await work.execute(turn_queries.insert_usage_day, {**key, **nothing})
    await work.execute(turn_queries.update_usage_day, {**{f"of_{name}": value for name, value in key.items()}, **more})


async def list_usage(tenant: Tenant, filters: UsageFilters = _ALL) -> list[UsageDay]:
    """Return use by day, end user, provider and model."""
    given = filters.given()
    params = {**given, "limit": MOST_ROWS}
    return list(
        map(UsageDay._make, await tenant.fetch_all(turn_queries.select_usage, params, filters=frozenset(given)))
    )


async def walk_usage(tenant: Tenant) -> AsyncIterator[UsageDay]:
    """Yield all usage, oldest day first, in pages."""
    after: dict[str, Any] = {}
    while True:
        filters = frozenset({"after"} if after else ())
        rows = await tenant.fetch_all(turn_queries.select_usage, {**after, "limit": MOST_ROWS}, filters=filters)
        for row in rows:
            yield UsageDay._make(row)
        if len(rows) < MOST_ROWS:
            return
        last = UsageDay._make(rows[-1])
        after = {f"after_{name}": getattr(last, name) for name in ("day", "end_user_id", "provider", "model")}
