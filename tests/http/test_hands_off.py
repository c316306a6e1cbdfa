"""From dropped audio to its summary without a client that asks for anything: the real rooms, decoder and engine."""

from __future__ import annotations

from tests.http.hearing import Desk
from tests.http.test_first_run import set_up, setup_link
from tests.http.test_transcription_audio import TWO_CITIES
from tests.server import Place, running, wait_until


def test_audio_dropped_into_a_project_that_was_just_set_up_is_heard_and_summarised(empty_place: Place) -> None:
    with running(empty_place) as server:
        made = set_up(server, setup_link(server).partition("#setup=")[2]).json()
        with server.client(made["key"]) as client:
            desk = Desk(server, client)
            recording = desk.upload(TWO_CITIES.read_bytes(), made["end_user_id"])
            which = {"recording_id": recording}
            wait_until(lambda: desk.recording(recording)["transcription_id"] is not None, most_s=120)
            transcription = desk.recording(recording)["transcription_id"]
            words = desk.get(transcription)["full_text"]
            assert "it was the best of times" in words.lower()
            wait_until(lambda: [one["status"] for one in rows(desk, which)] == ["completed"], most_s=120)
            (row,) = rows(desk, which)
            summary = client.get(f"/v1/summaries/{row['id']}").json()
            assert (summary["transcription_id"], summary["template_id"]) == (transcription, "tmpl_general_notes")
            quotes = [one["quote"] for cited in summary["citations"].values() for one in cited]
            assert quotes
            assert all(quote in words for quote in quotes)
            assert summary["output"]["summary"]


def rows(desk: Desk, which: dict[str, str]) -> list[dict[str, str]]:
    found: list[dict[str, str]] = desk.client.get("/v1/summaries", params=which).json()["data"]
    return found
