"""The pool of connections: as large as it is set, and never emptied by searches."""

from __future__ import annotations

import asyncio

import pytest

from earmark.config import SettingsError, load_settings
from earmark.identity.keys import authenticate, create_key
from earmark.identity.projects import create_project, get_tenant
from earmark.library.end_users import create_end_user
from earmark.library.recordings import create_recording
from earmark.retrieval.types import SearchRequest
from earmark.runtime import Runtime, open_runtime
from earmark.storage.tenant import Tenant
from earmark.transcripts.types import ParsedTranscript, Segment
from tests.server import Place

TALK = tuple(Segment(at * 5_000, at * 5_000 + 4_000, f"The lantern was lit {at} times.", "Ada") for at in range(20))


async def _with_library(runtime: Runtime) -> tuple[Tenant, str]:
    project = await create_project(runtime.operator, "tests")
    tenant = await get_tenant(runtime.operator, project.id, "live")
    user = await create_end_user(tenant)
    owner = tenant.acting_for(user.id, user.number)
    recording = await create_recording(owner, name="Talk")
    await runtime.ingester.put_transcript(owner, recording.id, ParsedTranscript(TALK, "en"))
    return owner, (await create_key(tenant)).secret


@pytest.mark.parametrize("size", [2, 3])
async def test_searches_on_a_small_pool_are_answered_and_so_are_keys(fresh_place: Place, size: int) -> None:
    settings = fresh_place.settings.model_copy(update={"database_pool_size": size})
    async with open_runtime(settings) as runtime:
        owner, secret = await _with_library(runtime)
        searches = [
            asyncio.create_task(runtime.searcher.search(owner, SearchRequest("When was the lantern lit?")))
            for _ in range(30)
        ]
        await asyncio.sleep(0.05)
        caller = await authenticate(runtime.database, f"Bearer {secret}")
        assert caller.tenant.tenant_id == owner.key.tenant_id
        # A search that holds one connection while it waits for another gives up after a while, and raises.
        assert all(await asyncio.gather(*searches))
        assert runtime.database._pool.get_size() <= size  # type: ignore[attr-defined]


def test_a_pool_of_one_is_refused_as_a_search_must_leave_a_connection() -> None:
    with pytest.raises(SettingsError, match="EARMARK_DATABASE_POOL_SIZE"):
        load_settings(database_pool_size=1)
