"""The title index returns what a full scan returns, through writes, renames and deletes."""

from __future__ import annotations

import random
import string
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from earmark.ask.sessions import list_queries, title_index
from earmark.ask.sessions.sessions import (
    create_session,
    delete_session,
    list_sessions,
    rename_session,
)
from earmark.ask.types import Scope, Session, SessionFilters
from earmark.identity.projects import create_project, get_tenant
from earmark.library.end_users import create_end_user
from earmark.library.types import Page
from earmark.runtime import Runtime
from earmark.storage.tenant import Tenant
from earmark.text import fold
from tests.jobs.running import run_waiting

WORDS = ["launch", "budget", "Straße", "会議の議事録", "Ωμέγα", "price", "of", "the", "a", "Δ"]


@given(st.text(max_size=30), st.text(min_size=1, max_size=5))
def test_a_title_that_contains_a_text_has_all_its_trigrams(title: str, wanted: str) -> None:
    folded, part = fold(title), fold(wanted)
    if part in folded and len(part) >= 3:
        assert set(title_index._choose(part)) <= title_index.grams_of(folded)
    if part in folded and len(part) < 3:
        assert any(gram.startswith(part) for gram in title_index.grams_of(folded))


async def _all_titled(tenant: Tenant, wanted: str) -> list[str]:
    found: list[Session] = []
    while True:
        after = (found[-1].last_message_us, found[-1].id) if found else None
        page = await list_sessions(tenant, Page(7, after), SessionFilters(q=wanted))
        found += page
        if len(page) < 7:
            return [one.id for one in found]


@pytest.fixture
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(title_index, "BLOCK", 16)
    monkeypatch.setattr(title_index, "_REACH", 5)


@pytest.mark.usefixtures("small_blocks")
async def test_search_agrees_with_a_full_scan_through_writes_renames_and_deletes(runtime: Runtime) -> None:
    dice = random.Random(7)

    def new_title() -> str:
        tail = "".join(dice.choice(string.ascii_lowercase) for _ in range(dice.randrange(5)))
        return " ".join([*dice.choices(WORDS, k=dice.randint(1, 3)), tail]).strip()

    project = await create_project(runtime.operator, "titles")
    tenant = await get_tenant(runtime.operator, project.id, "live")
    users = [await create_end_user(tenant) for _ in range(2)]
    owners = [tenant.acting_for(user.id, user.number) for user in users]
    titles: dict[str, tuple[int, str]] = {}
    for step in range(300):
        action = dice.random()
        if action < 0.7 or not titles:
            whose = dice.randrange(2)
            made = await create_session(owners[whose], Scope("library"), title=new_title())
            titles[made.id] = (whose, made.title)
        elif action < 0.85:
            chosen = dice.choice(sorted(titles))
            renamed = await rename_session(tenant, chosen, new_title())
            titles[chosen] = (titles[chosen][0], renamed.title)
        else:
            chosen = dice.choice(sorted(titles))
            await delete_session(tenant, runtime.deletion, chosen)
            del titles[chosen]
        if step % 20 == 19:
            await run_waiting(runtime, tenant, title_index.INDEX_TITLES)
        if step % 25 == 24:
            for wanted in [
                "launch",
                "STRASSE",
                "議事",
                "δ",
                "zz",
                "ce l",
                "Ω",
                "q",
                *(t[:4] for _, t in titles.values()),
            ][:24]:
                expected = {one for one, (_, title) in titles.items() if fold(wanted) in fold(title)}
                assert set(await _all_titled(tenant, wanted)) == expected, wanted
                hers = {one for one in expected if titles[one][0] == 0}
                assert set(await _all_titled(owners[0], wanted)) == hers, wanted
    row = await tenant.fetch_one(list_queries.select_title_counter, for_update=False)
    assert row is not None
    assert row[1] >= 160, "the index must have been used"


@pytest.mark.usefixtures("small_blocks")
async def test_a_deleted_title_leaves_nothing_in_the_index(runtime: Runtime) -> None:
    project = await create_project(runtime.operator, "titles")
    tenant = await get_tenant(runtime.operator, project.id, "live")
    user, other = await create_end_user(tenant), await create_end_user(tenant)
    owner = tenant.acting_for(user.id, user.number)
    made = [await create_session(owner, Scope("library"), title=f"zebra {number}") for number in range(40)]
    stays = await create_session(tenant.acting_for(other.id, other.number), Scope("library"), title="ordinary")
    await run_waiting(runtime, tenant, title_index.INDEX_TITLES)
    assert await _grams(tenant, "zeb")
    await rename_session(tenant, made[0].id, "ordinary")
    await delete_session(tenant, runtime.deletion, made[1].id)
    await runtime.deletion.erase_end_user(tenant, user.id)
    assert await _grams(tenant, "zeb") == []
    assert [one.id for one in await list_sessions(tenant, Page(5), SessionFilters(q="ordinary"))] == [stays.id]


async def _grams(tenant: Tenant, gram: str) -> list[Any]:
    return await tenant.fetch_all(list_queries.select_title_grams, {"grams": [gram], "limit": 100})
