"""What can go wrong between audio and its transcript."""

from __future__ import annotations

from typing import ClassVar

from earmark.errors import InvalidError, ProviderError, UnavailableError


class SpeechUnavailableError(UnavailableError):
    """The speech engine or its model's files are not installed, or are not the pinned ones."""

    reason: ClassVar[str] = "engine_unavailable"


class EngineCrashedError(ProviderError):
    """The speech engine's process died, or wrote what is not its protocol."""

    reason: ClassVar[str] = "engine_crashed"


class LanguageNotSupportedError(InvalidError):
    """The speech is in a language that the engine does not transcribe."""

    reason: ClassVar[str] = "language_not_supported"


class NoSoundError(InvalidError):
    """The engine was given something other than decoded audio."""

    reason: ClassVar[str] = "invalid_audio"
