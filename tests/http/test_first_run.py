"""A new server in a browser: `GET /` leads to the console, and a one-time link sets up the installation."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest

import earmark
from earmark.clock import now_us, parse_time
from earmark.identity.audit import walk_events
from earmark.identity.projects import find_installation, get_tenant, list_projects, put_installation
from earmark.runtime import Runtime
from tests.http.conftest import error_of
from tests.server import Place, Server, new_project, running, wait_until

BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
NAMES = {"project_name": "Lanterns", "person_name": "Ada"}


# ---- GET / -----------------------------------------------------------------------------------------


def test_the_root_leads_a_browser_to_the_console(server: Server) -> None:
    for method in ("GET", "HEAD"):
        answer = httpx.request(method, server.base_url + "/", headers={"Accept": BROWSER})
        assert (answer.status_code, answer.headers["location"]) == (307, "/console")
        assert answer.headers["vary"] == "accept"
    page = httpx.get(server.base_url + "/", headers={"Accept": BROWSER}, follow_redirects=True)
    assert "<earmark-app>" in page.text


@pytest.mark.parametrize("accept", ["application/json", "*/*", "", "application/json, text/html;q=0.5"])
def test_the_root_tells_programs_what_this_is(server: Server, accept: str) -> None:
    answer = httpx.get(server.base_url + "/", headers={"Accept": accept})
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/json")
    about = answer.json()
    assert (about["name"], about["version"], about["api"]) == ("earmark", earmark.__version__, "/v1")
    for name in ("docs", "openapi", "health", "console"):
        assert httpx.get(server.base_url + about[name]).status_code == 200
    head = httpx.head(server.base_url + "/", headers={"Accept": accept})
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["content-length"] == str(len(answer.content))


def test_the_root_has_no_other_form_and_no_other_method(server: Server) -> None:
    refused = httpx.get(server.base_url + "/", headers={"Accept": "image/png"})
    assert (refused.status_code, refused.json()["error"]["code"]) == (406, "not_acceptable")
    assert httpx.post(server.base_url + "/").status_code == 405


# ---- the link --------------------------------------------------------------------------------------


def setup_link(server: Server) -> str:
    """Return the link that a new server prints."""
    stdout: Any = server.process.stdout
    for line in stdout:
        if "/console#setup=" in line:
            return str(line.strip())
    raise AssertionError("the server printed no link")


def set_up(server: Server, code: str, **names: Any) -> httpx.Response:
    """Set up the installation with this code."""
    return httpx.post(f"{server.base_url}/v1/console/setup", json={"code": code, **NAMES, **names}, timeout=60)


def test_the_link_makes_a_project_a_person_and_a_key_once(empty_place: Place) -> None:
    with running(empty_place) as server:
        address, _, code = setup_link(server).partition("/console#setup=")
        assert address == server.base_url
        answer = set_up(server, code)
        assert answer.status_code == 201, answer.text
        made = answer.json()
        assert answer.headers["cache-control"] == "no-store"
        assert set(made) == {"project_id", "end_user_id", "key", "console"}
        hours = (parse_time(made["console"]["expires_at"]) - now_us()) / 3_600_000_000
        assert 11.9 < hours <= 12
        for key in (made["key"], made["console"]["key"]):
            with server.client(key) as client:
                (user,) = client.get("/v1/end-users").json()["data"]
            assert (user["id"], user["project_id"]) == (made["end_user_id"], made["project_id"])
            assert (user["name"], user["external_id"]) == ("Ada", "Ada")
        assert set_up(server, code).status_code == 401

    async def trail(runtime: Runtime) -> list[str]:
        assert [one.name for one in await list_projects(runtime.operator)] == ["Lanterns"]
        return [one.action async for one in walk_events(await get_tenant(runtime.operator, made["project_id"], "live"))]

    assert empty_place.run(trail) == ["processing.changed", "key.created", "console.signed_in"]


def test_what_is_dropped_into_a_new_project_is_transcribed_and_summarised(empty_place: Place) -> None:
    with running(empty_place) as server:
        code = setup_link(server).partition("#setup=")[2]
        made = set_up(server, code).json()
        with server.client(made["key"]) as client:
            found = client.get("/v1/config/processing").json()
            assert found["source"] == "project"
            assert found["value"]["auto_transcription"] == {"enabled": True}
            assert found["value"]["auto_summary"] == {"enabled": True, "template": "tmpl_general_notes"}
            assert found["value"]["auto_embedding"] == {"enabled": True}
            said = "WEBVTT\n\n00:01.000 --> 00:09.000\n<v Ada>We decided to light the lanterns at eight.\n"
            recording = client.post("/v1/recordings", json={"end_user_id": made["end_user_id"]}).json()["id"]
            as_vtt = {"Content-Type": "text/vtt"}
            put = client.put(f"/v1/recordings/{recording}/transcript", content=said, headers=as_vtt)
            assert put.status_code == 201
            which = {"recording_id": recording}
            wait_until(lambda: len(client.get("/v1/summaries", params=which).json()["data"]) == 1)


def test_a_server_with_a_project_prints_no_link_and_takes_no_code(fresh_place: Place) -> None:
    with running(fresh_place) as server:
        code = setup_link(server).partition("#setup=")[2]
        new_project(fresh_place)
        refused = set_up(server, code)
        assert refused.status_code == 401
        assert "earmark setup" in error_of(refused)["message"]
    with running(fresh_place) as server:
        stdout: Any = server.process.stdout
        assert stdout.readline() == f"console: {server.base_url}/console\n"
        server.stop()
        assert stdout.read() == "sign in with a link from `earmark console-link`\n"


@pytest.mark.parametrize("names", [{"project_name": " "}, {"person_name": "a\x1b[2J"}, {"person_name": " "}])
def test_a_bad_name_is_refused_and_the_link_still_works(fresh_place: Place, names: dict[str, str]) -> None:
    with running(fresh_place) as server:
        code = setup_link(server).partition("#setup=")[2]
        refused = set_up(server, code, **names)
        assert (refused.status_code, [error_of(refused)["param"]]) == (400, list(names))
        assert set_up(server, code).status_code == 201


def test_a_wrong_and_an_expired_code_are_refused_alike(fresh_place: Place) -> None:
    with running(fresh_place) as server:
        code = setup_link(server).partition("#setup=")[2]
        wrong = set_up(server, "x" * 43)

        async def expire(runtime: Runtime) -> None:
            stored = await find_installation(runtime.operator, "setup_code")
            assert stored is not None
            assert code not in stored
            await put_installation(runtime.operator, "setup_code", f"{stored.split()[0]} {now_us() - 1}")

        fresh_place.run(expire)
        expired = set_up(server, code)
    assert (wrong.status_code, expired.status_code) == (401, 401)
    assert error_of(wrong)["message"] == error_of(expired)["message"]


def test_many_requests_at_once_make_one_project_across_processes(fresh_place: Place) -> None:
    with running(fresh_place, "--workers", "2") as server:
        code = setup_link(server).partition("#setup=")[2]
        with ThreadPoolExecutor(8) as pool:
            answers = list(pool.map(lambda _: set_up(server, code).status_code, range(8)))
    assert sorted(answers) == [201] + [401] * 7

    async def count(runtime: Runtime) -> int:
        return len(await list_projects(runtime.operator))

    assert fresh_place.run(count) == 1


def test_a_new_start_replaces_the_link(fresh_place: Place) -> None:
    with running(fresh_place) as server:
        first = setup_link(server).partition("#setup=")[2]
    with running(fresh_place) as server:
        second = setup_link(server).partition("#setup=")[2]
        assert (set_up(server, first).status_code, set_up(server, second).status_code) == (401, 201)


def test_guesses_are_counted(fresh_place: Place) -> None:
    with running(fresh_place) as server:
        statuses = [set_up(server, "guess").status_code for _ in range(12)]
    assert set(statuses) == {401, 429}


def test_no_log_contains_the_code_or_a_key(fresh_place: Place, tmp_path: Path) -> None:
    log = tmp_path / "log"
    with log.open("w") as stderr:
        loud = {"EARMARK_LOG_LEVEL": "debug", "EARMARK_LOG_REQUESTS": "true"}
        with running(fresh_place, stderr=stderr, **loud) as server:
            code = setup_link(server).partition("#setup=")[2]
            made = set_up(server, code).json()
    written = log.read_text()
    assert "/v1/console/setup" in written
    for secret in (code, made["key"], made["console"]["key"]):
        assert secret not in written
