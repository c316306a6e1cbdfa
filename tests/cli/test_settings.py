"""Settings with wrong values and wrong names: what `earmark doctor`, `serve` and other commands say of them."""

from __future__ import annotations

import json
import socket
from pathlib import Path

import pytest

from earmark.config import SettingsError, find_unknown_settings, load_settings
from tests.cli.test_cli import check_mistake
from tests.server import Place, running


@pytest.fixture(autouse=True)
def _in_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("EARMARK_PORT", "many", "EARMARK_PORT: must be a whole number."),
        ("EARMARK_PORT", "70000", "EARMARK_PORT: must be at most 65535."),
        ("EARMARK_TURN_WAIT_S", "0", "EARMARK_TURN_WAIT_S: must be more than 0."),
        ("EARMARK_METRICS", "perhaps", "EARMARK_METRICS: must be true or false."),
        ("EARMARK_LOG_LEVEL", "chatty", "EARMARK_LOG_LEVEL: must be 'debug', 'info', 'warning' or 'error'."),
        ("EARMARK_PUBLIC_URL", "ftp://x", "EARMARK_PUBLIC_URL: must be an http or https URL without a query."),
        ("EARMARK_FALLBACK", '"one"', "EARMARK_FALLBACK: must be a list."),
        ("EARMARK_SERVERS__OLLAMA__MODEL", "m", "EARMARK_SERVERS__OLLAMA__BASE_URL: is missing."),
        ("EARMARK_OPENAI__MODELL", "m", "EARMARK_OPENAI__MODELL: is not a setting."),
    ],
)
def test_a_wrong_value_is_described_in_the_projects_own_words(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, says: str
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError) as refused:
        load_settings()
    assert refused.value.message == says


def test_a_wrong_value_in_the_file_names_the_file_and_the_key(desk: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    Path("earmark.toml").write_text('workers = "many"\n[servers.ollama]\nmodel = "m"\nbase_url = 1\n')
    assert "earmark.toml: servers.ollama.base_url: must be text." in str(_refusal())
    said = check_mistake(desk.cli("projects", "list", check=False), 1)
    assert said.startswith("earmark: earmark.toml: ")
    monkeypatch.setenv("EARMARK_SERVERS__OLLAMA__BASE_URL", "http://127.0.0.1:1/v1")
    assert str(_refusal()) == "earmark.toml: workers: must be a whole number."


def _refusal() -> SettingsError:
    with pytest.raises(SettingsError) as refused:
        load_settings()
    return refused.value


def test_a_log_level_may_be_written_in_capitals(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EARMARK_LOG_LEVEL", "WARNING")
    assert load_settings().log_level == "warning"


def test_an_empty_url_is_not_set(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("EARMARK_TRACES_ENDPOINT", "EARMARK_PUBLIC_URL"):
        monkeypatch.setenv(name, "")
    assert (load_settings().traces_endpoint, load_settings().public_url) == (None, None)


def test_misspelt_settings_are_named_with_the_nearest_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EARMARK_METRIC", "true")
    monkeypatch.setenv("EARMARK_XYZZY", "1")
    monkeypatch.setenv("EARMARK_SEVERS__OLLAMA__MODEL", "m")
    monkeypatch.setenv("EARMARK_KEY", "sk_live_…")  # a client's
    monkeypatch.setenv("EARMARK_OPENAI__MODEL", "m")
    Path("earmark.toml").write_text("log_request = true\nport = 8787\n")
    assert find_unknown_settings() == [
        "EARMARK_METRIC is not a setting; did you mean EARMARK_METRICS?",
        "EARMARK_SEVERS__OLLAMA__MODEL is not a setting; did you mean EARMARK_SERVERS?",
        "EARMARK_XYZZY is not a setting.",
        "log_request in earmark.toml is not a setting; did you mean log_requests?",
    ]


def test_a_misspelt_setting_is_a_warning_of_doctor_and_of_the_servers_log(desk: Place, tmp_path: Path) -> None:
    log = tmp_path / "log"
    with log.open("w") as stderr, running(desk, stderr=stderr, EARMARK_METRIC="true"):
        pass
    lines = [row for row in map(json.loads, log.read_text().splitlines()) if row["event"] == "settings.unknown"]
    says = "EARMARK_METRIC is not a setting; did you mean EARMARK_METRICS?"
    assert [(row["level"], row["reason"]) for row in lines] == [("warning", says)]


def test_doctor_warns_of_a_misspelt_setting(desk: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EARMARK_METRIC", "true")
    done = desk.cli("doctor")
    assert "warn settings: EARMARK_METRIC is not a setting; did you mean EARMARK_METRICS?\n" in done.stdout


def test_an_address_of_another_machine_is_named_as_such(desk: Place, project: str) -> None:
    desk.cli("keys", "create", "--project", project)
    said = check_mistake(desk.cli("serve", "--host", "192.0.2.1", "--port", "0", check=False), 1)
    assert "192.0.2.1 is not an address of this machine" in said
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        assert "choose another port" in check_mistake(desk.cli("serve", "--port", port, check=False), 1)
