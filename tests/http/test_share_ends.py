"""Shared links end when they should: revoked, expired, with their key, their person and what they show."""

from __future__ import annotations

import socket
import time
from urllib.parse import urlsplit

import httpx
import pytest

from earmark.clock import now_us, render_time
from earmark.identity import audit
from earmark.identity.console_sessions import create_console_session
from earmark.identity.keys import create_key, list_keys, revoke_key, rotate_key
from earmark.identity.projects import get_tenant
from earmark.identity.tokens import issue_token
from earmark.library.end_users import get_end_user
from earmark.runtime import Runtime
from tests.http.conftest import TALK, Library, error_of
from tests.http.test_shares import is_gone, share, upload
from tests.server import ProjectKeys, Server, wait_until


@pytest.fixture
def user(library: Library) -> str:
    return library.user(name="Ada")


@pytest.fixture
def recording(library: Library, user: str) -> str:
    return library.recording(user, TALK, name="Lantern call", recorded_at="2026-05-20T10:23:45Z")


def test_a_revoked_link_shows_nothing_at_once_and_is_no_longer_listed(client: httpx.Client, recording: str) -> None:
    link, other = share(client, recording_id=recording), share(client, recording_id=recording)
    assert [one["id"] for one in client.get("/v1/shares").json()["data"]] == [other["id"], link["id"]]
    assert [one["id"] for one in client.get("/v1/shares?offset=1").json()["data"]] == [link["id"]]
    assert client.delete(f"/v1/shares/{link['id']}").status_code == 204
    assert is_gone(link)
    assert not is_gone(other)
    assert [one["id"] for one in client.get("/v1/shares").json()["data"]] == [other["id"]]
    assert client.delete(f"/v1/shares/{link['id']}").status_code == 404


def test_a_link_ends_with_what_it_shows_and_with_its_person(
    client: httpx.Client, library: Library, user: str, recording: str
) -> None:
    link = share(client, recording_id=recording)
    other = share(client, recording_id=library.recording(user, TALK))
    session = library.session(user)["id"]
    assert client.post(f"/v1/ask/sessions/{session}/messages", json={"content": "What is new?"}).status_code == 200
    chat = share(client, session_id=session)
    assert client.delete(f"/v1/recordings/{recording}").status_code == 204
    assert is_gone(link)
    assert client.delete(f"/v1/ask/sessions/{session}").status_code == 204
    assert is_gone(chat)
    assert not is_gone(other)
    assert client.delete(f"/v1/end-users/{user}").status_code == 204
    assert is_gone(other)


def test_a_link_expires(server: Server, client: httpx.Client, recording: str) -> None:
    link = share(client, recording_id=recording, expires_at=render_time(now_us() + 2_000_000))
    until = now_us() + 30_000_000
    while not is_gone(link):
        assert now_us() < until
        time.sleep(0.2)
    assert client.get("/v1/shares").json()["data"] == []


def test_a_programs_link_ends_with_its_key_and_a_persons_outlives_the_token(
    server: Server, project: ProjectKeys, client: httpx.Client, user: str, recording: str
) -> None:
    async def make(runtime: Runtime) -> tuple[str, str, str]:
        tenant = await get_tenant(runtime.operator, project.id, "live")
        owner = await get_end_user(tenant, user)
        key = await create_key(tenant, scopes=frozenset({"recordings:read", "transcriptions:read"}))
        return key.id, key.secret, (await issue_token(tenant, (owner.id, owner.number))).secret

    key_id, key, token = server.place.run(make)
    with server.client(key) as program, server.client(token) as person:
        programs, persons = (share(one, recording_id=recording) for one in (program, person))
    assert not is_gone(programs)

    async def revoke(runtime: Runtime) -> None:
        await revoke_key(await get_tenant(runtime.operator, project.id, "live"), key_id)

    server.place.run(revoke)
    assert client.delete(f"/v1/end-users/{user}/tokens").status_code == 204
    assert is_gone(programs)
    assert not is_gone(persons)


def test_a_programs_link_ends_when_its_key_expires_or_is_rotated_with_a_grace_period(
    server: Server, project: ProjectKeys, recording: str
) -> None:
    async def make(runtime: Runtime) -> tuple[str, str]:
        tenant = await get_tenant(runtime.operator, project.id, "live")
        short = await create_key(tenant, expires_us=now_us() + 1_500_000)
        rotated = await create_key(tenant)
        return short.secret, rotated.secret

    async def rotate(runtime: Runtime) -> None:
        tenant = await get_tenant(runtime.operator, project.id, "live")
        newest = next(one for one in await list_keys(tenant) if one.hint == secrets[1][-4:])
        await rotate_key(tenant, newest.id, grace_us=1_000_000)

    secrets = server.place.run(make)
    links = []
    for secret in secrets:
        with server.client(secret) as program:
            links.append(share(program, recording_id=recording))
    server.place.run(rotate)
    wait_until(lambda: all(map(is_gone, links)))


def test_a_key_can_not_be_labelled_as_those_of_browsers_are(client: httpx.Client) -> None:
    refused = client.post("/v1/keys", json={"label": "console"})
    assert (refused.status_code, error_of(refused)["param"]) == (400, "label")


def test_sound_stops_flowing_when_its_link_is_revoked(client: httpx.Client, recording: str) -> None:
    upload(client, recording, bytes(40_000_000), "audio/wav")
    link = share(client, recording_id=recording, with_audio=True)
    url = urlsplit(link["url"])
    with socket.create_connection((url.hostname, url.port)) as listener:
        listener.sendall(f"GET {url.path}/audio HTTP/1.1\r\nHost: {url.netloc}\r\n\r\n".encode())
        got = len(listener.recv(100_000))
        assert client.delete(f"/v1/shares/{link['id']}").status_code == 204
        time.sleep(6)  # the server looks every five seconds
        while piece := listener.recv(1 << 20):
            got += len(piece)
    assert got < 40_000_000


def test_a_link_made_in_the_console_outlives_signing_out(
    server: Server, project: ProjectKeys, client: httpx.Client, recording: str
) -> None:
    async def sign_in(runtime: Runtime) -> str:
        tenant = await get_tenant(runtime.operator, project.id, "live")
        return (await create_console_session(tenant, label="Browser", actor="tests")).secret

    headers = {"Sec-Fetch-Site": "same-origin", "X-Earmark-CSRF": "1"}
    cookies = {"earmark-session": server.place.run(sign_in)}
    with httpx.Client(base_url=server.base_url, headers=headers, cookies=cookies) as console:
        link = share(console, recording_id=recording)
        assert console.post("/auth/sign-out").status_code == 204
        assert console.get("/v1/shares").status_code == 401
    assert not is_gone(link)


def test_every_link_is_in_the_audit_trail_without_its_secret(
    server: Server, project: ProjectKeys, client: httpx.Client, recording: str
) -> None:
    link = share(client, recording_id=recording)
    assert client.delete(f"/v1/shares/{link['id']}").status_code == 204

    async def read(runtime: Runtime) -> list[tuple[str, str | None, str]]:
        tenant = await get_tenant(runtime.operator, project.id, "live")
        return [(one.action, one.object_id, one.actor) async for one in audit.walk_events(tenant)]

    events = [one for one in server.place.run(read) if one[0].startswith("share.")]
    assert [one[:2] for one in events] == [("share.created", link["id"]), ("share.revoked", link["id"])]
    assert all(actor.startswith("key_") for *_, actor in events)
