"""Corrections: speakers and words of a transcript, their revision, and what follows them."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from earmark.corrections.correcting import correct_transcript
from earmark.corrections.errors import RevisionStaleError
from earmark.corrections.types import Correction, Request
from earmark.identity.projects import get_tenant
from earmark.runtime import Runtime
from tests.http.conftest import TALK, Library, error_of
from tests.server import ProjectKeys, Server


class Talk:
    """A recording with a transcript, to be corrected over HTTP."""

    def __init__(self, library: Library, segments: list[dict[str, Any]] = TALK, user: str | None = None) -> None:
        self.client = library.client
        self.user = user or library.user()
        self.recording = library.recording(self.user, segments)
        self.id = str(self.client.get(f"/v1/recordings/{self.recording}").json()["transcription_id"])

    def read(self, **query: Any) -> dict[str, Any]:
        answer = self.client.get(f"/v1/transcriptions/{self.id}", params=query)
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    def ask(self, revision: int = 1, headers: dict[str, str] | None = None, **changes: Any) -> httpx.Response:
        body = {"revision": revision, **changes}
        return self.client.patch(f"/v1/transcriptions/{self.id}", json=body, headers=headers)

    def correct(self, revision: int = 1, **changes: Any) -> dict[str, Any]:
        answer = self.ask(revision, **changes)
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    def history(self, **query: Any) -> list[dict[str, Any]]:
        return list(self.client.get(f"/v1/transcriptions/{self.id}/history", params=query).json()["data"])

    def search(self, query: str, **more: Any) -> list[dict[str, Any]]:
        body = {"query": query, "end_user_id": self.user, **more}
        answer = self.client.post("/v1/recordings/search", json=body)
        assert answer.status_code == 200, answer.text
        return list(answer.json()["results"])


@pytest.fixture
def talk(library: Library) -> Talk:
    return Talk(library)


@pytest.fixture
def reader(server: Server, client: httpx.Client, talk: Talk) -> Iterator[httpx.Client]:
    """A client with the end user's token, which may only read transcripts."""
    token = client.post(f"/v1/end-users/{talk.user}/tokens").json()["token"]
    with server.client(token) as one:
        yield one


def speakers_of(shown: dict[str, Any]) -> list[str | None]:
    return [segment.get("speaker") for segment in shown["segments"]]


def test_a_transcript_begins_at_revision_1_and_its_segments_have_indexes(talk: Talk) -> None:
    shown = talk.read()
    assert shown["revision"] == 1
    assert [segment["index"] for segment in shown["segments"]] == [0, 1, 2, 3]
    row = talk.client.get("/v1/transcriptions", params={"recording_id": talk.recording}).json()["data"][0]
    assert row["revision"] == 1


def test_a_speaker_gets_a_name_and_times_never_change(talk: Talk) -> None:
    before = talk.read()
    after = talk.correct(speakers={"Ada": "Augusta", "Linus": "Torvald"})
    assert after["revision"] == 2
    assert speakers_of(after) == ["Augusta", "Grace", "Augusta", "Torvald"]
    assert after == talk.read()
    for old, new in zip(before["segments"], after["segments"], strict=True):
        assert {**old, "speaker": new["speaker"]} == new
    assert after["full_text"] == before["full_text"]


def test_renaming_onto_a_name_that_exists_merges_the_two(talk: Talk) -> None:
    assert speakers_of(talk.correct(speakers={"Linus": "Grace"})) == ["Ada", "Grace", "Ada", "Grace"]
    assert [one["name"] for one in speakers(talk)] == ["Ada", "Grace"]


def test_two_speakers_can_swap_their_names_at_once(talk: Talk) -> None:
    assert speakers_of(talk.correct(speakers={"Ada": "Grace", "Grace": "Ada"})) == ["Grace", "Ada", "Grace", "Linus"]


def test_words_and_the_speaker_of_one_segment_are_corrected_after_the_renames(talk: Talk) -> None:
    after = talk.correct(
        speakers={"Ada": "Augusta"},
        segments=[{"index": 2, "text": "Agreed, the tenth of July.", "speaker": "Ada"}, {"index": 3, "speaker": None}],
    )
    assert speakers_of(after) == ["Augusta", "Grace", "Ada", None]
    assert after["segments"][2]["text"] == "Agreed, the tenth of July."
    assert after["text"] == " ".join(segment["text"] for segment in after["segments"])
    assert after["word_count"] == len(after["text"].split())


def test_words_are_cleaned_as_on_entry(talk: Talk) -> None:
    after = talk.correct(
        speakers={"Ada": " Augusta\t\n King\u0007"}, segments=[{"index": 0, "text": "\ufeff Hello\u0001 there.\u0085 "}]
    )
    assert after["segments"][0]["text"] == "Hello there."
    assert after["segments"][0]["speaker"] == "Augusta King"


BAD: list[tuple[dict[str, Any], str | None]] = [
    ({"speakers": {"Nobody": "Ada"}}, "speakers"),
    ({"speakers": {"Ada": " \u0007 "}}, None),
    ({"speakers": {"Ada": "x" * 129}}, None),
    ({"speakers": {"Ada": None}}, None),
    ({"segments": [{"index": 4, "text": "x"}]}, "segments.0.index"),
    ({"segments": [{"index": 0, "text": "x"}, {"index": 10**30, "speaker": "x"}]}, "segments.1.index"),
    ({"segments": [{"index": -1, "text": "x"}]}, "segments.0.index"),
    ({"segments": [{"index": 0, "text": ""}]}, "segments.0.text"),
    ({"segments": [{"index": 0, "text": "\u0000"}]}, None),
    ({"segments": [{"index": 0, "text": " \ufeff\u0001 "}]}, "segments.0.text"),
    ({"segments": [{"index": 0, "text": None}]}, "segments.0.text"),
    ({"segments": [{"index": 0, "text": "x" * 10_001}]}, "segments.0.text"),
    ({"segments": [{"index": 0, "speaker": ""}]}, "segments.0.speaker"),
    ({"segments": [{"index": 0}]}, "segments.0"),
    ({"segments": [{"index": 0, "is_unclear": None}]}, "segments.0.is_unclear"),
    ({"segments": [{"index": 0, "is_unclear": "yes"}]}, "segments.0.is_unclear"),
    ({"segments": [{"index": 4, "is_unclear": True}]}, "segments.0.index"),
    ({"segments": [{"index": 0, "text": "x"}, {"index": 0, "text": "y"}]}, None),
    ({"segments": [{"index": 0, "text": "x"}] * 501}, "segments"),
    ({}, None),
    ({"speakers": {}, "segments": []}, None),
]


@pytest.mark.parametrize(("changes", "param"), BAD)
def test_a_bad_correction_is_refused_and_changes_nothing(
    talk: Talk, changes: dict[str, Any], param: str | None
) -> None:
    answer = talk.ask(**changes)
    assert answer.status_code == 400, answer.text
    error = error_of(answer)
    assert error["code"] == "invalid_request"
    assert param is None or error["param"] == param
    assert talk.read()["revision"] == 1
    assert talk.history() == []


@pytest.mark.parametrize("revision", [0, "1", None, 1.5])
def test_a_revision_is_a_whole_number_from_1(talk: Talk, revision: Any) -> None:
    answer = talk.client.patch(
        f"/v1/transcriptions/{talk.id}", json={"revision": revision, "speakers": {"Ada": "Augusta"}}
    )
    assert (answer.status_code, error_of(answer)["param"]) == (400, "revision")


def test_a_stale_revision_is_a_conflict_that_names_the_present_one(talk: Talk) -> None:
    talk.correct(speakers={"Ada": "Augusta"})
    answer = talk.ask(1, speakers={"Grace": "Hopper"})
    assert answer.status_code == 409
    assert error_of(answer) | {"message": "", "request_id": ""} == {
        "code": "conflict", "param": "revision", "details": {"revision": 2}, "message": "", "request_id": "",
    }  # fmt: skip
    assert talk.ask(3, speakers={"Grace": "Hopper"}).status_code == 409
    assert speakers_of(talk.read()) == ["Augusta", "Grace", "Augusta", "Linus"]


def test_search_finds_the_new_words_and_names_in_the_same_step_and_no_longer_the_old(talk: Talk) -> None:
    assert talk.search("lantern launch")  # its vectors are cached from here on
    said = "The zeppelin of Friedrichshafen departs at noon."
    talk.correct(speakers={"Grace": "Hopper"}, segments=[{"index": 0, "text": said}])
    (found, *_) = talk.search("zeppelin Friedrichshafen")
    assert said in found["chunk_text"]
    assert talk.search("launch", speaker="Hopper")
    assert not talk.search("launch", speaker="Grace")
    assert all("lantern" not in one["chunk_text"] for one in talk.search("lantern"))


def test_a_search_that_was_asked_before_finds_a_chunk_that_a_correction_has_lengthened(library: Library) -> None:
    talk = Talk(library, [{"start": at, "end": at + 1, "text": f"Word number {at}."} for at in range(30)])
    assert talk.search("word number")
    talk.correct(segments=[{"index": 0, "text": "A heron stood in the reeds. " * 30}])
    (found, *_) = talk.search("heron in the reeds")
    assert found["start_ms"] == 0
    assert found["chunk_text"].startswith("A heron stood")
    assert {one["start_ms"] for one in talk.search("word number 29", limit=50)} >= {1000}


def test_a_corrected_transcript_is_indexed_as_one_that_came_so(library: Library) -> None:
    said = [{**TALK[at % 4], "start": at * 5.0, "end": at * 5.0 + 4, "text": f"{TALK[at % 4]['text']} {at}."}
            for at in range(40)]  # fmt: skip
    talk = Talk(library, said)
    after = talk.correct(
        speakers={"Grace": "Hopper"},
        segments=[{"index": 7, "text": "The price of the battery fell. " * 20}, {"index": 30, "speaker": "Zoe"}],
    )
    came = [{name: one[name] for name in ("start", "end", "speaker", "text")} for one in after["segments"]]
    fresh = Talk(library, came)
    for query in ("price of the battery", "what did Hopper propose", "zoe", "launch 35"):
        found, wanted = talk.search(query, limit=50), fresh.search(query, limit=50)
        assert [(one["start_ms"], one["chunk_text"], one["speaker"]) for one in found] == [
            (one["start_ms"], one["chunk_text"], one["speaker"]) for one in wanted
        ]
        assert [one["score"] for one in found] == pytest.approx([one["score"] for one in wanted], abs=0.01)


def test_the_text_as_it_came_stays_and_is_shown_when_asked_for(talk: Talk) -> None:
    first = talk.read()
    talk.correct(1, segments=[{"index": 1, "text": "One."}])
    talk.correct(2, segments=[{"index": 1, "text": "Two."}], speakers={"Ada": "Augusta"})
    original = talk.read(original="true")
    assert original == {**first, "updated_at": original["updated_at"]}
    assert talk.read()["segments"][1]["text"] == "Two."


def test_answers_given_before_stay_as_they_were(talk: Talk, library: Library) -> None:
    session = library.session(talk.user)
    path = f"/v1/ask/sessions/{session['id']}/messages"
    given = talk.client.post(path, json={"content": "When is the launch of the lantern?"}).json()
    shown = talk.client.get(path, params={"include": "sources"}).json()
    talk.correct(segments=[{"index": at, "text": "Nothing of the kind."} for at in range(4)])
    assert talk.client.get(path, params={"include": "sources"}).json() == shown
    assert given["sources"]
    later = talk.client.post(path, json={"content": "When is the launch of the lantern?"}).json()
    assert "ninth" not in later["message"]["content"]


def test_history_says_who_changed_what_and_when(talk: Talk, project: ProjectKeys) -> None:
    talk.correct(1, speakers={"Ada": "Augusta"})
    talk.correct(2, segments=[{"index": 3, "text": "Fine.", "speaker": "Grace"}])
    newest, older = talk.history()
    assert (newest["revision"], older["revision"]) == (3, 2)
    assert older["changes"] == [
        {"kind": "speaker_renamed", "index": None, "segment_count": 2, "old": "Ada", "new": "Augusta"}
    ]
    assert newest["changes"] == [
        {"kind": "segment_text", "index": 3, "segment_count": 1, "old": TALK[3]["text"], "new": "Fine."},
        {"kind": "segment_speaker", "index": 3, "segment_count": 1, "old": "Linus", "new": "Grace"},
    ]
    assert newest["actor"].startswith("key_")
    assert project.live not in str(newest)
    assert newest["change_count"] == 2
    assert newest["created_at"] == talk.read()["updated_at"]


def test_history_is_a_cursor_list_with_few_and_short_changes(talk: Talk, library: Library) -> None:
    many = Talk(library, [{"start": at, "end": at + 1, "text": f"Word {at}."} for at in range(25)])
    many.correct(segments=[{"index": at, "text": "word " * 400} for at in range(25)])
    (row,) = many.history()
    assert (row["change_count"], len(row["changes"])) == (25, 20)
    assert {len(change["new"]) for change in row["changes"]} == {1_000}
    for revision in range(1, 4):
        talk.correct(revision, segments=[{"index": 0, "text": f"Take {revision}."}])
    path = f"/v1/transcriptions/{talk.id}/history"
    page = talk.client.get(path, params={"limit": 2}).json()
    assert ([row["revision"] for row in page["data"]], page["has_more"]) == ([4, 3], True)
    rest = talk.client.get(path, params={"limit": 2, "cursor": page["next_cursor"]}).json()
    assert ([row["revision"] for row in rest["data"]], rest["has_more"]) == ([2], False)
    other = talk.client.get(f"/v1/transcriptions/{many.id}/history", params={"cursor": page["next_cursor"]})
    assert other.status_code == 400


def test_a_correction_that_changes_nothing_raises_the_revision_all_the_same(talk: Talk) -> None:
    assert talk.correct(speakers={"Ada": "Ada"})["revision"] == 2
    assert talk.history()[0]["changes"] == []
    assert talk.search("lantern")
    assert talk.correct(2, speakers={"Ada": "Augusta"})["revision"] == 3
    assert talk.search("lantern", speaker="Augusta")


def test_of_corrections_at_once_of_one_revision_exactly_one_is_made(talk: Talk) -> None:
    statuses = []

    def correct(number: int) -> None:
        statuses.append(talk.ask(1, segments=[{"index": 0, "text": f"Take {number}."}]).status_code)

    threads = [threading.Thread(target=correct, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(statuses) == [200, 409, 409, 409]
    assert talk.read()["revision"] == 2
    assert len(talk.history()) == 1


def test_a_transcript_that_is_put_while_others_correct_wins_and_the_replaced_one_is_gone(talk: Talk) -> None:
    put: list[httpx.Response] = []

    def replace() -> None:
        put.append(talk.client.put(f"/v1/recordings/{talk.recording}/transcript", json={"segments": TALK[:2]}))

    thread = threading.Thread(target=replace)
    thread.start()
    answer = talk.ask(segments=[{"index": 3, "text": "Fine."}])
    thread.join()
    assert put[0].status_code == 200
    assert answer.status_code in (200, 404)
    assert talk.ask(2, speakers={"Ada": "Augusta"}).status_code == 404
    new = talk.client.get(f"/v1/transcriptions/{put[0].json()['id']}").json()
    assert (new["revision"], len(new["segments"])) == (1, 2)
    assert {one["transcription_id"] for one in talk.search("lantern launch")} == {new["id"]}
    assert talk.client.get(f"/v1/transcriptions/{talk.id}/history").status_code == 404


def test_a_transcription_that_is_not_completed_cannot_be_corrected(talk: Talk) -> None:
    begun = talk.client.post(f"/v1/recordings/{talk.recording}/upload-url", json={"content_type": "audio/ogg"}).json()
    httpx.put(begun["upload_url"], content=b"sound", headers=begun["headers"])
    talk.client.post(f"/v1/recordings/{talk.recording}/upload-complete")
    pending = talk.client.post("/v1/transcriptions", json={"recording_id": talk.recording}).json()
    answer = talk.client.patch(f"/v1/transcriptions/{pending['id']}", json={"revision": 1, "speakers": {"Ada": "A"}})
    assert (answer.status_code, error_of(answer)["code"]) == (409, "transcription_not_ready")
    assert talk.correct(speakers={"Ada": "Augusta"})["revision"] == 2


def test_a_keyed_correction_is_made_once_and_its_kept_answer_goes_with_the_recording(talk: Talk) -> None:
    key = {"Idempotency-Key": "correct-1"}
    first = talk.ask(headers=key, speakers={"Ada": "Augusta"})
    again = talk.ask(headers=key, speakers={"Ada": "Augusta"})
    assert again.json() == first.json()
    assert again.headers["idempotent-replayed"] == "true"
    assert talk.ask(headers=key, speakers={"Ada": "Eve"}).status_code == 422
    assert talk.read()["revision"] == 2
    assert talk.client.delete(f"/v1/recordings/{talk.recording}").status_code == 204
    assert talk.ask(headers=key, speakers={"Ada": "Augusta"}).status_code == 404


def test_a_keyed_correction_whose_answer_was_lost_is_not_a_conflict_for_its_retry(
    talk: Talk, server: Server, project: ProjectKeys
) -> None:
    async def correct(made: str, revision: int, runtime: Runtime) -> int:
        tenant = await get_tenant(runtime.operator, project.id, "live")
        wanted, request = Correction({"Ada": "Augusta"}), Request("key_1", made)
        one, _ = await correct_transcript(tenant, runtime.ingester, talk.id, revision, wanted, request)
        return one.revision

    assert server.place.run(lambda runtime: correct("txn_first", 1, runtime)) == 2
    assert server.place.run(lambda runtime: correct("txn_first", 1, runtime)) == 2
    with pytest.raises(RevisionStaleError):
        server.place.run(lambda runtime: correct("txn_other", 1, runtime))
    assert len(talk.history()) == 1


def test_a_token_of_the_end_user_reads_corrections_but_makes_none(talk: Talk, reader: httpx.Client) -> None:
    body = {"revision": 1, "speakers": {"Ada": "Augusta"}}
    assert reader.patch(f"/v1/transcriptions/{talk.id}", json=body).status_code == 403
    talk.correct(speakers={"Ada": "Augusta"})
    assert len(reader.get(f"/v1/transcriptions/{talk.id}/history").json()["data"]) == 1
    assert [one["name"] for one in reader.get("/v1/speakers").json()["data"]] == ["Augusta", "Grace", "Linus"]


def test_what_is_read_can_be_put_again_with_its_indexes(talk: Talk) -> None:
    shown = talk.read()
    put = talk.client.put(f"/v1/recordings/{talk.recording}/transcript", json={"segments": shown["segments"]})
    assert put.status_code == 200, put.text
    assert put.json()["segments"] == shown["segments"]


# ---- speakers across recordings --------------------------------------------------------------------


def speakers(talk: Talk, **query: Any) -> list[dict[str, Any]]:
    answer = talk.client.get("/v1/speakers", params={"end_user_id": talk.user, **query})
    assert answer.status_code == 200, answer.text
    return list(answer.json()["data"])


def rename(talk: Talk, **body: Any) -> httpx.Response:
    return talk.client.patch("/v1/speakers", json={"end_user_id": talk.user, **body})


def test_speakers_are_listed_by_name_with_recordings_and_minutes(talk: Talk, library: Library) -> None:
    Talk(library, [{"start": 0, "end": 90, "speaker": "Ada", "text": "A long talk."}], talk.user)
    Talk(library)  # somebody else's
    ada, grace, linus = speakers(talk)
    assert ada == {
        "end_user_id": talk.user, "name": "Ada", "recording_count": 2, "segment_count": 3, "duration_ms": 97_000,
        "minutes": 1.6, "last_recorded_at": None,
    }  # fmt: skip
    assert (grace["name"], linus["name"]) == ("Grace", "Linus")
    assert talk.client.get("/v1/speakers").status_code == 400
    page = talk.client.get("/v1/speakers", params={"end_user_id": talk.user, "limit": 2}).json()
    rest = {"end_user_id": talk.user, "limit": 2, "cursor": page["next_cursor"]}
    assert [one["name"] for one in talk.client.get("/v1/speakers", params=rest).json()["data"]] == ["Linus"]
    assert speakers(talk, end_user_id="eu_nobody") == []
    assert speakers(talk, name="Ada") == [ada]
    assert speakers(talk, name="ada") == []


def test_speakers_follow_a_transcript_that_replaces_another_and_a_deletion(talk: Talk) -> None:
    talk.client.put(f"/v1/recordings/{talk.recording}/transcript", json={"segments": TALK[1:2]})
    assert [one["name"] for one in speakers(talk)] == ["Grace"]
    talk.client.delete(f"/v1/recordings/{talk.recording}")
    assert speakers(talk) == []


def test_a_speaker_is_renamed_in_all_recordings_of_the_end_user_and_nobody_elses(talk: Talk, library: Library) -> None:
    second, other = Talk(library, user=talk.user), Talk(library)
    answer = rename(talk, name="Ada", new_name="Grace")
    assert answer.status_code == 200, answer.text
    shown = answer.json()
    assert {one["transcription_id"] for one in shown["transcriptions"]} == {talk.id, second.id}
    assert {one["revision"] for one in shown["transcriptions"]} == {2}
    assert shown["remaining"] == 0
    assert speakers_of(second.read()) == ["Grace", "Grace", "Grace", "Linus"]
    assert other.read()["revision"] == 1
    assert [one["name"] for one in speakers(talk)] == ["Grace", "Linus"]
    assert rename(talk, name="Ada", new_name="Grace").json()["transcriptions"] == []
    assert second.history()[0]["changes"][0]["segment_count"] == 2


def test_a_speaker_is_renamed_in_the_recordings_that_are_named(talk: Talk, library: Library) -> None:
    second, other = Talk(library, user=talk.user), Talk(library)
    rename(talk, name="Ada", new_name="Augusta", recording_ids=[second.recording])
    assert (talk.read()["revision"], second.read()["revision"]) == (1, 2)
    foreign = rename(talk, name="Ada", new_name="Augusta", recording_ids=[second.recording, other.recording])
    assert (foreign.status_code, error_of(foreign)["param"]) == (404, "recording_ids")


def test_more_than_20_recordings_are_renamed_by_the_same_request_again(talk: Talk, library: Library) -> None:
    for _ in range(21):
        library.recording(talk.user, TALK[:1])
    first = rename(talk, name="Ada", new_name="Augusta").json()
    assert (len(first["transcriptions"]), first["remaining"]) == (20, 2)
    second = rename(talk, name="Ada", new_name="Augusta").json()
    assert (len(second["transcriptions"]), second["remaining"]) == (2, 0)


@pytest.mark.parametrize("body", [
    {"name": "Ada"}, {"name": "Ada", "new_name": " "}, {"name": "Ada", "new_name": "Ada"}, {"name": "", "new_name": "x"},
    {"name": "Ada", "new_name": "x" * 129}, {"name": "Ada", "new_name": "x", "recording_ids": []},
])  # fmt: skip
def test_a_bad_rename_is_refused(talk: Talk, body: dict[str, Any]) -> None:
    assert rename(talk, **body).status_code == 400
    assert talk.read()["revision"] == 1


HEARD = [{**segment, "speaker": f"SPEAKER_{at % 2}"} for at, segment in enumerate(TALK)]


@pytest.mark.parametrize("label", ["SPEAKER_0", "Speaker 1", "spk_0", "Unknown", "Guest 2", "Channel 1", "S1"])
def test_a_machines_label_is_renamed_only_in_recordings_that_are_named(library: Library, label: str) -> None:
    first = Talk(library, [{**TALK[0], "speaker": label}])
    second = Talk(library, [{**TALK[1], "speaker": label}], first.user)
    refused = rename(first, name=label, new_name="Ada")
    assert (refused.status_code, error_of(refused)["code"]) == (400, "invalid_request")
    assert error_of(refused)["param"] == "recording_ids"
    assert (first.read()["revision"], second.read()["revision"]) == (1, 1)
    named = rename(first, name=label, new_name="Ada", recording_ids=[first.recording])
    assert named.status_code == 200, named.text
    assert (speakers_of(first.read()), speakers_of(second.read())) == (["Ada"], [label])


def test_labels_are_told_apart_from_names_in_transcripts_and_in_the_list_of_speakers(library: Library) -> None:
    talk = Talk(library, [*HEARD[:3], TALK[3]])
    assert talk.read()["machine_labels"] == ["SPEAKER_0", "SPEAKER_1"]
    assert {one["name"]: one.get("is_machine_label") for one in speakers(talk)} == {
        "SPEAKER_0": True, "SPEAKER_1": True, "Linus": None,
    }  # fmt: skip
    after = talk.correct(speakers={"SPEAKER_0": "Ada", "SPEAKER_1": "Grace"})
    assert "machine_labels" not in after


def test_where_a_rename_merged_two_speakers_the_segments_that_were_renamed_are_named(
    talk: Talk, library: Library
) -> None:
    alone = Talk(library, [TALK[0]], talk.user)
    rows = rename(talk, name="Ada", new_name="Grace").json()["transcriptions"]
    merged = {row["transcription_id"]: row.get("merged_indexes") for row in rows}
    assert merged == {talk.id: [0, 2], alone.id: None}


def marks_of(shown: dict[str, Any]) -> list[bool | None]:
    return [segment.get("is_unclear") for segment in shown["segments"]]


def test_a_segment_is_marked_unclear_and_the_mark_is_taken_back(talk: Talk) -> None:
    before = talk.read()
    marked = talk.correct(segments=[{"index": 1, "is_unclear": True}])
    assert (marked["revision"], marks_of(marked)) == (2, [None, True, None, None])
    assert marked == talk.read()
    assert {**marked, "segments": None} == {
        **before, "segments": None, "revision": 2, "updated_at": marked["updated_at"]
    }  # fmt: skip
    cleared = talk.correct(2, segments=[{"index": 1, "is_unclear": False}])
    assert cleared["segments"] == before["segments"]


def test_the_history_says_who_marked_a_segment_and_who_took_the_mark_back(talk: Talk) -> None:
    talk.correct(segments=[{"index": 1, "is_unclear": True}])
    talk.correct(2, segments=[{"index": 1, "is_unclear": False}, {"index": 2, "is_unclear": False}])
    cleared, marked = talk.history()
    nothing = {"index": 1, "segment_count": 1, "old": None, "new": None}
    assert (marked["changes"], cleared["changes"]) == (
        [{"kind": "segment_unclear", **nothing}],
        [{"kind": "segment_clear", **nothing}],
    )
    assert marked["actor"].startswith("key_")
    assert marked["created_at"].endswith("Z")


def test_a_mark_stays_with_its_segment_when_its_words_and_its_speaker_are_corrected(talk: Talk) -> None:
    talk.correct(segments=[{"index": 1, "is_unclear": True}])
    after = talk.correct(2, speakers={"Grace": "Hopper"}, segments=[{"index": 1, "text": "I propose July."}])
    assert after["segments"][1]["text"] == "I propose July."
    assert marks_of(after) == [None, True, None, None]


def test_the_original_has_no_marks_and_a_new_transcript_has_none(talk: Talk) -> None:
    talk.correct(segments=[{"index": 1, "is_unclear": True}])
    assert marks_of(talk.read(original=True)) == [None] * 4
    assert talk.read(original=True)["segments"][1]["text"] == TALK[1]["text"]
    again = talk.client.put(f"/v1/recordings/{talk.recording}/transcript", json={"segments": TALK}).json()
    assert marks_of(talk.client.get(f"/v1/transcriptions/{again['id']}").json()) == [None] * 4


def test_an_unclear_segment_is_found_and_cited_as_before(talk: Talk) -> None:
    question = {"content": "When is the launch of the lantern?"}
    asked = {"scope": {"type": "recording", "recording_id": talk.recording}, "initial_message": question}
    found = talk.search("move the launch")
    before = talk.client.post("/v1/ask/sessions", json=asked).json()["message"]
    talk.correct(segments=[{"index": at, "is_unclear": True} for at in range(4)])
    assert [one["chunk_text"] for one in talk.search("move the launch")] == [one["chunk_text"] for one in found]
    after = talk.client.post("/v1/ask/sessions", json=asked).json()["message"]
    assert before["answered"] == "yes"
    assert (after["parts"], after["answered"]) == (before["parts"], before["answered"])


def test_the_json_export_has_the_marks(talk: Talk) -> None:
    talk.correct(segments=[{"index": 1, "is_unclear": True}])
    answer = talk.client.get(f"/v1/transcriptions/{talk.id}/export", params={"format": "json"})
    assert marks_of(answer.json()) == [None, True, None, None]
