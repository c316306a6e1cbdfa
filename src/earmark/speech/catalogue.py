"""The speech models that `earmark models pull` fetches: addresses, sizes and SHA-256 digests, all pinned.

The digests of `whisper-tiny.en` and `whisper-base` were checked against copies that packages carry; those of the others
are the publishers' as several independent projects pin them.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from earmark.errors import InvalidError
from earmark.speech.listening.errors import SpeechUnavailableError

_HUB: Final = "https://huggingface.co"
_FOLDER: Final = "models"


@dataclass(frozen=True, slots=True)
class ModelFile:
    """A file of a model."""

    name: str
    size_bytes: int
    sha256: str


@dataclass(frozen=True, slots=True)
class PinnedModel:
    """A model that can be fetched.

    Args:
        source: the address of the folder that has the files.
        maker: who made it.
        licence: an SPDX identifier, and where it is stated.
        extra: the extra of the distribution that runs it.
    """

    name: str
    source: str
    maker: str
    licence: str
    extra: str
    files: tuple[ModelFile, ...]

    @property
    def size_bytes(self) -> int:
        """The size of all files."""
        return sum(one.size_bytes for one in self.files)


_MULTILINGUAL: Final = (
    ModelFile("tokenizer.json", 2_203_239, "fb7b63191e9bb045082c79fd742a3106a12c99513ab30df4a0d47fa6cb6fd0ab"),
    ModelFile("vocabulary.txt", 459_861, "34ce3fe1c5041027b3f8d42912270993f986dbc4bb34cf27f951e34a1e453913"),
)
_WHISPER: Final = "OpenAI, in CTranslate2's format by Systran"
_MIT: Final = "MIT (https://github.com/openai/whisper/blob/main/LICENSE)"


def _whisper(name: str, repository: str, revision: str, files: tuple[ModelFile, ...]) -> PinnedModel:
    return PinnedModel(name, f"{_HUB}/{repository}/resolve/{revision}", _WHISPER, _MIT, "whisper", files)


MODELS: Final[dict[str, PinnedModel]] = {
    one.name: one
    for one in (
        _whisper(
            "whisper-tiny.en", "Systran/faster-whisper-tiny.en", "0d3d19a32d3338f10357c0889762bd8d64bbdeba",
            (
                ModelFile("config.json", 2_317, "14b1b421a90349bc551b881461426b561a874049cb9e4c4864f2ca384f6a7cc5"),
                ModelFile("model.bin", 75_537_502, "1a5afae06a4db91c975c9a9d78be5cc110ee4ea022ad57d55492e4550e936b2a"),
                ModelFile("tokenizer.json", 2_128_466,
                          "929c5252409436dce1b38a75d1abbcb5e132d170d8e324e4e04ed915fa2d22df"),
                ModelFile("vocabulary.txt", 422_309,
                          "ff77588746d3a2595d32ab5b69ffd7b95ce2441ac57533cb66fc3eb575a115cf"),
            ),
        ),
        _whisper(
            "whisper-base", "Systran/faster-whisper-base", "ebe41f70d5b6dfa9166e2c581c45c9c0cfc57b66",
            (
                ModelFile("config.json", 2_309, "56a6d8110d311f19c8f0471e562832c7527f146b567275bfca59fcf7c184da9a"),
                ModelFile("model.bin", 145_217_532,
                          "d01c3014881c9c6f3133c182f3d2887eb6ca1c789a7538c5c007196857a0a6a9"),
                *_MULTILINGUAL,
            ),
        ),
        _whisper(
            "whisper-small", "Systran/faster-whisper-small", "536b0662742c02347bc0e980a01041f333bce120",
            (
                ModelFile("config.json", 2_370, "b55496ac7940a7ae47d2c01eab40edfd8701feec1229d9cce3b40014383fb828"),
                ModelFile("model.bin", 483_546_902,
                          "3e305921506d8872816023e4c273e75d2419fb89b24da97b4fe7bce14170d671"),
                *_MULTILINGUAL,
            ),
        ),
        _whisper(
            "whisper-large-v3-turbo", "mobiuslabsgmbh/faster-whisper-large-v3-turbo",
            "0a363e9161cbc7ed1431c9597a8ceaf0c4f78fcf",
            (
                ModelFile("config.json", 2_263, "b0253ea6c0d3bea6b1e19e91a02acfd3b53f4467362efcb5a3e6b16c9b3a9b7e"),
                ModelFile("model.bin", 1_617_884_929,
                          "e76620f83d5f5b69efd3d87e3dc180c1bd21df9fbebacfd4335e5e1efcc018da"),
                ModelFile("tokenizer.json", 2_710_337,
                          "297b13372ac43916285644fb9687add3cc62ee2a1adb60da3dc25cc94c1871fd"),
                ModelFile("vocabulary.json", 1_068_114,
                          "c69260f2ab26d659b7c398f9a2b2b48ed0df16c3b47d7326782fd9cba71690c1"),
            ),
        ),
        PinnedModel(
            "parakeet-v3",
            f"{_HUB}/istupakov/parakeet-tdt-0.6b-v3-onnx/resolve/8f23f0c03c8761650bdb5b40aaf3e40d2c15f1ce",
            "NVIDIA, as ONNX by istupakov", "CC-BY-4.0 (https://huggingface.co/nvidia/parakeet-tdt-0.6b-v3)",
            "parakeet",
            (
                ModelFile("config.json", 97, "666903c76b9798caf2c210afd4f6cd60b08a8dbf9800ec8d7a3bc0d2148ac466"),
                ModelFile("decoder_joint-model.int8.onnx", 18_202_004,
                          "eea7483ee3d1a30375daedc8ed83e3960c91b098812127a0d99d1c8977667a70"),
                ModelFile("encoder-model.int8.onnx", 652_183_999,
                          "6139d2fa7e1b086097b277c7149725edbab89cc7c7ae64b23c741be4055aff09"),
                ModelFile("vocab.txt", 93_939, "d58544679ea4bc6ac563d1f545eb7d474bd6cfa467f0a6e2c1dc1c7d37e3c35d"),
            ),
        ),
    )
}  # fmt: skip


class UnknownModelError(InvalidError):
    """No speech model of this name can be fetched."""

    def __init__(self, name: str) -> None:
        super().__init__(f"There is no speech model {name}. There are: {', '.join(MODELS)}.")


def find_pinned(name: str) -> PinnedModel:
    """Return a model by its name.

    Raises: UnknownModelError.
    """
    if name not in MODELS:
        raise UnknownModelError(name)
    return MODELS[name]


def folder_of(data_dir: Path, name: str) -> Path:
    """Return the folder that a model is fetched to."""
    return data_dir / _FOLDER / name


def is_complete(folder: Path, model: PinnedModel) -> bool:
    """Whether all files are there in their sizes; their digests are checked when the model is loaded."""
    try:
        return all((folder / one.name).stat().st_size == one.size_bytes for one in model.files)
    except OSError:
        return False


def check_digests(folder: Path | None, model: PinnedModel) -> Path:
    """Return the folder of a model after reading its files and checking their digests.

    Raises: SpeechUnavailableError if a file is missing, unreadable or another one than the pinned.
    """
    how = f"Run `earmark models pull {model.name}`."
    if folder is None:
        raise SpeechUnavailableError(f"The speech model {model.name} is not on this machine. {how}")
    for file in model.files:
        try:
            is_pinned = digest_of(folder / file.name) == file.sha256
        except OSError as error:
            raise SpeechUnavailableError(f"The speech model's file {file.name} can't be read. {how}") from error
        if not is_pinned:
            raise SpeechUnavailableError(f"The speech model's file {file.name} is damaged or another one. {how}")
    return folder


def digest_of(path: Path) -> str:
    """Return a file's SHA-256 digest in hexadecimal digits.

    Raises: OSError.
    """
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
