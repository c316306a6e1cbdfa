from __future__ import annotations

import json
import subprocess
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import httpx
import pytest

from earmark.identity.projects import list_tenants
from earmark.library.transcripts import list_segments
from earmark.retrieval import queries
from earmark.retrieval.index.documents import passage_text
from earmark.retrieval.index.quantize import quantize
from earmark.retrieval.index.vectors import replace_vectors
from earmark.runtime import Runtime
from tests.embeddings import EmbeddingsServer, embeddings_server
from tests.http.conftest import TALK, Library
from tests.server import EARMARK, Place, new_project, running

NAMES = ("Grace", "Linus", "Ada")


@pytest.fixture
def embeddings() -> Iterator[EmbeddingsServer]:
    with embeddings_server() as one:
        yield one


def settings_for(embeddings: EmbeddingsServer) -> dict[str, str]:
    return {
        "EARMARK_EMBEDDER__KIND": "openai",
        "EARMARK_EMBEDDER__BASE_URL": embeddings.base_url,
        "EARMARK_EMBEDDER__MODEL": "small",
        "EARMARK_EMBEDDER__API_KEY": "key-1",
    }


@contextmanager
def client_of_a_server_with(place: Place, embeddings: EmbeddingsServer) -> Iterator[httpx.Client]:
    """A server that uses the embeddings server from the start."""
    with running(place, **settings_for(embeddings)) as server, server.client(new_project(place).live) as client:
        yield client


def reindex(place: Place, env: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*EARMARK, "reindex", "--json"], env={**place.environment, **env}, capture_output=True, text=True, timeout=300
    )


def search(client: httpx.Client, user: str, query: str) -> list[dict[str, Any]]:
    answer = client.post("/v1/recordings/search", json={"query": query, "end_user_id": user, "explain": True})
    assert answer.status_code == 200, answer.text
    return list(answer.json()["results"])


def person_with_talks(library: Library) -> str:
    """Create an end user with a recording for each of NAMES; return its id."""
    user = library.user()
    for name in NAMES:
        library.recording(user, talk_of(name), name=f"Talk with {name}")
    return user


def talk_of(name: str) -> list[dict[str, Any]]:
    return [*TALK, {"start": 20, "end": 25, "speaker": name, "text": f"{name} keeps the keys of the shed. " * 12}]


@pytest.mark.slow
def test_search_uses_the_old_embedder_until_reindexing_has_finished_then_every_process_uses_the_new_one(
    fresh_place: Place, embeddings: EmbeddingsServer
) -> None:
    with running(fresh_place) as server, server.client(new_project(fresh_place).live) as client:
        library = Library(client)
        user = person_with_talks(library)
        before = search(client, user, "Who keeps the keys of the shed?")

        # The embeddings server fails at the third recording: nothing is lost, and search is unaffected.
        embeddings.is_down = lambda body: (
            len({one for one in NAMES for text in embeddings.texts if f"{one} keeps" in text}) > 2
        )
        stopped = reindex(fresh_place, settings_for(embeddings))
        assert stopped.returncode == 1
        assert stopped.stderr.strip().splitlines()[-1] == "earmark: The embeddings server answered 503."
        assert search(client, user, "Who keeps the keys of the shed?") == before

        embeddings.is_down = lambda body: False
        embeddings.asked.clear()
        done = reindex(fresh_place, settings_for(embeddings))
        assert done.returncode == 0, done.stderr
        assert json.loads(done.stdout) == {"recordings": 1, "embedder": f"openai/small@{embeddings.base_url}"}
        assert len({one for one in NAMES for text in embeddings.texts if f"{one} keeps" in text}) == 1
        assert {one.authorization for one in embeddings.asked} == {"Bearer key-1"}

        # The server, started before with other settings, uses the new embedder, but never with another embedder's key.
        embeddings.asked.clear()
        after = search(client, user, "Who keeps the keys of the shed?")
        assert embeddings.texts == ["Who keeps the keys of the shed?"]
        assert embeddings.asked[0].authorization is None
        assert {one["chunk_id"] for one in after} == {one["chunk_id"] for one in before}
        assert [one["parts"]["semantic"] for one in after] != [one["parts"]["semantic"] for one in before]

        library.recording(user, talk_of("Mabel"))
        assert any("Mabel keeps" in text for text in embeddings.texts)


def test_a_question_is_rewritten_only_for_speakers_of_the_askers_own_library(
    fresh_place: Place, embeddings: EmbeddingsServer
) -> None:
    with client_of_a_server_with(fresh_place, embeddings) as client:
        library = Library(client)
        hers, his = library.user(), library.user()
        library.recording(hers, talk_of("Mabel"))
        library.recording(his, talk_of("Otis"))
        embeddings.asked.clear()
        # The first search discovers the embedder while it runs; the second one uses it from the start.
        first, second = (search(client, hers, "What does Mabel keep?") for _ in range(2))
        assert first == second
        search(client, his, "What does Mabel keep?")
        assert embeddings.texts == ["What does you keep?", "What does you keep?", "What does Mabel keep?"]


def test_search_by_words_works_while_the_embeddings_server_is_unreachable(
    fresh_place: Place, embeddings: EmbeddingsServer
) -> None:
    with client_of_a_server_with(fresh_place, embeddings) as client:
        library = Library(client)
        user = library.user()
        library.recording(user, talk_of("Grace"))
        assert any("Grace keeps" in text for text in embeddings.texts)
        embeddings.is_down = lambda body: True
        found = search(client, user, "Who keeps the keys of the shed?")
        assert "keys of the shed" in found[0]["chunk_text"]
        assert all(one["parts"]["semantic"] == 0 for one in found)


def test_an_import_that_needs_an_unreachable_embeddings_server_is_refused_and_stores_nothing(
    fresh_place: Place, embeddings: EmbeddingsServer
) -> None:
    embeddings.script += [(401, {}, {})]
    with client_of_a_server_with(fresh_place, embeddings) as client:
        recording = client.post("/v1/recordings", json={"end_user_id": Library(client).user()}).json()["id"]
        answer = client.put(f"/v1/recordings/{recording}/transcript", json={"segments": TALK})
        assert answer.status_code == 503
        assert answer.json()["error"]["message"] == "The embeddings server answered 401."
        assert client.get(f"/v1/transcriptions?recording_id={recording}").json()["data"] == []


def test_reindexing_with_nothing_to_do_says_so(fresh_place: Place) -> None:
    assert json.loads(reindex(fresh_place, {}).stdout) == {"recordings": 0, "embedder": "all-minilm-l6-v2/mean"}


def test_settings_that_lack_a_field_are_reported_in_one_sentence(fresh_place: Place) -> None:
    done = reindex(fresh_place, {"EARMARK_EMBEDDER__KIND": "openai"})
    assert done.returncode == 1
    assert done.stderr.strip() == "earmark: EARMARK_EMBEDDER: kind openai needs base_url."


def test_a_transcript_is_accepted_or_refused_while_another_is_being_embedded(
    fresh_place: Place, embeddings: EmbeddingsServer
) -> None:
    reached, goes_on = threading.Event(), threading.Event()

    def hold(body: dict[str, Any]) -> bool:
        reached.set()
        assert goes_on.wait(60)
        return False

    embeddings.is_down = hold
    with running(fresh_place, **settings_for(embeddings)) as server:  # first, so that its embedder is in use
        key = new_project(fresh_place).live
        with ThreadPoolExecutor(1) as pool, server.client(key) as client, server.client(key) as other:
            library = Library(client)
            user = library.user()
            first, second = (f"/v1/recordings/{library.recording(user)}/transcript" for _ in range(2))
            slow = pool.submit(other.put, first, json={"segments": TALK})
            try:
                assert reached.wait(60)
                taken = client.put(second, params={"wait": "false"}, json={"segments": TALK})
                refused = client.put(second, json={"segments": []})
            finally:
                goes_on.set()
            assert (taken.status_code, refused.status_code) == (202, 400)
            assert slow.result(60).status_code == 201


def test_an_index_with_one_vector_per_chunk_is_searched_and_reindexed(fresh_place: Place) -> None:
    with running(fresh_place) as server, server.client(new_project(fresh_place).live) as client:
        user = person_with_talks(Library(client))
        new = search(client, user, "Who keeps the keys of the shed?")

        fresh_place.run(_index_as_before)
        old = search(client, user, "Who keeps the keys of the shed?")
        assert {hit["chunk_id"] for hit in old} == {hit["chunk_id"] for hit in new}
        assert [hit["parts"] for hit in old] != [hit["parts"] for hit in new]

        assert json.loads(reindex(fresh_place, {}).stdout)["recordings"] == len(NAMES)
        assert search(client, user, "Who keeps the keys of the shed?") == new
        assert json.loads(reindex(fresh_place, {}).stdout)["recordings"] == 0


async def _index_as_before(runtime: Runtime) -> None:
    """Give every recording the vectors of earlier versions: one per chunk."""
    embedder = await runtime.embedders.in_use()
    for tenant in await list_tenants(runtime.operator):
        owners = await tenant.fetch_all(queries.select_stale_owners, {"embedder": "another", "no_embedder": ""})
        for owner in (tenant.acting_for(*owner[:2]) for owner in owners):
            async with owner.writing() as work:
                for number, recording_id, transcription_id, *_ in await work.fetch_all(
                    queries.select_stale, {"embedder": "another"}
                ):
                    bounds = await work.fetch_all(queries.select_chunk_bounds, {"recording_id": recording_id})
                    segments = await list_segments(work, transcription_id)
                    texts = [passage_text(segments[first : last + 1]) for first, last in bounds]
                    await replace_vectors(work, number, quantize(embedder.embed_passages(texts)))
                    values = {"recording_no": number, "new_embedder": embedder.name, "new_vector_counts": None}
                    await work.execute(queries.update_index_embedder, values)


def test_a_run_that_was_left_behind_is_taken_up_by_the_next(fresh_place: Place) -> None:
    async def leave(runtime: Runtime) -> None:
        assert await runtime.reindexer.enqueue() is not None
        assert await runtime.reindexer.enqueue() is None

    fresh_place.run(leave)
    assert json.loads(fresh_place.cli("reindex", "--json").stdout)["recordings"] == 0
    assert fresh_place.cli("jobs", "list", "--state", "pending").stdout == ""
