"""`/v1/limits`: what a project may ask for, and how much it has."""

from __future__ import annotations

import pytest

from tests.http.conftest import Library
from tests.http.test_media import AUDIO, begin, with_audio
from tests.server import Place, new_project, running

pytestmark = pytest.mark.sqlite_suffices


def test_limits_are_those_of_the_settings_and_zero_is_none(fresh_place: Place) -> None:
    key = new_project(fresh_place)
    settings = {
        "EARMARK_RATE_LIMIT_OVERALL": "1000",
        "EARMARK_RATE_LIMIT_TRANSCRIPTIONS": "10",
        "EARMARK_RATE_LIMIT_UPLOADS": "0",
        "EARMARK_RATE_LIMIT_SUMMARIES": "7",
        "EARMARK_UPLOAD_LIMIT_BYTES": "5000",
    }
    with running(fresh_place, **settings) as server, server.client(key.live) as client:
        shown = client.get("/v1/limits").json()
    assert shown["requests_per_minute"] == {"overall": 1_000, "uploads": None, "transcriptions": 10, "summaries": 7}
    assert (shown["upload_bytes"], shown["import_bytes"]) == (5_000, 4 << 30)
    assert shown["stored"] == {"end_users": 0, "recordings": 0, "audio_bytes": 0}


def test_what_a_project_has_is_counted_and_no_other_projects(library: Library) -> None:
    user = library.user()
    with_audio(library, user)
    begin(library, library.recording(user), file_size_bytes=99)  # announced, and never sent
    stored = library.client.get("/v1/limits").json()["stored"]
    assert stored == {"end_users": 1, "recordings": 2, "audio_bytes": len(AUDIO)}
