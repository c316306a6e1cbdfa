"""`earmark models use`: checks that the model exists, then writes it into the settings file."""

from __future__ import annotations

import json
import stat
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import pytest

from tests.cli.test_models_listed import NOTHING, run_without
from tests.llm.listeners import STRANGERS, listening, locked, old_ollama, openai_list
from tests.llm.vendor_server import Says, vendor_server
from tests.server import Place
from tests.zygote import run_forked

FILE = Path("earmark.toml")


@pytest.fixture(autouse=True)
def _in_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def use(place: Place, *arguments: str, port: int = NOTHING, **env: str) -> subprocess.CompletedProcess[str]:
    """Run `earmark models use …` with Ollama's port."""
    looks = {"EARMARK_MODEL_PORTS": json.dumps({"ollama": port})}
    return run_forked(["models", "use", *arguments], {**place.environment, **looks, **env}, timeout=120)


def told(done: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    assert (done.returncode, done.stderr) == (0, "")
    return dict(json.loads(done.stdout))


def refused(done: subprocess.CompletedProcess[str], code: int = 1) -> str:
    """Check that a command printed one sentence; return it."""
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (code, "", 1)
    return done.stderr


# ---- what is written --------------------------------------------------------------------------------


def test_a_local_model_is_written_and_then_answers(empty_place: Place) -> None:
    empty_place.cli("projects", "create", "First")
    with vendor_server(Says(("Hello",))) as vendor:
        port = int(vendor.base_url.rpartition(":")[2])
        report = told(use(empty_place, "ollama/llama3.2", "--json", port=port))
        checked = run_forked(["doctor", "--models", "--json"], empty_place.environment, timeout=120)
    url = f"http://127.0.0.1:{port}/v1"
    written = {"default_provider": "ollama", "servers": {"ollama": {"base_url": url, "model": "llama3.2"}}}
    assert tomllib.loads(FILE.read_text()) == written
    assert stat.S_IMODE(FILE.stat().st_mode) == 0o600
    assert report["file"] == str(FILE.absolute())
    assert report["written"] == {"default_provider": "ollama", "servers.ollama.base_url": url,
                                 "servers.ollama.model": "llama3.2"}  # fmt: skip
    assert (report["changed"], report["restart_needed"], report["warnings"]) == (True, True, [])
    assert "model ollama" in checked.stdout
    assert checked.returncode == 0


def test_text_output_shows_the_written_values_and_that_a_restart_is_needed(empty_place: Place) -> None:
    with listening(openai_list("llama3.2")) as ollama:
        done = use(empty_place, "ollama/llama3.2", port=ollama.port)
        again = use(empty_place, "ollama/llama3.2", port=ollama.port)
    assert f"Wrote {FILE.absolute()}:" in done.stdout
    assert '  default_provider = "ollama"\n' in done.stdout
    assert "Restart a running server" in done.stdout
    assert "Nothing to change" in again.stdout
    assert "Restart" not in again.stdout


def test_the_rest_of_the_file_its_comments_its_mode_and_the_link_to_it_are_unchanged(empty_place: Place) -> None:
    real = Path("elsewhere.toml")
    text = '# Ours.\n\nport = 9000  # not 8787\n\n# the small one\n[servers.ollama]\nmodel = "old"  # for now\nbase_url = "{}"\n\n[openai]\napi_key = "canary"\n'  # fmt: skip
    with listening(openai_list("llama3.2")) as ollama:
        text = text.format(f"http://localhost:{ollama.port}/v1")
        real.write_text(text)
        real.chmod(0o640)
        FILE.symlink_to(real)
        done = use(empty_place, "ollama/llama3.2")
    wanted = text.replace('"old"', '"llama3.2"').replace("port = 9000", 'default_provider = "ollama"\nport = 9000')
    assert real.read_text() == wanted
    assert FILE.is_symlink()
    assert stat.S_IMODE(real.stat().st_mode) == 0o640
    assert "canary" not in done.stdout + done.stderr
    assert sorted(path.name for path in Path().iterdir()) == ["earmark.toml", "elsewhere.toml"]


def test_the_file_of_earmark_config_is_written_and_created_if_missing(empty_place: Place, tmp_path: Path) -> None:
    named = tmp_path / "named.toml"
    with listening(old_ollama("llama3.2:latest")) as ollama:
        report = told(use(empty_place, "ollama/llama3.2", "--json", port=ollama.port, EARMARK_CONFIG=str(named)))
    assert (report["file"], named.is_file(), FILE.exists()) == (str(named), True, False)


def test_the_built_in_model_needs_no_check_and_leaves_the_server_configured(empty_place: Place) -> None:
    FILE.write_text('default_provider = "box"\n[servers.box]\nbase_url = "http://127.0.0.1:1/v1"\nmodel = "m"\n')
    told(use(empty_place, "earmark", "--json"))
    assert FILE.read_text().startswith('default_provider = "earmark"\n[servers.box]\n')


def test_a_configured_server_keeps_its_model_where_none_is_named(empty_place: Place) -> None:
    with listening(locked("canary", "m")) as box:
        text = f'[servers.box]\nbase_url = "http://127.0.0.1:{box.port}/v1"\nmodel = "m"\napi_key = "canary"\n'
        FILE.write_text(text)
        done = use(empty_place, "box")
    assert FILE.read_text() == f'default_provider = "box"\n\n{text}'
    assert "canary" not in done.stdout


def test_a_server_of_ones_own_is_set_with_its_url(empty_place: Place) -> None:
    with listening(openai_list("org/model")) as box:
        told(use(empty_place, "box/org/model", "--base-url", f"http://localhost:{box.port}/v1/", "--json"))
    assert tomllib.loads(FILE.read_text())["servers"] == {
        "box": {"base_url": f"http://localhost:{box.port}/v1", "model": "org/model"}
    }


@pytest.mark.parametrize(("vendor", "base", "header", "path"), [
    ("openai", "/v1", "authorization", "/v1/models"),
    ("claude", "", "x-api-key", "/v1/models/new%3Amodel"),
    ("gemini", "", "x-goog-api-key", "/v1beta/models/new%3Amodel"),
])  # fmt: skip
def test_a_vendor_is_asked_for_the_model_with_its_key(
    empty_place: Place, vendor: str, base: str, header: str, path: str
) -> None:
    with vendor_server(Says()) as server:
        server.models = ("new:model",)
        env = {
            f"EARMARK_{vendor.upper()}__API_KEY": "canary",
            f"EARMARK_{vendor.upper()}__BASE_URL": server.base_url + base,
        }
        done = use(empty_place, f"{vendor}/new:model", "--json", **env)
        missing = use(empty_place, f"{vendor}/other", **env)
    assert told(done)["written"] == {"default_provider": vendor, f"{vendor}.model": "new:model"}
    assert tomllib.loads(FILE.read_text()) == {"default_provider": vendor, vendor: {"model": "new:model"}}
    assert server.gets[0][0] == path
    assert "canary" in server.gets[0][1][header]
    assert "has no model other" in refused(missing)
    assert "canary" not in done.stdout + missing.stderr


# ---- what is refused --------------------------------------------------------------------------------


def test_a_silent_server_is_refused_and_nothing_is_written_unless_asked_to(empty_place: Place) -> None:
    sentence = refused(use(empty_place, "ollama/llama3.2"))
    assert f"Ollama at http://127.0.0.1:{NOTHING}/v1 does not answer" in sentence
    assert not FILE.exists()
    told(use(empty_place, "ollama/llama3.2", "--no-check", "--json"))
    assert FILE.exists()


def test_a_model_that_the_server_lacks_is_refused_with_those_it_has(empty_place: Place) -> None:
    FILE.write_text("port = 9000\n")
    with listening(openai_list("qwen3", "gemma3")) as ollama:
        sentence = refused(use(empty_place, "ollama/llama3.2", port=ollama.port))
    assert "has no model llama3.2; it has qwen3, gemma3." in sentence
    assert FILE.read_text() == "port = 9000\n"


@pytest.mark.parametrize("stranger", ["a web page", "another API", "garbage", "nothing at all", "deep JSON"])
def test_something_else_at_the_address_is_refused(empty_place: Place, stranger: str) -> None:
    with listening(STRANGERS[stranger]) as other:
        sentence = refused(use(empty_place, "ollama/llama3.2", port=other.port))
    assert "--no-check" in sentence
    assert not FILE.exists()


def test_a_server_that_requires_a_key_is_reported(empty_place: Place) -> None:
    with listening(locked("canary", "m")) as box:
        url = f"http://127.0.0.1:{box.port}/v1"
        assert "requires a key" in refused(use(empty_place, "box/m", "--base-url", url))
        told(use(empty_place, "box/m", "--base-url", url, "--no-check", "--json"))
        assert "refused the key in EARMARK_SERVERS__BOX__API_KEY" in refused(
            use(empty_place, "box/m", EARMARK_SERVERS__BOX__API_KEY="wrong")
        )
        told(use(empty_place, "box/m", "--json", EARMARK_SERVERS__BOX__API_KEY="canary"))
    assert "canary" not in FILE.read_text()


def test_a_vendor_without_a_key_is_refused_and_without_a_check_warned_of(empty_place: Place) -> None:
    assert "EARMARK_CLAUDE__API_KEY" in refused(use(empty_place, "claude/claude-haiku-5-5"))
    report = told(use(empty_place, "claude/claude-haiku-5-5", "--no-check", "--json"))
    assert "A server would not start" in report["warnings"][0]


def test_values_that_the_environment_overrides_are_reported(empty_place: Place) -> None:
    env = {"EARMARK_DEFAULT_PROVIDER": "earmark", "EARMARK_SERVERS__OLLAMA__MODEL": "other",
           "EARMARK_SERVERS__OLLAMA__BASE_URL": f"http://127.0.0.1:{NOTHING}/v1"}  # fmt: skip
    report = told(use(empty_place, "ollama/llama3.2", "--no-check", "--json", **env))
    assert [one.partition(" ")[0] for one in report["warnings"]] == [
        "EARMARK_DEFAULT_PROVIDER", "EARMARK_SERVERS__OLLAMA__MODEL"]  # fmt: skip


def test_a_conflicting_alias_is_reported(empty_place: Place) -> None:
    FILE.write_text('provider_aliases = { openai = "earmark" }\nopenai.api_key = "canary"\n')
    sentence = refused(use(empty_place, "openai/gpt-6-luna"))
    assert "provider_aliases" in sentence
    assert "canary" not in sentence


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ([], "NAME/MODEL"),
        (["ollama"], "Name the model"),
        (["ollama/"], "NAME/MODEL"),
        (["/llama"], "A server's name"),
        (["Box/llama"], "A server's name"),
        (["ollama/a\nb"], "NAME/MODEL"),
        (["earmark/extractive-2"], "without a model's name"),
        (["nobody/llama"], "--base-url"),
        (["box/llama", "--base-url", "localhost:1234"], "--base-url"),
        (["openai/gpt", "--base-url", "http://127.0.0.1/v1"], "--base-url"),
    ],
)
def test_wrong_usage_is_one_sentence_and_exit_2(empty_place: Place, arguments: list[str], says: str) -> None:
    assert says in refused(use(empty_place, *arguments), 2)
    assert not FILE.exists()


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (b'api_key = "canary\n', "EARMARK_CONFIG: earmark.toml is not valid TOML"),
        (b"\xff canary", "EARMARK_CONFIG: earmark.toml is not valid TOML"),
        (b'port = "canary"\n', "earmark.toml: port: must be a whole number."),
        (b"servers = 3\n", "earmark.toml: servers: must be a table of names and values."),
    ],
)
def test_an_invalid_file_is_left_unchanged(empty_place: Place, text: bytes, says: str) -> None:
    FILE.write_bytes(text)
    sentence = refused(use(empty_place, "ollama/llama3.2", "--no-check"))
    assert says in sentence
    assert "canary" not in sentence
    assert FILE.read_bytes() == text


def test_a_file_that_cant_be_read_or_written_is_reported_in_one_sentence(empty_place: Place, tmp_path: Path) -> None:
    missing, folder = tmp_path / "missing" / "earmark.toml", tmp_path / "folder"
    folder.mkdir()
    assert "Can't write" in refused(use(empty_place, "earmark", EARMARK_CONFIG=str(missing)))
    assert "can't be read" in refused(use(empty_place, "earmark", EARMARK_CONFIG=str(folder)))
    assert list(folder.iterdir()) == []


def test_a_missing_sdk_is_reported_with_the_command_that_installs_it(empty_place: Place) -> None:
    done = run_without("openai", empty_place, "use", "ollama/llama3.2", "--no-check")
    assert done.returncode == 0
    assert any(line.strip().startswith("make") and line.endswith("install-models") for line in done.stdout.splitlines())
