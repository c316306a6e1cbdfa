"""`earmark retention --dry-run`: what it lists, and that it deletes nothing."""

from __future__ import annotations

import json

from earmark.processing.config import set_for_project
from earmark.processing.sections import RETENTION
from earmark.runtime import Runtime
from tests.clock import shifted_clock
from tests.processing.world import Person, new_person
from tests.server import Place


def test_without_dry_run_it_says_who_deletes(desk: Place) -> None:
    done = desk.cli("retention", check=False)
    assert done.returncode == 2
    assert "--dry-run" in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_nothing_is_past_its_time_where_nothing_is_configured(desk: Place, project: str) -> None:
    assert json.loads(desk.cli("retention", "--dry-run", "--json").stdout) == {
        "counts": {"audio": 0, "transcript": 0, "session": 0},
        "expired": [],
    }
    said = desk.cli("retention", "--dry-run").stdout
    assert said == "Past their time: 0 of audio, 0 of transcript, 0 of session. Nothing was deleted.\n"


def test_what_is_past_its_time_is_listed_and_counted(fresh_place: Place) -> None:
    async def make(runtime: Runtime) -> tuple[Person, str, str]:
        person = await new_person(runtime)
        await set_for_project(person.tenant, RETENTION, {"transcript_days": 2})
        recording_id = await person.recording()
        return person, recording_id, await person.transcribe(recording_id)

    with shifted_clock() as clock:
        clock.shift_s = -3 * 24 * 3_600
        person, recording_id, transcription_id = fresh_place.run(make)
    found = json.loads(fresh_place.cli("retention", "--dry-run", "--json").stdout)
    assert found["counts"] == {"audio": 0, "transcript": 1, "session": 0}
    [one] = found["expired"]
    assert one.pop("since").endswith("Z")
    assert one == {
        "kind": "transcript", "id": transcription_id, "recording_id": recording_id, "end_user_id": person.id,
        "project_id": person.tenant.key.project_id, "mode": "live", "days": 2,
    }  # fmt: skip
    listed = fresh_place.cli("retention", "--dry-run").stdout.splitlines()
    assert listed[0].startswith(f"transcript  {transcription_id}  {person.id}")
    assert listed[1] == "Past their time: 0 of audio, 1 of transcript, 0 of session. Nothing was deleted."
    again = json.loads(fresh_place.cli("retention", "--dry-run", "--json").stdout)
    assert again["counts"] == found["counts"]
