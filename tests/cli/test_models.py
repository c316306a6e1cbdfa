"""`earmark doctor --models` and `earmark ask --provider`: language models from the terminal."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from tests.llm.vendor_server import ERROR_BODIES, Fails, Says, VendorServer, vendor_server
from tests.server import Place
from tests.zygote import run_forked


def _run(place: Place, vendor: VendorServer, *arguments: str) -> subprocess.CompletedProcess[str]:
    env = {**place.environment, "EARMARK_SERVERS__OLLAMA__BASE_URL": vendor.base_url + "/v1",
           "EARMARK_SERVERS__OLLAMA__MODEL": "llama", "EARMARK_MODEL_RETRY_S": "0",
           "EARMARK_OPENAI__API_KEY": "sk-canary-5", "EARMARK_OPENAI__BASE_URL": vendor.base_url + "/v1"}  # fmt: skip
    return run_forked(arguments, env, timeout=120)


def test_doctor_sends_each_model_a_prompt(fresh_place: Place) -> None:
    wrong_key = Fails(401, ERROR_BODIES["openai"](401, "invalid_api_key"))
    with vendor_server(wrong_key, Says(("Hello",))) as vendor:
        done = _run(fresh_place, vendor, "doctor", "--models", "--json")
    findings = {one["check"]: one for one in map(json.loads, done.stdout.splitlines())}
    assert done.returncode == 1
    assert findings["model earmark"]["ok"]
    assert (findings["model openai"]["ok"], "key" in findings["model openai"]["says"]) == (False, True)
    assert findings["model ollama"]["ok"], findings
    assert "canary" not in done.stdout + done.stderr


def test_ask_accepts_a_provider(fresh_place: Place, tmp_path: Path) -> None:
    talk = tmp_path / "talk.txt"
    talk.write_text("Ada: The launch is on the ninth of June.\n")
    project = json.loads(fresh_place.cli("projects", "create", "tests", "--json").stdout)["id"]
    fresh_place.cli("import", str(talk), "--project", project, "--end-user", "ada")
    with vendor_server(Says(("In June [1].",))) as vendor:
        who = ["--project", project, "--end-user", "ada"]
        done = _run(fresh_place, vendor, "ask", "When is the launch?", *who, "--provider", "ollama")
        assert "In June" in done.stdout, done.stderr
        unknown = _run(fresh_place, vendor, "ask", "When is the launch?", *who, "--provider", "claude")
    assert unknown.returncode == 1
    assert "EARMARK_CLAUDE__API_KEY" in unknown.stderr
    assert "Traceback" not in unknown.stderr


@pytest.mark.parametrize(
    ("name", "value", "names"),
    [
        ("EARMARK_DEFAULT_PROVIDER", "nobody", "not configured"),
        ("EARMARK_SERVERS__EARMARK__BASE_URL", "http://127.0.0.1:1/v1", "EARMARK_SERVERS"),
        ("EARMARK_SERVERS__OLLAMA__CONTEXT_TOKENS", "few", "EARMARK_SERVERS__OLLAMA__"),
    ],
)
def test_an_invalid_setting_is_reported_in_one_sentence(fresh_place: Place, name: str, value: str, names: str) -> None:
    env = {**fresh_place.environment, name: value}
    done = run_forked(["doctor"], env, timeout=60)
    assert done.returncode == 1
    assert names in done.stdout + done.stderr
    assert "Traceback" not in done.stderr
