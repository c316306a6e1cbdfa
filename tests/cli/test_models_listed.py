"""`earmark models`: configured models, servers found on this machine, next steps."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.llm.listeners import STRANGERS, listening, locked, old_ollama, openai_list, reply
from tests.server import Place
from tests.zygote import run_forked

NOTHING = 1
"""A port where nobody listens."""


@pytest.fixture(autouse=True)
def _in_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def run(place: Place, *arguments: str, **env: str) -> subprocess.CompletedProcess[str]:
    """Run `earmark models …`, which looks for servers on `ports`."""
    return run_forked(["models", *arguments], {**place.environment, **env}, timeout=120)


def ports(**named: int) -> str:
    return json.dumps(named or {"ollama": NOTHING})


def overview(place: Place, **env: str) -> dict[str, Any]:
    done = run(place, "--json", **{"EARMARK_MODEL_PORTS": ports(), **env})
    assert (done.returncode, done.stderr) == (0, "")
    return dict(json.loads(done.stdout))


def commands(found: dict[str, Any]) -> list[str]:
    return [one["command"].partition("earmark ")[2] for one in found["next"] if one["command"]]


def test_without_models_the_built_in_one_and_the_next_steps_are_listed(empty_place: Place, tmp_path: Path) -> None:
    done = run(empty_place, EARMARK_MODEL_PORTS=ports(ollama=NOTHING))
    assert (done.returncode, done.stderr) == (0, "")
    assert re.search(r"\* earmark/extractive-\d+: built in", done.stdout)
    assert "no model server answers" in done.stdout
    assert "EARMARK_OPENAI__API_KEY" in done.stdout
    assert list(tmp_path.rglob("*")) == []
    assert not empty_place.data_dir.exists()


def test_a_server_on_its_usual_port_is_listed_with_its_models_and_the_command_that_uses_it(empty_place: Place) -> None:
    with listening(openai_list("nomic-embed-text", "llama3.2:latest")) as ollama, listening(openai_list("qwen/qwen3")) as studio:  # fmt: skip
        found = overview(empty_place, EARMARK_MODEL_PORTS=ports(ollama=ollama.port, lmstudio=studio.port))
    url = f"http://127.0.0.1:{ollama.port}/v1"
    assert found["servers"][0] == {"name": "ollama", "base_url": url, "models": ["nomic-embed-text", "llama3.2:latest"],
                                   "is_configured": False}  # fmt: skip
    assert found["servers"][1]["models"] == ["qwen/qwen3"]
    assert commands(found) == ["models use ollama/llama3.2:latest", "models use lmstudio/qwen/qwen3"]


def test_text_output_lists_the_same(empty_place: Place) -> None:
    with listening(openai_list("llama3.2")) as ollama:
        done = run(empty_place, EARMARK_MODEL_PORTS=ports(ollama=ollama.port))
    assert f"Ollama at http://127.0.0.1:{ollama.port}/v1:\n      ollama/llama3.2\n" in done.stdout
    assert "models use ollama/llama3.2\n" in done.stdout


def test_an_ollama_without_openais_models_route_is_asked_by_its_own_api(empty_place: Place) -> None:
    with listening(old_ollama("llama3.2:1b")) as ollama:
        found = overview(empty_place, EARMARK_MODEL_PORTS=ports(ollama=ollama.port))
    assert [one["models"] for one in found["servers"]] == [["llama3.2:1b"]]


def test_a_server_without_models_is_listed_with_the_step_to_get_one(empty_place: Place) -> None:
    with listening(openai_list()) as ollama:
        found = overview(empty_place, EARMARK_MODEL_PORTS=ports(ollama=ollama.port))
    assert [one["command"] for one in found["next"]] == ["ollama pull llama3.2"]


@pytest.mark.parametrize("stranger", STRANGERS)
def test_another_program_on_the_port_is_ignored(empty_place: Place, stranger: str) -> None:
    with listening(STRANGERS[stranger]) as other, listening(openai_list("qwen3")) as studio:
        found = overview(empty_place, EARMARK_MODEL_PORTS=ports(ollama=other.port, lmstudio=studio.port))
    assert [(one["name"], one["models"]) for one in found["servers"]] == [("lmstudio", ["qwen3"])]


def test_model_names_with_control_characters_or_shell_syntax_are_harmless(empty_place: Place) -> None:
    names = ["\x1b[2Jgone", "back\u202ewards", "two\nlines", " padded", "", 7, None, "x" * 5_000, "a; touch b"]
    with listening(openai_list(*names)) as ollama:
        found = overview(empty_place, EARMARK_MODEL_PORTS=ports(ollama=ollama.port))
    assert found["servers"][0]["models"] == ["a; touch b"]
    assert shlex.split(found["next"][-1]["command"])[-3:] == ["models", "use", "ollama/a; touch b"]


def test_proxies_are_not_asked(empty_place: Place) -> None:
    with listening(lambda *_: [reply("no", "502 Bad Gateway")]) as proxy, listening(openai_list("llama3.2")) as ollama:
        via = f"http://127.0.0.1:{proxy.port}"
        env = {"HTTP_PROXY": via, "http_proxy": via, "ALL_PROXY": via, "NO_PROXY": "", "no_proxy": ""}
        found = overview(empty_place, EARMARK_MODEL_PORTS=ports(ollama=ollama.port), **env)
        assert proxy.asked == []
    assert found["servers"][0]["models"] == ["llama3.2"]


def test_configured_models_are_listed_without_keys(empty_place: Place) -> None:
    with listening(locked("canary-2", "llama")) as box, listening(openai_list("qwen3")) as studio:
        env = {
            "EARMARK_OPENAI__API_KEY": "sk-canary-1",
            "EARMARK_SERVERS__BOX__BASE_URL": f"http://canary-3:canary-4@localhost:{box.port}/v1?key=canary-5",
            "EARMARK_SERVERS__BOX__MODEL": "llama",
            "EARMARK_SERVERS__BOX__API_KEY": "canary-2",
            "EARMARK_DEFAULT_PROVIDER": "box",
            "EARMARK_MODEL_PORTS": ports(lmstudio=studio.port, vllm=box.port),
        }
        env["EARMARK_SERVERS__BOX__BASE_URL"] = f"http://localhost:{box.port}/v1"
        found, shown = overview(empty_place, **env), run(empty_place, **env)
        assert [path for path, _ in box.asked] == ["/v1/models", "/v1/models"]
        assert all("authorization" not in headers for _, headers in studio.asked)
    box_row = next(one for one in found["configured"] if one["provider"] == "box")
    assert (box_row["answers"], box_row["has_model"], box_row["is_default"]) == (True, True, True)
    assert [one["provider"] for one in found["configured"] if one["has_key"]] == ["openai", "box"]
    assert [(one["name"], one["is_configured"]) for one in found["servers"]] == [("box", True), ("lmstudio", False)]
    assert commands(found) == ["doctor --models"]
    assert "canary" not in json.dumps(found) + shown.stdout + shown.stderr


def test_a_url_with_a_secret_is_shown_without_it(empty_place: Place) -> None:
    env = {
        "EARMARK_SERVERS__BOX__BASE_URL": f"http://canary-3:canary-4@127.0.0.1:{NOTHING}/v1?key=canary-5",
        "EARMARK_SERVERS__BOX__MODEL": "llama",
    }
    done = run(empty_place, EARMARK_MODEL_PORTS=ports(), **env)
    assert f"box/llama: http://127.0.0.1:{NOTHING}/v1, does not answer" in done.stdout
    assert "canary" not in done.stdout + done.stderr


def test_a_server_of_another_machine_is_not_asked(empty_place: Place) -> None:
    env = {"EARMARK_SERVERS__BOX__BASE_URL": "http://192.0.2.1/v1", "EARMARK_SERVERS__BOX__MODEL": "llama"}
    found = overview(empty_place, **env)
    assert [(one["answers"], one["has_model"]) for one in found["configured"]] == [(None, None)] * 2
    assert commands(found) == ["models use box/llama"]


def test_a_server_here_and_one_elsewhere_may_have_the_same_kind(empty_place: Place) -> None:
    with listening(openai_list("llama3.2")) as ollama:
        env = {"EARMARK_SERVERS__OLLAMA__BASE_URL": "http://192.0.2.1/v1", "EARMARK_SERVERS__OLLAMA__MODEL": "big"}
        found = overview(empty_place, EARMARK_MODEL_PORTS=ports(ollama=ollama.port), **env)
    assert commands(found) == [
        f"models use local-ollama/llama3.2 --base-url http://127.0.0.1:{ollama.port}/v1",
        "models use ollama/big",
    ]


def test_a_default_that_does_not_answer_or_lacks_its_model_is_reported(empty_place: Place) -> None:
    with listening(openai_list("llama3.2")) as ollama:
        env = {"EARMARK_SERVERS__OLLAMA__BASE_URL": f"http://127.0.0.1:{ollama.port}/v1", "EARMARK_SERVERS__OLLAMA__MODEL": "gone",
               "EARMARK_DEFAULT_PROVIDER": "ollama"}  # fmt: skip
        lacking = overview(empty_place, **env)
    silent = overview(empty_place, **env)
    assert commands(lacking) == ["models use ollama/llama3.2"]
    assert "does not answer" in silent["next"][0]["says"]


def test_a_default_that_is_not_configured_is_a_problem_and_not_an_error(empty_place: Place) -> None:
    found = overview(empty_place, EARMARK_DEFAULT_PROVIDER="claude")
    assert found["default"] == {"provider": "claude", "model": None}
    assert "EARMARK_CLAUDE__API_KEY" in found["problem"]
    assert commands(found)[0] == "models use earmark"


def run_without(module: str, place: Place, *arguments: str, **env: str) -> subprocess.CompletedProcess[str]:
    """Run `earmark models …` as if a module were not installed."""
    code = f"import sys; sys.modules[{module!r}] = None; from earmark.cli.main import run; run()"
    return subprocess.run(
        [sys.executable, "-c", code, "models", *arguments],
        env={**place.environment, **env}, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("module", "variable", "command"),
    [
        ("openai", "EARMARK_OPENAI__API_KEY", "install-models"),
        ("anthropic", "EARMARK_CLAUDE__API_KEY", "install-models MODELS=claude"),
        ("google", "EARMARK_GEMINI__API_KEY", "install-models MODELS=gemini"),
    ],
)
def test_a_missing_sdk_is_reported_with_the_command_that_installs_it(
    empty_place: Place, module: str, variable: str, command: str
) -> None:
    env = {"EARMARK_MODEL_PORTS": ports(), variable: "canary"}
    done = run_without(module, empty_place, **env)
    assert (done.returncode, done.stderr) == (0, "")
    assert "has a key, SDK not installed" in done.stdout
    lines = [line.strip() for line in done.stdout.splitlines()]
    told = next(line for line in lines if line.startswith("make"))
    assert told.endswith(command)
    assert subprocess.run([*shlex.split(told), "-n", "-o", ".venv/.installed"], check=False).returncode == 0


@pytest.mark.parametrize("arguments", [["nonsense"], ["--json", "use", "earmark"], ["--what"]])
def test_wrong_usage_is_one_sentence_and_exit_2(empty_place: Place, arguments: list[str]) -> None:
    done = run(empty_place, *arguments)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)


def test_the_toml_writer_is_imported_by_nobody_else(empty_place: Place) -> None:
    code = (
        "import sys, earmark.cli.main, earmark.api.asgi; sys.exit('tomlkit' in sys.modules or 'openai' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], env=empty_place.environment, check=False).returncode == 0
