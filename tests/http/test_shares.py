"""Shared links: they show what was shared to whoever has them, and nothing else."""

from __future__ import annotations

import io
import re
import sys
from pathlib import Path
from typing import Any

import av
import httpx
import pytest

from earmark.api.wire.shared_words import WORDS
from earmark.clock import now_us, render_time
from earmark.console.site import LANGUAGES
from earmark.identity.keys import create_key
from earmark.identity.projects import get_tenant
from earmark.runtime import Runtime
from tests.http.conftest import TALK, Library, error_of
from tests.server import ProjectKeys, Server

TWO_CITIES = Path(sys.prefix) / "share" / "earmark" / "speech-samples" / "two_cities.wav"
HOSTILE = '<script>alert(1)</script> & "quoted" <img src=x onerror=alert(2)>'


@pytest.fixture
def user(library: Library) -> str:
    return library.user(name="Ada")


@pytest.fixture
def recording(library: Library, user: str) -> str:
    return library.recording(user, TALK, name="Lantern call", recorded_at="2026-05-20T10:23:45Z")


def share(client: httpx.Client, **body: Any) -> dict[str, Any]:
    """Create a link; return it."""
    made = client.post("/v1/shares", json=body)
    assert made.status_code == 201, made.text
    return dict(made.json())


def opened(link: dict[str, Any]) -> httpx.Response:
    """Open a link as somebody without an account."""
    return httpx.get(link["url"])


def is_gone(link: dict[str, Any]) -> bool:
    """Whether a link shows nothing."""
    answer = opened(link)
    assert answer.status_code in (200, 404)
    assert answer.headers["content-type"].startswith("text/html")
    return answer.status_code == 404 and "not valid" in answer.text


def upload(client: httpx.Client, recording: str, content: bytes, media_type: str) -> None:
    """Give a recording audio."""
    begun = client.post(f"/v1/recordings/{recording}/upload-url", json={"content_type": media_type}).json()
    assert httpx.put(begun["upload_url"], content=content, headers=begun["headers"]).status_code == 200
    assert client.post(f"/v1/recordings/{recording}/upload-complete").status_code == 200


# ---- what it shows -----------------------------------------------------------------------------------


def test_a_link_shows_a_recordings_words_to_somebody_without_an_account(client: httpx.Client, recording: str) -> None:
    link = share(client, recording_id=recording)
    assert link["type"] == "recording"
    assert (link["with_words"], link["with_audio"], link["opened_count"]) == (True, False, 0)
    page = opened(link)
    assert page.status_code == 200
    assert "Lantern call" in page.text
    assert "2026-05-20" in page.text
    for one in TALK:
        assert one["speaker"] in page.text
        assert one["text"].replace("'", "&#x27;") in page.text
    assert "<audio" not in page.text
    assert httpx.get(f"{link['url']}/audio").status_code == 404
    shown = client.get(f"/v1/shares/{link['id']}").json()
    assert shown["opened_count"] == 1
    assert shown["last_opened_at"] is not None


def test_a_links_page_is_in_the_language_that_the_browser_wants_most(client: httpx.Client, recording: str) -> None:
    link = share(client, recording_id=recording, start_ms=0, end_ms=9_000)
    german = httpx.get(link["url"], headers={"Accept-Language": "de-CH,de;q=0.9,en;q=0.8"})
    assert "<html lang=de>" in german.text
    assert "00:00 bis 00:09" in german.text
    assert re.search(r"Zum Lesen geteilt mit earmark bis <time datetime=\S+>[\d-]{10}</time>\.</footer>", german.text)
    assert TALK[0]["text"].replace("'", "&#x27;") in german.text
    assert "accept-language" in german.headers["vary"]
    for accepted in ("", "fr", "en-GB,de;q=0.5"):
        english = httpx.get(link["url"], headers={"Accept-Language": accepted}).text
        assert ("<html lang=en>" in english, "Shared for reading" in english) == (True, True)
    gone = httpx.get(f"{link['url']}x", headers={"Accept-Language": "de"})
    assert (gone.status_code, "Dieser Link ist nicht gültig" in gone.text) == (404, True)
    assert WORDS.keys() == set(LANGUAGES)


def test_a_moment_shows_its_own_lines_only(client: httpx.Client, recording: str) -> None:
    link = share(client, recording_id=recording, start_ms=4_500, end_ms=9_000)
    assert (link["type"], link["start_ms"], link["end_ms"]) == ("moment", 4_500, 9_000)
    page = opened(link).text
    assert "I propose that we move the launch" in page
    assert "Agreed" not in page
    assert "talk about the launch" not in page


def test_a_chat_is_shown_as_it_was_when_it_was_shared(client: httpx.Client, library: Library, user: str) -> None:
    recording = library.recording(user, TALK, name="Lantern call")
    session = library.session(user)["id"]
    path = f"/v1/ask/sessions/{session}/messages"
    assert client.post(path, json={"content": "When is the launch of the lantern?"}).status_code == 200
    link = share(client, session_id=session)
    assert client.post(path, json={"content": "A private afterthought about the price?"}).status_code == 200
    page = opened(link).text
    assert "When is the launch of the lantern?" in page
    assert "ninth of June" in page
    assert re.search(r"”(</strong>)? <cite>\[Lantern call @ \d\d:\d\d\]</cite>", page)
    assert "afterthought" not in page
    client.delete(f"/v1/recordings/{recording}")
    assert "[a deleted recording @" in opened(link).text


def test_a_shared_chat_shows_no_later_answer_and_no_later_title(
    client: httpx.Client, library: Library, user: str
) -> None:
    library.recording(user, TALK, name="Lantern call")
    session = library.session(user)["id"]
    path = f"/v1/ask/sessions/{session}"
    asked = client.post(f"{path}/messages", json={"content": "When is the launch of the lantern?"}).json()
    question = client.get(f"{path}/messages").json()["data"][0]["id"]
    before = client.get(path).json()["title"]
    link = share(client, session_id=session)
    assert "ninth of June" in opened(link).text
    secret = {"start": 0, "end": 5, "speaker": "Ada", "text": "The launch of the lantern moves: the secret layoffs."}
    library.recording(user, [secret], name="Private")
    again = client.post(f"{path}/messages/{question}/regenerate", json={})
    assert (again.status_code, again.json()["message"]["id"] != asked["message"]["id"]) == (200, True)
    assert client.patch(path, json={"title": "About the layoffs"}).status_code == 200
    page = opened(link).text
    assert ("layoffs" in page, "Private" in page) == (False, False)
    assert f"<h1>{before}</h1>" in page
    assert "When is the launch of the lantern?" in page


def test_a_long_transcript_is_shown_whole_in_its_order(client: httpx.Client, library: Library, user: str) -> None:
    lines = [
        {"start": at, "end": at + 1, "speaker": "Ada" if at % 3 else "Bo", "text": f"This is line {at}."}
        for at in range(1_234)
    ]
    page = opened(share(client, recording_id=library.recording(user, lines))).text
    assert re.findall(r"This is line (\d+)\.", page) == [str(at) for at in range(1_234)]
    assert page.count("class=who>Bo") == len([one for one in lines if one["speaker"] == "Bo"])
    assert page.endswith("</html>")


def test_a_link_follows_what_is_corrected(client: httpx.Client, recording: str) -> None:
    link = share(client, recording_id=recording)
    transcription = client.get(f"/v1/recordings/{recording}").json()["transcription_id"]
    body = {"revision": 1, "segments": [{"index": 0, "text": "Let's talk about the torch."}]}
    assert client.patch(f"/v1/transcriptions/{transcription}", json=body).status_code == 200
    page = opened(link).text
    assert "about the torch" in page
    assert "launch of the lantern" not in page


def test_what_people_said_is_text_in_the_page_and_never_markup(
    client: httpx.Client, library: Library, user: str
) -> None:
    said = [{"start": 0.0, "end": 1.0, "speaker": HOSTILE[:100], "text": HOSTILE}]
    recording = library.recording(user, said, name=HOSTILE)
    page = opened(share(client, recording_id=recording))
    assert "<script>alert" not in page.text
    assert "<img" not in page.text
    assert page.text.count("<script>") == 1
    policy = page.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe-inline" not in policy
    assert page.headers["cache-control"] == "no-store"
    assert page.headers["referrer-policy"] == "no-referrer"
    assert page.headers["x-robots-tag"].startswith("noindex")


def test_a_recording_is_heard_whole_or_in_ranges_where_its_audio_is_shared(
    client: httpx.Client, recording: str
) -> None:
    upload(client, recording, b"RIFF" + bytes(range(256)), "audio/wav")
    link = share(client, recording_id=recording, with_audio=True)
    page = opened(link).text
    assert f"<audio controls preload=none src='/s/{link['url'].rpartition('/')[2]}/audio'>" in page
    assert page.count("data-at=") == len(TALK)
    audio = f"{link['url']}/audio"
    assert httpx.get(audio).content == b"RIFF" + bytes(range(256))
    part = httpx.get(audio, headers={"Range": "bytes=4-6"})
    assert (part.status_code, part.content) == (206, b"\0\1\2")
    changed = httpx.get(audio, headers={"Range": "bytes=4-6", "If-Range": '"of-another-file"'})
    assert (changed.status_code, len(changed.content)) == (200, 260)
    same = httpx.get(audio, headers={"Range": "bytes=4-6", "If-Range": part.headers["etag"]})
    assert (same.status_code, same.content) == (206, b"\0\1\2")


def test_of_a_moment_only_its_own_sound_leaves_the_server(client: httpx.Client, recording: str) -> None:
    upload(client, recording, TWO_CITIES.read_bytes(), "audio/wav")
    link = share(client, recording_id=recording, start_ms=4_500, end_ms=9_000, with_audio=True)
    assert "data-at=0 " in opened(link).text
    clip = httpx.get(f"{link['url']}/audio")
    assert clip.headers["content-type"] == "audio/ogg"
    with av.open(io.BytesIO(clip.content)) as decoded:
        assert decoded.duration is not None
        assert 4.4 <= decoded.duration / 1e6 <= 4.6
    part = httpx.get(f"{link['url']}/audio", headers={"Range": "bytes=4-9"})
    assert (part.status_code, len(part.content)) == (206, 6)
    assert part.content == clip.content[4:10]
    assert httpx.get(f"{link['url']}/audio").content == clip.content  # so that parts of two requests fit together


# ---- who may -----------------------------------------------------------------------------------------


def test_a_link_is_never_wider_than_its_maker(
    server: Server, project: ProjectKeys, client: httpx.Client, library: Library, user: str, recording: str
) -> None:
    upload(client, recording, b"sound", "audio/ogg")

    async def make(runtime: Runtime) -> tuple[str, str]:
        tenant = await get_tenant(runtime.operator, project.id, "live")
        keys = [await create_key(tenant, scopes=frozenset({one})) for one in ("recordings:read", "ask:read")]
        return keys[0].secret, keys[1].secret

    hears, reads_chats = server.place.run(make)
    with server.client(hears) as one:
        refused = one.post("/v1/shares", json={"recording_id": recording})
        assert (refused.status_code, error_of(refused)["details"]) == (403, {"scope": "transcriptions:read"})
        link = share(one, recording_id=recording, with_audio=True)
        assert link["with_words"] is False
        session = library.session(user)["id"]
        assert error_of(one.post("/v1/shares", json={"session_id": session}))["details"] == {"scope": "ask:read"}
    page = opened(link).text
    assert "Lantern call" in page
    assert "<audio" in page
    assert TALK[1]["text"] not in page
    with server.client(reads_chats) as one:
        assert one.get("/v1/shares").json()["data"] == []
        assert one.get(f"/v1/shares/{link['id']}").status_code == 404
        assert one.delete(f"/v1/shares/{link['id']}").status_code == 404
    assert not is_gone(link)


def test_a_links_secret_opens_nothing_else(server: Server, client: httpx.Client, recording: str) -> None:
    link = share(client, recording_id=recording)
    secret = link["url"].rpartition("/")[2]
    with server.client(secret) as one:
        assert one.get("/v1/recordings").status_code == 401
        assert one.post("/mcp", json={}).status_code == 401
    assert httpx.post(f"{server.base_url}/v1/console/sign-in", json={"code": secret}).status_code == 401
    for wrong in ("x", secret[:-1], secret + "A", secret.swapcase(), "%2e%2e", "A" * 5_000):
        assert httpx.get(f"{server.base_url}/s/{wrong}").status_code == 404
    assert httpx.get(f"{server.base_url}/s/").status_code == 404
    assert httpx.post(link["url"]).status_code == 405


def test_the_address_is_shown_once(client: httpx.Client, recording: str) -> None:
    body, headers = {"recording_id": recording}, {"Idempotency-Key": "share-once"}
    made = client.post("/v1/shares", json=body, headers=headers)
    again = client.post("/v1/shares", json=body, headers=headers)
    assert (made.status_code, again.status_code) == (201, 409)
    assert "url" not in client.get(f"/v1/shares/{made.json()['id']}").json()
    assert len(client.get("/v1/shares").json()["data"]) == 1


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"session_id": "as_" + "x" * 24, "recording_id": "rec_" + "x" * 24},
        {"session_id": "as_" + "x" * 24, "with_audio": True},
        {"recording_id": "rec_" + "x" * 24, "start_ms": 5},
        {"recording_id": "rec_" + "x" * 24, "start_ms": 5, "end_ms": 5},
        {"recording_id": "rec_" + "x" * 24, "start_ms": 0, "end_ms": 600_001},
        {"recording_id": "rec_" + "x" * 24, "start_ms": -1, "end_ms": 5},
        {"recording_id": "rec_" + "x" * 24, "expires_at": "2020-01-01T00:00:00Z"},
        {"recording_id": 5},
    ],
)
def test_what_cannot_be_shared_is_refused(client: httpx.Client, body: dict[str, Any]) -> None:
    answer = client.post("/v1/shares", json=body)
    assert answer.status_code == 400, answer.text
    error_of(answer)


def test_a_link_that_would_show_nothing_or_live_too_long_is_refused(
    client: httpx.Client, library: Library, user: str, recording: str
) -> None:
    empty = client.post("/v1/shares", json={"session_id": library.session(user)["id"]})
    assert (empty.status_code, error_of(empty)["code"]) == (409, "conflict")
    silent = client.post("/v1/shares", json={"recording_id": library.recording(user)})
    assert silent.status_code == 409
    assert client.post("/v1/shares", json={"recording_id": recording, "with_audio": True}).status_code == 409
    late = render_time(now_us() + 400 * 86_400_000_000)
    answer = client.post("/v1/shares", json={"recording_id": recording, "expires_at": late})
    assert (answer.status_code, error_of(answer)["param"]) == (400, "expires_at")
    assert client.post("/v1/shares", json={"recording_id": "rec_" + "x" * 24}).status_code == 404
    assert client.get("/v1/shares", params={"recording_id": recording}).json()["data"] == []
