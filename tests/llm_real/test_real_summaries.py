"""Summaries written by a real model over HTTP. What it says is poor; its form and its grounding are checked."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest

from tests.http.conftest import TALK, Library
from tests.http.test_summaries import start, transcription_of
from tests.llm_real.llama_server import Llama, llama
from tests.server import Place, Server, new_project, running

CONTEXT_TOKENS = 1_600
"""Fewer than the server has: two or three minutes of talk a part."""
SCHEMA = {
    "type": "object",
    "properties": {"gist": {"type": "string"}, "decisions": {"type": "array", "items": {"type": "string"}}},
}


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Llama]:
    with llama(tmp_path_factory.mktemp("gguf")) as one:
        yield one


@pytest.fixture
def server(model: Llama, fresh_place: Place) -> Iterator[Server]:
    env = {
        "EARMARK_SERVERS__LLAMA__BASE_URL": model.base_url + "/v1",
        "EARMARK_SERVERS__LLAMA__MODEL": "gemma-3-270m",
        "EARMARK_SERVERS__LLAMA__CONTEXT_TOKENS": str(CONTEXT_TOKENS),
        "EARMARK_SERVERS__LLAMA__ANSWER_TOKENS": "192",
        "EARMARK_MODEL_RETRY_S": "1", "EARMARK_MODEL_FIRST_S": "300", "EARMARK_MODEL_BETWEEN_S": "120",
        "EARMARK_MODEL_WHOLE_S": "600",
    }  # fmt: skip
    with running(fresh_place, **env) as one:
        yield one


@pytest.fixture
def library(server: Server) -> Iterator[Library]:
    with server.client(new_project(server.place).live) as client:
        yield Library(client)


def written(library: Library, segments: list[dict[str, Any]]) -> dict[str, Any]:
    body = {"name": "Short", "instructions": "Say what it is about, and what was decided.", "schema": SCHEMA}
    template = library.client.post("/v1/summary-templates", json=body).json()["id"]
    recording = library.recording(library.user(), segments)
    one = start(library.client, transcription_of(library.client, recording), template_id=template, provider="llama")
    give_up_s = time.monotonic() + 900
    while one["status"] in ("pending", "processing"):
        assert time.monotonic() < give_up_s
        time.sleep(0.5)
        one = library.client.get(f"/v1/summaries/{one['id']}").json()
    return one


def cited_verbatim(shown: dict[str, Any], segments: list[dict[str, Any]]) -> int:
    """Check that every item of an output is cited, with words that were said; return how many there are."""
    output, citations = shown["output"], shown["citations"]
    pointers = [f"/decisions/{number}" for number in range(len(output["decisions"]))]
    pointers += ["/gist"] if output["gist"] else []
    assert sorted(citations) == sorted(pointers)
    said = {one["text"] for one in segments}
    assert all(one["quote"] in said for cited in citations.values() for one in cited)
    assert all(citations.values())
    return len(pointers)


def test_a_small_model_is_held_to_the_template_and_to_what_was_said(library: Library) -> None:
    shown = written(library, TALK)
    assert (shown["status"], shown["provider"], shown["model"]) == ("completed", "llama", "gemma-3-270m"), shown
    assert set(shown["output"]) == {"gist", "decisions"}
    assert cited_verbatim(shown, TALK) + shown["dropped_items"] > 0
    (used,) = library.client.get("/v1/usage").json()["data"]
    assert used["input_tokens"] > 200
    assert used["output_tokens"] > 0


def test_a_transcript_that_does_not_fit_is_read_in_parts(library: Library) -> None:
    things = ("wick", "glass", "handle", "door", "lid", "hook", "base", "chain", "flame", "oil")
    long = [
        {"start": at, "end": at + 0.9, "speaker": ("Ada", "Grace")[at % 2],
         "text": f"We decided that the {things[at % 10]} of lantern {at} is made of brass in the workshop of Linus."}
        for at in range(60)
    ]  # fmt: skip
    shown = written(library, long)
    assert shown["status"] == "completed", shown
    cited_verbatim(shown, long)
    (used,) = library.client.get("/v1/usage").json()["data"]
    assert used["input_tokens"] > CONTEXT_TOKENS  # more than one request can have held
