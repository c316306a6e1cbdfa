"""`auto_embedding`: without it the words are indexed alone, search works by them, and reindexing respects it."""

from __future__ import annotations

from typing import Any

from earmark.jobs.queue import list_jobs
from earmark.processing.config import set_for_end_user, set_for_project
from earmark.processing.sections import PROCESSING
from earmark.retrieval import queries
from earmark.retrieval.types import NO_EMBEDDER, SearchRequest
from earmark.runtime import Runtime
from tests.processing.world import TALK, Person, new_person

OFF: dict[str, Any] = {"auto_embedding": {"enabled": False}}
ON: dict[str, Any] = {"auto_embedding": {"enabled": True}}


async def embedders_of(person: Person) -> list[str]:
    return sorted(embedder for _, embedder in await person.owner.fetch_all(queries.select_languages))


async def hits_of(person: Person, query: str = "lantern") -> int:
    return len(await person.runtime.searcher.search(person.owner, SearchRequest(query)))


async def test_without_vectors_the_words_find(runtime: Runtime) -> None:
    person = await new_person(runtime)
    await set_for_project(person.tenant, PROCESSING, OFF)
    await person.transcribe(await person.recording())
    assert await embedders_of(person) == [NO_EMBEDDER]
    assert await hits_of(person) == 1
    await set_for_end_user(person.tenant, PROCESSING, person.id, ON)
    await person.transcribe(await person.recording())
    assert len(await embedders_of(person)) == 2
    assert await hits_of(person) == 2


async def test_a_transcript_indexed_by_a_job_follows_its_owners_setting(runtime: Runtime) -> None:
    person = await new_person(runtime)
    other = await new_person(runtime, person.tenant)
    await set_for_end_user(person.tenant, PROCESSING, person.id, OFF)
    for one in (person, other):
        await runtime.ingester.enqueue(one.tenant, await one.recording(), TALK)
    for job in await list_jobs(runtime.operator, state="pending"):
        assert await runtime.worker.run_job(job.tenant_id, job.id)
    assert await embedders_of(person) == [NO_EMBEDDER]
    assert await embedders_of(other) == [(await runtime.embedders.in_use()).name]


async def test_reindexing_makes_vectors_for_who_wants_them_again_and_none_for_who_does_not(runtime: Runtime) -> None:
    wants, refuses = await new_person(runtime), await new_person(runtime)
    for person in (wants, refuses):
        await set_for_project(person.tenant, PROCESSING, OFF)
        await person.transcribe(await person.recording())
    await set_for_project(wants.tenant, PROCESSING, ON)
    name = (await runtime.embedders.in_use()).name
    assert await runtime.reindexer.count() == 1
    assert len([made async for made in runtime.reindexer.run()]) == 1
    assert (await embedders_of(wants), await embedders_of(refuses)) == ([name], [NO_EMBEDDER])
    assert await runtime.reindexer.count() == 0
    assert (await hits_of(wants), await hits_of(refuses)) == (1, 1)


async def test_reindexing_drops_another_embedders_vectors_of_who_wants_none(runtime: Runtime) -> None:
    person = await new_person(runtime)
    await person.transcribe(await person.recording())
    row = {"new_embedder": "of old", "new_vector_counts": None}
    async with person.owner.writing() as work:
        [(number, *_)] = await work.fetch_all(queries.select_indexes)
        await work.execute(queries.update_index_embedder, {"recording_no": number, **row})
    await set_for_project(person.tenant, PROCESSING, OFF)
    assert await runtime.reindexer.count() == 1
    assert len([made async for made in runtime.reindexer.run()]) == 1
    assert await embedders_of(person) == [NO_EMBEDDER]
    assert await person.owner.fetch_all(queries.select_vectors) == []
    assert await hits_of(person) == 1
    assert await runtime.reindexer.count() == 0
