"""A server notes where it listens, so that commands on the same data name its address and not the settings'."""

from __future__ import annotations

import json
import signal
from urllib.parse import urlsplit

import pytest

from tests.server import Place, new_project, running

DEFAULT = "http://127.0.0.1:8787"
NOTE = "server.json"


def _base_of_link(place: Place, project: str) -> str:
    url = urlsplit(json.loads(place.cli("console-link", "--project", project, "--json").stdout)["url"])
    return f"{url.scheme}://{url.netloc}"


@pytest.mark.parametrize("workers", ["1", "2"])
def test_a_console_link_leads_to_the_running_server(fresh_place: Place, workers: str) -> None:
    project = new_project(fresh_place).id
    assert _base_of_link(fresh_place, project) == DEFAULT
    with running(fresh_place, "--workers", workers) as server:
        assert _base_of_link(fresh_place, project) == server.base_url
        server.stop()
    assert _base_of_link(fresh_place, project) == DEFAULT


def test_a_note_of_a_killed_server_is_ignored(fresh_place: Place) -> None:
    project = new_project(fresh_place).id
    with running(fresh_place) as server:
        server.stop(signal.SIGKILL)
    assert (fresh_place.data_dir / NOTE).exists()
    assert _base_of_link(fresh_place, project) == DEFAULT
    with running(fresh_place) as server:
        assert _base_of_link(fresh_place, project) == server.base_url


def test_a_server_of_all_addresses_is_reached_at_this_machines(fresh_place: Place) -> None:
    project = new_project(fresh_place).id
    with running(fresh_place, "--host", "0.0.0.0") as server:
        port = urlsplit(server.base_url).port
        assert _base_of_link(fresh_place, project) == f"http://127.0.0.1:{port}"


def test_the_public_address_goes_first(fresh_place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    project = new_project(fresh_place).id
    with running(fresh_place):
        monkeypatch.setenv("EARMARK_PUBLIC_URL", "https://earmark.example")
        assert _base_of_link(fresh_place, project) == "https://earmark.example"


def test_the_quick_check_asks_the_running_server(fresh_place: Place) -> None:
    with running(fresh_place):
        assert "ok   server: ready" in fresh_place.cli("doctor", "--quick").stdout


def test_serve_says_how_to_sign_in_to_a_project_that_exists(fresh_place: Place) -> None:
    new_project(fresh_place)
    with running(fresh_place) as server:
        server.stop()
        assert server.process.stdout is not None
        assert server.process.stdout.read() == (
            f"console: {server.base_url}/console\nsign in with a link from `earmark console-link`\n"
        )
