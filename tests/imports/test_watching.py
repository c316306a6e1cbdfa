"""What is complete in a watched folder, and what was returned before. Seconds are counted here, not waited for."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from earmark.imports.types import File, Group
from earmark.imports.watching import Watch


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path


def write(path: Path, text: str, at_s: int = 1) -> None:
    """Write a file as if it were written at a time, so that two writes of one instant differ."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    os.utime(path, ns=(at_s * 10**9, at_s * 10**9))


def names(found: list[Group | File]) -> list[str]:
    return [Path(one.name).name for one in found]


def test_a_file_that_still_grows_is_waited_for(folder: Path) -> None:
    watched = Watch(folder, 10)
    write(folder / "call.vtt", "WEB", 1)
    assert watched.look(0) == []
    write(folder / "call.vtt", "WEBVTT", 2)
    assert watched.look(9) == []
    assert watched.look(18) == []
    assert not watched.is_settled
    assert names(watched.look(19)) == ["call.vtt"]
    assert watched.is_settled
    assert watched.look(100) == []


def test_a_file_that_changes_without_growing_is_waited_for(folder: Path) -> None:
    watched = Watch(folder, 10)
    write(folder / "call.vtt", "WEBVTT", 1)
    watched.look(0)
    write(folder / "call.vtt", "WEBVTX", 2)
    assert watched.look(10) == []


def test_audio_and_its_transcript_are_one_recording_and_wait_for_each_other(folder: Path) -> None:
    watched = Watch(folder, 10)
    write(folder / "call.m4a", "sound", 1)
    watched.look(0)
    write(folder / "call.vtt", "WEBVTT", 2)
    watched.look(9)
    assert watched.look(11) == []
    (found,) = watched.look(19)
    assert isinstance(found, Group)
    assert found.audio is not None
    assert found.transcript is not None


def test_a_changed_file_and_one_that_came_back_are_returned_again_and_others_are_not(folder: Path) -> None:
    watched = Watch(folder, 0)
    write(folder / "a.vtt", "one", 1)
    write(folder / "b.vtt", "two", 1)
    assert names(watched.look(0)) == ["a.vtt", "b.vtt"]
    write(folder / "a.vtt", "more", 2)
    (folder / "b.vtt").unlink()
    assert names(watched.look(1)) == ["a.vtt"]
    write(folder / "b.vtt", "two", 3)
    assert names(watched.look(2)) == ["b.vtt"]
    watched.again(str(folder / "a.vtt"))
    assert names(watched.look(3)) == ["a.vtt"]


def test_archives_are_returned_and_what_is_hidden_half_downloaded_or_no_recording_is_not(folder: Path) -> None:
    watched = Watch(folder, 0)
    for name in ("export.zip", ".hidden.vtt", "call.vtt.part", "call.m4a.crdownload", "picture.png", "sub/talk.srt"):
        write(folder / name, "x")
    assert names(watched.look(0)) == ["talk.srt", "export.zip"]


def test_a_folder_that_is_away_is_an_error_and_nothing_is_forgotten(folder: Path) -> None:
    mounted = folder / "stick"
    write(mounted / "a.vtt", "one")
    watched = Watch(mounted, 0)
    assert names(watched.look(0)) == ["a.vtt"]
    shutil.move(mounted, folder / "away")
    with pytest.raises(OSError, match="stick"):
        watched.look(1)
    shutil.move(folder / "away", mounted)
    assert watched.look(2) == []


FILES = st.sampled_from(["a.vtt", "b.srt", "c.m4a"])
STEPS = st.lists(
    st.tuples(FILES, st.sampled_from(["write", "delete", "nothing"]), st.integers(0, 6)), min_size=1, max_size=40
)


@given(STEPS)
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_each_state_of_a_file_is_returned_once_and_only_after_it_settled(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[str, str, int]]
) -> None:
    folder = tmp_path_factory.mktemp("watched")
    watched, now, changed, due = Watch(folder, 5), 0, dict[str, int](), dict[str, bool]()
    for number, (name, what, pause) in enumerate([*steps, ("a.vtt", "nothing", 6), ("a.vtt", "nothing", 0)]):
        if what == "write":
            write(folder / name, "x" * (number + 1), number + 1)
            changed[name], due[name] = now, True
        elif what == "delete":
            (folder / name).unlink(missing_ok=True)
            due[name] = False
        for one in names(watched.look(now)):
            assert due[one]
            assert now - changed[one] >= 5
            due[one] = False
        now += pause
    assert not any(due.values())
