"""`/v1/models`: which models answer, whether they do, and what runs on this machine."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import httpx
import pytest

from tests.console.model import Model, speaking_model
from tests.http.conftest import error_of
from tests.llm.listeners import listening, openai_list
from tests.server import Place, new_project, running

pytestmark = pytest.mark.sqlite_suffices


@dataclass
class Asked:
    """A server with a scripted model, and Ollama on the same machine."""

    client: httpx.Client
    model: Model
    reading: str


@pytest.fixture
def asked(new_place: Callable[[], Place]) -> Iterator[Asked]:
    place = new_place()
    key = new_project(place)
    with speaking_model() as model, listening(openai_list("llama3.2", "it's; rm -rf")) as ollama:
        settings = {
            "EARMARK_SERVERS__SCRIPTED__BASE_URL": model.base_url,
            "EARMARK_SERVERS__SCRIPTED__MODEL": "scripted-1",
            "EARMARK_DEFAULT_PROVIDER": "scripted",
            "EARMARK_MODEL_RETRY_S": "0",
            "EARMARK_MODEL_PORTS": json.dumps({"ollama": ollama.port}),
        }
        with running(place, **settings) as server, server.client(key.live) as client:
            made = client.post("/v1/keys", json={"label": "reader", "scopes": ["ask:read"]}).json()
            yield Asked(client, model, made["key"])


def test_the_models_are_listed_with_the_default(asked: Asked) -> None:
    first, second = asked.client.get("/v1/models").json()["data"]
    assert (first["provider"], first["is_built_in"], first["is_default"]) == ("earmark", True, False)
    assert second == {
        "provider": "scripted", "model": "scripted-1", "is_default": True, "is_built_in": False,
        "default_setting": "EARMARK_DEFAULT_PROVIDER",
    }  # fmt: skip
    assert "default_setting" not in first


def test_the_list_says_which_setting_chose_the_default_or_that_none_did(new_place: Callable[[], Place]) -> None:
    place = new_place()
    key, other = new_project(place), new_project(place)
    settings = {"EARMARK_PROJECT_PROVIDERS": json.dumps({other.id: "earmark"})}
    with running(place, **settings) as server:
        for one, setting in ((key, None), (other, "EARMARK_PROJECT_PROVIDERS")):
            with server.client(one.live) as client:
                (built_in,) = client.get("/v1/models").json()["data"]
                assert (built_in["provider"], built_in["default_setting"]) == ("earmark", setting)


def test_a_model_is_tried_and_its_failure_is_told(asked: Asked) -> None:
    asked.model.will_say("Hello.")
    works = asked.client.post("/v1/models/test", json={"provider": "scripted"})
    assert works.status_code == 200, works.text
    assert (works.json()["model"], works.json()["duration_ms"] >= 0) == ("scripted-1", True)
    asked.model.is_failing = True
    fails = asked.client.post("/v1/models/test", json={"provider": "scripted"})
    assert (fails.status_code, error_of(fails)["code"]) == (502, "provider_error")
    unknown = asked.client.post("/v1/models/test", json={"provider": "nobody"})
    assert (unknown.status_code, error_of(unknown)["param"]) == (400, "provider")
    assert asked.client.post("/v1/models/test", json={"provider": "earmark"}).json()["duration_ms"] == 0


def test_model_servers_of_this_machine_are_found_with_the_command_that_uses_them(asked: Asked) -> None:
    (found,) = asked.client.get("/v1/models/servers").json()["data"]
    assert (found["name"], found["title"]) == ("ollama", "Ollama")
    assert found["models"] == ["llama3.2", "it's; rm -rf"]
    assert found["command"] == "earmark models use ollama/llama3.2"


def test_only_the_projects_secret_keys_try_and_find_models(asked: Asked) -> None:
    restricted = {"Authorization": f"Bearer {asked.reading}"}
    assert asked.client.get("/v1/models", headers=restricted).status_code == 200
    assert asked.client.get("/v1/models/servers", headers=restricted).status_code == 403
    assert asked.client.post("/v1/models/test", json={"provider": "earmark"}, headers=restricted).status_code == 403


def test_a_server_for_other_machines_looks_for_no_model_servers(new_place: Callable[[], Place]) -> None:
    place = new_place()
    key = new_project(place)
    with listening(openai_list("llama3.2")) as ollama:
        ports = json.dumps({"ollama": ollama.port})
        with (
            running(place, EARMARK_HOST="0.0.0.0", EARMARK_MODEL_PORTS=ports) as server,
            server.client(key.live) as client,
        ):
            assert client.get("/v1/models/servers").json() == {"data": []}


def test_a_model_that_only_embeds_is_not_offered(new_place: Callable[[], Place]) -> None:
    place = new_place()
    key = new_project(place)
    with listening(openai_list("nomic-embed-text", "qwen3")) as ollama:
        ports = json.dumps({"ollama": ollama.port})
        with running(place, EARMARK_MODEL_PORTS=ports) as server, server.client(key.live) as client:
            (found,) = client.get("/v1/models/servers").json()["data"]
    assert (found["models"], found["command"]) == (["nomic-embed-text", "qwen3"], "earmark models use ollama/qwen3")
