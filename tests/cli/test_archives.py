"""Files that `earmark backup` and `earmark export` write: atomic, private, and never over another file."""

from __future__ import annotations

import stat
import zipfile
from pathlib import Path

import pytest

from earmark.cli.archives import FileExistsAlreadyError, new_archive
from tests.server import Place


def test_what_somebody_planted_beside_a_backup_is_neither_followed_nor_written_to(desk: Place, tmp_path: Path) -> None:
    precious, file = tmp_path / "precious", tmp_path / "all.zip"
    precious.write_text("precious")
    precious.chmod(0o666)
    (tmp_path / "all.zip.part").symlink_to(precious)
    desk.cli("backup", str(file))
    assert precious.read_text() == "precious"
    assert stat.S_IMODE(file.lstat().st_mode) == 0o600
    assert zipfile.is_zipfile(file)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["all.zip", "all.zip.part", "precious"]


def test_a_dangling_link_is_not_written_through(desk: Place, tmp_path: Path) -> None:
    file, elsewhere = tmp_path / "all.zip", tmp_path / "elsewhere"
    file.symlink_to(elsewhere)
    done = desk.cli("backup", str(file), check=False)
    assert (done.returncode, done.stderr) == (1, f"earmark: {file} already exists; choose another name or delete it.\n")
    assert not elsewhere.exists()


def test_a_file_created_meanwhile_is_not_overwritten_and_nothing_is_left_behind(tmp_path: Path) -> None:
    file = tmp_path / "all.zip"
    with pytest.raises(FileExistsAlreadyError), new_archive(file) as archive:
        archive.writestr("secret.txt", "secret")
        (unfinished,) = tmp_path.iterdir()
        assert stat.S_IMODE(unfinished.stat().st_mode) == 0o600
        file.write_text("precious")
    assert file.read_text() == "precious"
    assert [path.name for path in tmp_path.iterdir()] == ["all.zip"]


def test_a_missing_folder_is_reported_in_one_sentence(desk: Place, tmp_path: Path) -> None:
    file = tmp_path / "nowhere" / "all.zip"
    done = desk.cli("backup", str(file), check=False)
    assert (done.returncode, done.stderr) == (1, f"earmark: Can't write {file}: no such file or directory.\n")
