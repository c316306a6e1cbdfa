from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from earmark.retrieval.embedding.embedders import EmbedderStoppedError, EmbedderUnavailableError
from earmark.retrieval.embedding.http_embedder import HttpEmbedder
from earmark.retrieval.embedding.specs import EmbedderSpec
from tests.embeddings import EmbeddingsServer, embeddings_server, vector_of


@pytest.fixture
def server() -> Iterator[EmbeddingsServer]:
    with embeddings_server() as one:
        yield one


def embedder_at(server: EmbeddingsServer, **spec: Any) -> HttpEmbedder:
    wanted = EmbedderSpec("openai", base_url=server.base_url, model="small", **spec)
    return HttpEmbedder(wanted, api_key="key-1", timeout_s=5, first_pause_s=0.01)


def test_vectors_come_back_in_the_order_of_the_texts_and_of_length_1(server: EmbeddingsServer) -> None:
    texts = ["the launch", "the lantern", ""]
    vectors = embedder_at(server).embed_passages(texts)
    wanted = np.array([vector_of(text) for text in texts])
    np.testing.assert_allclose(vectors, wanted / np.linalg.norm(wanted, axis=1, keepdims=True), rtol=1e-5)
    assert vectors.dtype == np.float32
    assert server.asked[0].path == "/v1/embeddings"
    assert server.asked[0].authorization == "Bearer key-1"


def test_many_texts_are_sent_in_batches(server: EmbeddingsServer) -> None:
    assert embedder_at(server).embed_passages([f"text {n}" for n in range(150)]).shape == (150, 48)
    assert [len(one.body["input"]) for one in server.asked] == [64, 64, 22]


def test_long_texts_are_cut_and_share_requests_by_length(server: EmbeddingsServer) -> None:
    embedder_at(server).embed_passages(["x" * 200_000] * 10)
    assert {len(text) for text in server.texts} == {8_000}
    assert [len(one.body["input"]) for one in server.asked] == [7, 3]


def test_requests_contain_the_configured_prefixes_and_dimensions(
    server: EmbeddingsServer,
) -> None:
    embedder = embedder_at(server, dimensions=48, query_prefix="query: ", passage_prefix="passage: ")
    embedder.embed_query("when?")
    embedder.embed_passages(["then"])
    assert server.texts == ["query: when?", "passage: then"]
    assert {one.body["dimensions"] for one in server.asked} == {48}


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504])
def test_a_request_to_an_overloaded_server_is_retried(server: EmbeddingsServer, status: int) -> None:
    server.script += [(status, {}, {}), (status, {"Retry-After": "0"}, {})]
    assert embedder_at(server).embed_passages(["one"]).shape == (1, 48)
    assert len(server.asked) == 3


@pytest.mark.parametrize("status", [400, 401, 403, 404, 413, 302])
def test_a_refusal_is_not_retried_and_its_message_omits_the_key(server: EmbeddingsServer, status: int) -> None:
    server.script.append((status, {"Location": "http://127.0.0.1:9/"}, {"error": "key-1 is wrong"}))
    with pytest.raises(EmbedderUnavailableError) as caught:
        embedder_at(server).embed_passages(["one"])
    assert caught.value.message == f"The embeddings server answered {status}."
    assert len(server.asked) == 1


def test_retries_end_after_five_attempts_or_two_for_a_question(
    server: EmbeddingsServer,
) -> None:
    server.is_down = lambda body: True
    with pytest.raises(EmbedderUnavailableError):
        embedder_at(server).embed_passages(["one"])
    assert len(server.asked) == 5
    with pytest.raises(EmbedderUnavailableError):
        embedder_at(server).embed_query("one")
    assert len(server.asked) == 7


@pytest.mark.parametrize(
    "content",
    [
        [],
        {"data": []},
        {"data": [{"index": 0}]},
        {"data": [{"index": 0, "embedding": []}]},
        {"data": [{"index": 1, "embedding": [1.0]}]},
        {"data": [{"index": 0, "embedding": ["a"]}]},
        {"data": [{"index": 0, "embedding": [float("nan")]}]},
        {"data": [{"index": 0, "embedding": [1.0]}, {"index": 1, "embedding": [1.0]}]},
    ],
)
def test_an_invalid_response_is_an_error(server: EmbeddingsServer, content: Any) -> None:
    server.script.append((200, {}, content))
    with pytest.raises(EmbedderUnavailableError):
        embedder_at(server).embed_passages(["one"])


def test_an_unreachable_server_is_reported_as_such() -> None:
    spec = EmbedderSpec("openai", base_url="http://127.0.0.1:1/v1", model="small")
    with pytest.raises(EmbedderUnavailableError, match="can't be reached"):
        HttpEmbedder(spec, api_key=None, timeout_s=1, first_pause_s=0.01).embed_query("one")


def test_a_stopped_embedder_sends_no_more_requests(server: EmbeddingsServer) -> None:
    embedder = embedder_at(server)
    embedder.stop()
    with pytest.raises(EmbedderStoppedError):
        embedder.embed_passages(["one"])
    assert server.asked == []


def test_the_name_distinguishes_models_servers_sizes_and_prefixes(server: EmbeddingsServer) -> None:
    specs = ({}, {"dimensions": 64}, {"query_prefix": "q: "}, {"passage_prefix": "q: "})
    names = {embedder_at(server, **one).name for one in specs}
    assert len(names) == 4
    assert all("key-1" not in name for name in names)
