"""The speech engines by name: a new one is a module that implements `Engine`, and an entry here."""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from earmark.speech.listening.engine import Engine
from earmark.speech.listening.errors import SpeechUnavailableError
from earmark.speech.listening.whisper_languages import LANGUAGES

BUILT_IN: Final = "moonshine-tiny-en"


_PARAKEET_LANGUAGES: Final = frozenset(
    "bg cs da de el en es et fi fr hr hu it lt lv mt nl pl pt ro ru sk sl sv uk".split()
)


@dataclass(frozen=True, slots=True)
class EngineEntry:
    """How an engine is loaded: `open_engine(name, folder, vocabulary)` of a module that is imported when it is used.

    Args:
        languages: the first subtags of the languages that it transcribes; None: any.
        package: the import name of a package that it needs beside earmark's own.
        extra: the extra of the distribution that has that package.
    """

    module: str
    languages: frozenset[str] | None
    package: str | None = None
    extra: str | None = None

    @property
    def is_installed(self) -> bool:
        """Whether the package that it needs is there; finds it without importing it."""
        return self.package is None or importlib.util.find_spec(self.package) is not None


def _whisper(languages: frozenset[str]) -> EngineEntry:
    return EngineEntry("earmark.speech.listening.whisper", languages, "ctranslate2", "whisper")


ENGINES: Final[dict[str, EngineEntry]] = {
    BUILT_IN: EngineEntry("earmark.speech.listening.moonshine", frozenset({"en"})),
    "whisper-tiny.en": _whisper(frozenset({"en"})),
    "whisper-base": _whisper(LANGUAGES),
    "whisper-small": _whisper(LANGUAGES),
    "whisper-large-v3-turbo": _whisper(LANGUAGES),
    "parakeet-v3": EngineEntry("earmark.speech.listening.parakeet", _PARAKEET_LANGUAGES, "onnx_asr", "parakeet"),
}


def supports(name: str, language: str | None) -> bool:
    """Whether the engine transcribes a language, given by its BCP 47 tag; None: whichever is spoken."""
    languages = ENGINES[name].languages
    return language is None or languages is None or language.lower().split("-")[0] in languages


def load_engine(name: str, folder: Path | None, vocabulary: Sequence[str] = ()) -> Engine:
    """Load an engine's model.

    Raises: SpeechUnavailableError if there is no such engine, or a part of it is missing.
    """
    entry = ENGINES.get(name)
    if entry is None:
        raise SpeechUnavailableError(f"There is no speech engine {name!r}. There are: {', '.join(ENGINES)}.")
    if not entry.is_installed:
        raise SpeechUnavailableError(
            f"The speech engine {name} is not installed. Install it with `pip install 'earmark[{entry.extra}]'`."
        )
    module = importlib.import_module(entry.module)
    engine: Engine = module.open_engine(name, folder, vocabulary)
    return engine
