"""Turns answered by a real model over HTTP; only their form is checked."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from tests.http.conftest import TALK, Library, error_of
from tests.http.test_streaming import QUESTION, Desk, stream
from tests.llm.vendor_server import VendorServer
from tests.llm_real.llama_server import CONTEXT_TOKENS, Llama, llama
from tests.server import Place, new_project, running
from tests.streamed import parts_of


@pytest.fixture(scope="module")
def gguf(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("gguf")


@pytest.fixture(scope="module")
def model(gguf: Path) -> Iterator[Llama]:
    with llama(gguf) as one:
        yield one


def _env(model: Llama, answer_tokens: int = 48) -> dict[str, str]:
    return {
        "EARMARK_SERVERS__LLAMA__BASE_URL": model.base_url + "/v1",
        "EARMARK_SERVERS__LLAMA__MODEL": "gemma-3-270m",
        "EARMARK_SERVERS__LLAMA__CONTEXT_TOKENS": str(CONTEXT_TOKENS),
        "EARMARK_SERVERS__LLAMA__ANSWER_TOKENS": str(answer_tokens),
        "EARMARK_DEFAULT_PROVIDER": "llama",
        "EARMARK_MODEL_RETRY_S": "1",
    }


@pytest.fixture
def desk(model: Llama, fresh_place: Place) -> Iterator[Desk]:
    with running(fresh_place, **_env(model)) as server:
        keys = new_project(fresh_place)
        with server.client(keys.live) as client:
            library = Library(client)
            user = library.user()
            recording = library.recording(user, TALK, name="Kick-off")
            yield Desk(server, VendorServer(model.base_url), client, library, user, recording, keys)


def test_words_stream_one_by_one_and_tokens_are_counted(desk: Desk) -> None:
    session = desk.session()
    events = stream(desk.client, "POST", f"/v1/ask/sessions/{session}/messages", json=QUESTION)
    _, answer = desk.messages(session)
    assert len([event for event in events if event.name == "text.delta"]) > 5
    assert parts_of(events) == answer["parts"]
    assert (answer["provider"], answer["model"]) == ("llama", "gemma-3-270m")
    assert answer["tokens"]["input"] > 100
    assert 0 < answer["tokens"]["output"] <= 48
    assert answer["finish_reason"] == ("length" if answer["tokens"]["output"] == 48 else "stop")


def test_an_answer_at_the_token_limit_finishes_with_length(model: Llama, fresh_place: Place) -> None:
    env = _env(model, answer_tokens=16)
    with running(fresh_place, **env) as server, server.client(new_project(fresh_place).live) as client:
        library = Library(client)
        user = library.user()
        library.recording(user, TALK)
        answers = [client.post(f"/v1/ask/sessions/{library.session(user)['id']}/messages",
                               json={"content": f"Tell me all about the lantern, part {n}."}) for n in range(3)]  # fmt: skip
    assert "length" in {answer.json()["message"]["finish_reason"] for answer in answers}


def test_two_people_are_answered_at_once(desk: Desk) -> None:
    sessions = [desk.session() for _ in range(2)]
    with ThreadPoolExecutor(2) as pool:
        answers = list(pool.map(desk.send, sessions))
    assert [answer.status_code for answer in answers] == [200, 200]


def test_a_cancel_frees_the_models_slot(desk: Desk, model: Llama) -> None:
    session = desk.session()
    with ThreadPoolExecutor(1) as pool:
        future = pool.submit(stream, desk.client, "POST", f"/v1/ask/sessions/{session}/messages", json=QUESTION)
        with desk.server.client(desk.keys.live) as other:
            while (turn := other.get(f"/v1/ask/sessions/{session}").json()["active_turn"]) is None:
                time.sleep(0.005)
            path = f"/v1/ask/sessions/{session}/messages/{turn['user_message_id']}/cancel"
            assert other.post(path).json()["status"] in ("cancelled", "finished")
        assert future.result(60)[-1].name == "turn.completed"
    for _ in range(200):
        slots = httpx.get(f"{model.base_url}/slots", timeout=30)
        if slots.status_code != 200 or not any(slot["is_processing"] for slot in slots.json()):
            break
        time.sleep(0.05)
    else:
        raise AssertionError("the model went on writing")


def test_a_killed_model_fails_the_turn_and_the_question_stays_stored(gguf: Path, fresh_place: Place) -> None:
    with (
        llama(gguf) as mortal,
        running(fresh_place, **_env(mortal, answer_tokens=400)) as server,
        server.client(new_project(fresh_place).live) as client,
    ):
        library = Library(client)
        user = library.user()
        library.recording(user, TALK)
        session = library.session(user)["id"]
        path = f"/v1/ask/sessions/{session}/messages"
        mortal.process.kill()
        failed = client.post(path, json=QUESTION)
        assert (failed.status_code, error_of(failed)["code"]) == (502, "provider_error")
        assert [one["role"] for one in client.get(path).json()["data"]] == ["user"]
        answered = client.post(path, json={**QUESTION, "provider": "earmark"})
        assert answered.status_code == 200
        assert [one["role"] for one in client.get(path).json()["data"]] == ["user", "assistant"]


def test_a_context_overflow_detected_by_the_server_is_413(model: Llama, fresh_place: Place) -> None:
    env = {**_env(model), "EARMARK_SERVERS__LLAMA__CONTEXT_TOKENS": "200000"}
    long = [
        {"start": n * 5.0, "end": n * 5.0 + 4, "text": f"Point {n}: " + "many different words " * 8} for n in range(400)
    ]
    with running(fresh_place, **env) as server, server.client(new_project(fresh_place).live) as client:
        library = Library(client)
        recording = library.recording(library.user(), long)
        body = {"scope": {"type": "recording", "recording_id": recording}, "initial_message": QUESTION}
        refused = client.post("/v1/ask/sessions", json=body)
    assert (refused.status_code, error_of(refused)["code"]) == (413, "context_too_large")
    assert refused.json()["session_id"].startswith("as_")
