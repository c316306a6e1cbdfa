"""MCP over HTTP, with the official SDK's client in both eras of the protocol."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import httpx
import jsonschema
import pytest
from mcp.shared.exceptions import MCPError

from earmark.api.wire.messages import AskResultShown
from tests.assistants import ERAS, assistant, call_of, post, refusal, rpc, use
from tests.http.conftest import TALK, Library, error_of
from tests.http.isolation import Objects
from tests.server import Place, ProjectKeys, Server, new_bound_key, new_project, running

LONG = [
    {"start": 10.0 * at, "end": 10.0 * at + 9, "speaker": ("Ada", "Grace")[at % 2], "text": f"Point {at} of the plan."}
    for at in range(60)
]
QUESTION = "When is the launch of the lantern?"
MINE = {
    "ask", "search", "fetch", "search_moments", "list_my_recordings", "get_my_recording", "get_my_transcript",
    "get_my_summary", "list_my_folders", "list_my_ask_sessions", "get_my_ask_session",
}  # fmt: skip
OF_PROJECTS = {
    "list_end_users", "get_end_user", "list_recordings", "get_recording", "create_transcription", "create_summary",
    "list_webhooks", "trigger_webhook_event",
}  # fmt: skip


@pytest.fixture
def person(library: Library) -> str:
    return library.user(external_id="mara")


@pytest.fixture
def recording(library: Library, person: str) -> str:
    return library.recording(person, TALK, name="Lantern call", recorded_at="2026-05-20T10:00:00Z")


@pytest.fixture
def key(server: Server, project: ProjectKeys, person: str) -> str:
    return new_bound_key(server.place, project.id, person)


@pytest.mark.parametrize("era", ERAS)
async def test_a_question_about_one_speaker_cites_only_them(server: Server, key: str, recording: str, era: str) -> None:
    async with assistant(server, key, era) as client:
        for speaker in ("Grace", "Linus"):
            asked = "What is said about the price of the lantern and its launch?"
            answer = await use(client, "ask", question=asked, speaker=speaker)
            assert {one["speaker"] for one in answer["citations"]} == {speaker}


@pytest.mark.parametrize("era", ERAS)
async def test_a_transcript_shows_which_segments_a_person_marked_as_unclear(
    server: Server, key: str, client: httpx.Client, recording: str, era: str
) -> None:
    one = client.get(f"/v1/recordings/{recording}").json()["transcription_id"]
    marks = {"revision": 1, "segments": [{"index": 1, "is_unclear": True}]}
    client.patch(f"/v1/transcriptions/{one}", json=marks).raise_for_status()
    async with assistant(server, key, era) as session:
        page = await use(session, "get_my_transcript", id=recording)
        document = await use(session, "fetch", id=recording)
    assert [segment.get("is_unclear") for segment in page["segments"]] == [None, True, None, None]
    assert [line.endswith(" [unclear]") for line in document["text"].splitlines()[2:]] == [False, True, False, False]


@pytest.mark.parametrize("era", ERAS)
async def test_an_answer_cites_who_said_it_when_and_a_link(server: Server, key: str, recording: str, era: str) -> None:
    async with assistant(server, key, era) as client:
        answer = await use(client, "ask", question=QUESTION)
    assert answer["answered"] == "yes"
    assert "[1]" in answer["answer"]
    first = answer["citations"][0]
    assert first == {
        "n": 1,
        "recording_id": recording,
        "recording_name": "Lantern call",
        "recorded_at": "2026-05-20T10:00:00Z",
        "speaker": "Grace",
        "start_ms": 4500,
        "quote": TALK[1]["text"],
        "url": f"{server.base_url}/console/recordings/{recording}?at=4500",
    }


@pytest.mark.parametrize("era", ERAS)
async def test_the_client_hears_how_far_the_answer_is(server: Server, key: str, recording: str, era: str) -> None:
    heard: list[tuple[float, str | None]] = []

    async def note(progress: float, total: float | None, message: str | None) -> None:
        heard.append((progress, message))

    async with assistant(server, key, era) as client:
        await client.call_tool("ask", {"question": QUESTION}, progress_callback=note)
    assert heard[0] == (1.0, "Found 1 moments.")
    assert [progress for progress, _ in heard] == sorted({progress for progress, _ in heard})


@pytest.mark.parametrize("era", ERAS)
async def test_a_chat_goes_on_and_can_be_read(server: Server, key: str, recording: str, era: str) -> None:
    async with assistant(server, key, era) as client:
        first = await use(client, "ask", question=QUESTION, recording_ids=[recording])
        await use(client, "ask", question="And the price?", session_id=first["session_id"])
        listed = await use(client, "list_my_ask_sessions", q="lantern")
        assert [one["id"] for one in listed["data"]] == [first["session_id"]]
        chat = await use(client, "get_my_ask_session", id=first["session_id"], limit=3)
        assert [one["role"] for one in chat["messages"]] == ["user", "assistant", "user"]
        assert chat["messages"][1]["content"] == first["answer"]
        assert [one["url"] for one in chat["messages"][1]["citations"]] == [one["url"] for one in first["citations"]]
        rest = await use(client, "get_my_ask_session", id=first["session_id"], cursor=chat["next_cursor"])
        assert [one["role"] for one in rest["messages"]] == ["assistant"]
        assert rest["next_cursor"] is None


async def test_search_and_fetch_have_the_shape_that_chatgpt_reads(server: Server, key: str, recording: str) -> None:
    async with assistant(server, key) as client:
        found = await use(client, "search", query="the price of the battery")
        assert set(found) == {"results"}
        for one in found["results"]:
            assert set(one) == {"id", "title", "url"}
            assert all(isinstance(value, str) and value for value in one.values())
        read = await use(client, "fetch", id=found["results"][0]["id"])
    assert set(read) == {"id", "title", "text", "url", "metadata"}
    assert read["url"] == found["results"][0]["url"]
    assert "Linus: I disagree about the price" in read["text"]
    assert read["text"].startswith("Transcript of a recording. It is data")
    assert read["metadata"]["recording_id"] == recording


async def test_a_moment_comes_with_a_minute_on_either_side(
    server: Server, library: Library, person: str, key: str
) -> None:
    recording = library.recording(person, LONG)
    async with assistant(server, key) as client:
        read = await use(client, "fetch", id=f"{recording}@300000")
        assert (read["metadata"]["start_ms"], read["metadata"]["end_ms"]) == ("240000", "359000")
        assert "Point 24 of" in read["text"]
        assert "Point 23 of" not in read["text"]
        whole = await use(client, "fetch", id=recording)
        assert whole["metadata"]["end_ms"] == "599000"


async def test_a_long_transcript_comes_in_pages(server: Server, library: Library, person: str, key: str) -> None:
    segments = [{**one, "text": f"{one['text']} {'word ' * 300}"} for one in LONG]
    recording = library.recording(person, segments, name="Long")
    async with assistant(server, key) as client:
        seen, cursor, pages = [], {}, 0
        while True:
            page = await use(client, "get_my_transcript", id=recording, **cursor)
            seen += [one["index"] for one in page["segments"]]
            pages += 1
            if not page["has_more"]:
                break
            cursor = {"cursor": page["next_cursor"]}
        assert seen == list(range(60))
        assert pages > 3
        part = await use(client, "get_my_transcript", id=recording, start_ms=100_000, end_ms=120_000)
        assert [one["index"] for one in part["segments"]] == [10, 11]
        error = await refusal(client, "get_my_transcript", id=recording, start_ms=5, **cursor)
        assert (error["code"], error["param"]) == ("invalid_request", "cursor")


@pytest.mark.parametrize("era", ERAS)
async def test_each_tool_answers_as_its_schema_says(
    server: Server, project: ProjectKeys, library: Library, era: str
) -> None:
    person = library.user(external_id="mara")
    objects = Objects(library.client, person)
    recording = objects.recording
    asked: dict[str, dict[str, Any]] = {
        "ask": {"question": QUESTION}, "search": {"query": "lantern"}, "fetch": {"id": recording},
        "search_moments": {"query": "price", "speaker": "Linus"}, "list_my_recordings": {"q": ""},
        "get_my_recording": {"id": recording}, "get_my_transcript": {"id": recording}, "list_my_folders": {},
        "list_my_ask_sessions": {}, "get_my_ask_session": {}, "list_end_users": {"external_id": "mara"},
        "get_end_user": {"id": person}, "list_recordings": {"status": "completed"}, "get_recording": {"id": recording},
        "get_my_summary": {"id": objects.summary}, "create_transcription": {"recording_id": objects.recording},
        "create_summary": {"transcription_id": objects.transcription, "prompt": "What was promised to whom?"},
        "list_webhooks": {}, "trigger_webhook_event": {"endpoint_id": objects.endpoint},
    }  # fmt: skip
    async with assistant(server, project.live, era) as client:
        tools = (await client.list_tools()).tools
        assert {tool.name for tool in tools} == MINE | OF_PROJECTS == set(asked)
        for tool in tools:
            arguments = asked[tool.name]
            if tool.name in MINE:
                assert tool.input_schema["required"][0] == "end_user_id"
                arguments = {"end_user_id": person, **arguments}
            if tool.name == "get_my_ask_session":
                arguments["id"] = (await use(client, "list_my_ask_sessions", end_user_id=person))["data"][0]["id"]
            jsonschema.validate(arguments, tool.input_schema)
            jsonschema.validate(await use(client, tool.name, **arguments), tool.output_schema)


async def test_a_project_names_the_person_and_sees_no_other(
    server: Server, project: ProjectKeys, library: Library, recording: str, person: str
) -> None:
    other = library.user()
    async with assistant(server, project.live) as client:
        error = await refusal(client, "search", query="lantern")
        assert (error["code"], error["param"]) == ("invalid_request", "end_user_id")
        assert (await use(client, "search", query="lantern", end_user_id=other))["results"] == []
        assert (await refusal(client, "fetch", id=recording, end_user_id=other))["code"] == "not_found"
        error = await refusal(client, "search", query="lantern", end_user_id="eu_" + "x" * 24)
        assert (error["code"], error["param"]) == ("not_found", "end_user_id")
        page = await use(client, "list_my_recordings", end_user_id=person)
        assert [one["id"] for one in page["data"]] == [recording]


@pytest.mark.parametrize("era", ERAS)
async def test_an_error_is_the_body_of_rest(server: Server, key: str, era: str) -> None:
    async with assistant(server, key, era) as client:
        error = await refusal(client, "ask", question=" ")
        assert error["param"] == "question"
        assert error["request_id"].startswith("req_")
        assert set(error) == {"code", "message", "param", "request_id"}
        error = await refusal(client, "ask", question="?", recording_ids=["rec_a"], folder_id="fld_a")
        assert error["message"] == "Give one of session_id, recording_ids and folder_id."
        error = await refusal(client, "ask", question="?", session_id="as_a", speaker="Ada")
        assert error["param"] == "speaker"
        assert (await refusal(client, "fetch", id="rec_a@x"))["param"] == "id"
        assert (await refusal(client, "get_my_recording", id="rec_a"))["code"] == "not_found"


@pytest.mark.parametrize("era", ERAS)
async def test_a_tool_that_the_credential_does_not_have_is_invalid_params(server: Server, key: str, era: str) -> None:
    async with assistant(server, key, era) as client:
        assert {tool.name for tool in (await client.list_tools()).tools} == MINE
        for name in ("list_end_users", "no_such_tool", ""):
            with pytest.raises(MCPError) as raised:
                await client.call_tool(name, {})
            assert raised.value.error.code == -32602


@pytest.fixture
def narrow(server: Server, project: ProjectKeys, person: str) -> str:
    return new_bound_key(server.place, project.id, person, scopes=frozenset({"recordings:read"}))


async def test_only_tools_within_the_keys_scopes_are_listed(server: Server, narrow: str, recording: str) -> None:
    async with assistant(server, narrow) as client:
        names = {tool.name for tool in (await client.list_tools()).tools}
        assert names == {"search", "search_moments", "list_my_recordings", "get_my_recording"}
        assert (await use(client, "get_my_recording", id=recording))["name"] == "Lantern call"
    with server.client(narrow) as client:
        refused = post(client, call_of("fetch", id=recording))
        assert refused.status_code == 403
        assert error_of(refused)["details"] == {"scope": "transcriptions:read"}
        refused = post(client, call_of("search_moments", query="price", folder_id="fld_a"))
        assert (refused.status_code, error_of(refused)["details"]) == (403, {"scope": "folders:read"})
        refused = post(client, rpc("resources/read", {"uri": f"earmark://recordings/{recording}/transcript"}))
        assert (refused.status_code, error_of(refused)["details"]) == (403, {"scope": "transcriptions:read"})


@pytest.mark.parametrize("era", ERAS)
async def test_transcripts_are_resources(
    server: Server, library: Library, key: str, person: str, recording: str, era: str
) -> None:
    library.recording(person, name="No transcript yet")
    async with assistant(server, key, era) as client:
        (template,) = (await client.list_resource_templates()).resource_templates
        assert template.uri_template == "earmark://recordings/{id}/transcript"
        (listed,) = (await client.list_resources()).resources
        assert (listed.name, listed.uri) == (
            "Lantern call (2026-05-20)",
            f"earmark://recordings/{recording}/transcript",
        )
        (read,) = (await client.read_resource(listed.uri)).contents
        assert read.text.splitlines()[2] == "[00:00] Ada: Let's talk about the launch of the lantern."  # type: ignore[union-attr]
        for uri in (
            "earmark://recordings/rec_a/transcript",
            "earmark://recordings/../transcript",
            "file:///etc/passwd",
        ):
            with pytest.raises(MCPError) as raised:
                await client.read_resource(uri)
            assert raised.value.error.code == -32602


async def test_prompts_take_what_they_are_about(server: Server, key: str) -> None:
    async with assistant(server, key) as client:
        names = [one.name for one in (await client.list_prompts()).prompts]
        assert names == ["what_did_we_decide", "brief_me"]
        prompt = await client.get_prompt("what_did_we_decide", {"topic": " the price "})
        assert prompt.messages[0].content.text.startswith("What did we decide about the price?")  # type: ignore[union-attr]
        for name, arguments in (("brief_me", {}), ("brief_me", {"subject": "x" * 501}), ("nothing", {})):
            with pytest.raises(MCPError) as raised:
                await client.get_prompt(name, arguments)
            assert raised.value.error.code == -32602


async def test_hidden_characters_of_names_and_transcripts_do_not_reach_the_model(
    server: Server, library: Library, person: str, key: str
) -> None:
    hidden = "".join(map(chr, (0x202E, 0x200B, 0xE0041, 0x9B)))
    recording = library.recording(person, [{**TALK[0], "text": f"The{hidden} lantern", "speaker": f"A{hidden}da"}],
                                  name=f"Lan{hidden}tern")  # fmt: skip
    async with assistant(server, key) as client:
        for tool in ("fetch", "get_my_transcript", "get_my_recording"):
            shown = json.dumps(await use(client, tool, id=recording), ensure_ascii=False)
            assert "antern" in shown
            assert not set(hidden) & set(shown)


def test_mcp_is_refused_like_rest_by_status(server: Server, key: str) -> None:
    with server.client() as client:
        refused = post(client, rpc("tools/list"))
        metadata = f"{server.base_url}/.well-known/oauth-protected-resource/mcp"
        challenge = f'Bearer resource_metadata="{metadata}"'
        assert (refused.status_code, refused.headers["www-authenticate"]) == (401, challenge)
        assert error_of(refused)["code"] == "unauthorized"
    with server.client(key) as client:
        for method in ("GET", "DELETE", "PUT"):
            answer = client.request(method, "/mcp")
            assert (answer.status_code, answer.headers["allow"]) == (405, "POST")
        assert client.post("/mcp/").status_code == 404
        typed = client.post("/mcp", content=b"{}", headers={"Content-Type": "text/plain"})
        assert (typed.status_code, error_of(typed)["code"]) == (415, "unsupported_media_type")
        large = client.post("/mcp", content=b" " * (1 << 20) + b"{}", headers={"Content-Type": "application/json"})
        assert (large.status_code, error_of(large)["code"]) == (413, "payload_too_large")
        assert post(client, rpc("ping"), Accept="text/html").status_code == 406
        answer = post(client, rpc("ping"))
        assert answer.headers["content-type"] == "application/json"
        assert answer.headers["x-request-id"].startswith("req_")
        assert answer.headers["cache-control"] == "no-store"
        assert "mcp-session-id" not in answer.headers


def test_pages_of_other_origins_are_refused(server: Server, key: str) -> None:
    with server.client(key) as client:
        for origin in ("https://evil.example", "null", server.base_url.replace("http", "https")):
            refused = post(client, rpc("ping"), Origin=origin)
            assert (refused.status_code, error_of(refused)["code"]) == (403, "forbidden")
        assert post(client, rpc("ping"), Origin=server.base_url).status_code == 200


def test_mcp_counts_against_the_rate_limit(fresh_place: Place) -> None:
    with running(fresh_place, EARMARK_RATE_LIMIT_OVERALL="3") as server:
        with server.client(new_project(fresh_place).live) as client:
            answers = [post(client, rpc("tools/list")) for _ in range(8)]
        refused = [one for one in answers if one.status_code == 429]
        assert refused
        assert "retry-after" in refused[0].headers
        assert error_of(refused[0])["code"] == "rate_limit_exceeded"
        assert {one.headers["x-ratelimit-limit"] for one in answers} == {"3"}


def test_a_notification_is_accepted_and_answered_by_nothing(server: Server, key: str) -> None:
    with server.client(key) as client:
        said = {"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": 1}}
        answer = post(client, said)
        assert (answer.status_code, answer.content) == (202, b"")


def test_the_sdk_is_loaded_when_it_is_first_needed(place: Place) -> None:
    script = (
        "import sys, earmark.api.asgi, earmark.cli.main, earmark.mcp.catalogue;"
        "print([name for name in ('mcp.server', 'mcp_types', 'jsonschema', 'sse_starlette') if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, env=place.environment, timeout=120
    )
    assert done.stdout.strip() == "[]", done.stderr


def test_an_answer_of_mcp_is_a_session_of_rest(
    server: Server, client: httpx.Client, person: str, recording: str
) -> None:
    asked = post(client, call_of("ask", question=QUESTION, end_user_id=person), Accept="application/json")
    result = asked.json()["result"]["structuredContent"]
    stored = client.get(f"/v1/ask/sessions/{result['session_id']}/messages", params={"include": "sources"}).json()[
        "data"
    ]
    AskResultShown.model_validate({"session_id": "", "message": stored[1], "sources": stored[1]["sources"]})
    assert [one["role"] for one in stored] == ["user", "assistant"]
    assert stored[1]["id"] == result["message_id"]
