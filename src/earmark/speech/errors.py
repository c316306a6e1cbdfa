"""Errors of speech: why a transcription can't begin, and why one failed. Messages never contain what was said."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from earmark.errors import ConflictError, InvalidError

MESSAGES: Final[dict[str, str]] = {
    "audio_too_short": "The audio is shorter than a second.",
    "audio_corrupt": "The audio is damaged; nothing in it can be read.",
    "unsupported_format": "The file is not readable audio or video, or has no sound.",
    "no_speech": "Nobody speaks in the audio.",
    "language_not_supported": "The speech is not in a language that the engine transcribes, or too unclear for it. "
    "Another engine may know it: see `earmark models pull`, or ask for another provider.",
    "audio_too_long": "The audio is longer than this server transcribes.",
    "engine_crashed": "The speech engine stopped repeatedly.",
    "cancelled": "The transcription was cancelled.",
    "processing_error": "The audio could not be transcribed.",
}
"""The contract's codes of failed transcriptions, and what each means."""
_NAMED: Final = 5
"""So many languages are named; of more, the number is."""
NOT_INSTALLED: Final = "not_installed"
JOB_MESSAGES: Final[dict[str, str]] = {
    NOT_INSTALLED: "This server can't transcribe: a part of its speech engine is missing or damaged. "
    "Run `make install` again; `earmark doctor` says what is missing.",
    "vendor_refused_key": "The speech vendor refused the server's key. The operator has to set a valid one.",
    "vendor_wants_payment": "The speech vendor's account has no credit or quota left.",
    "vendor_refused_request": "The speech vendor refused the audio or the request.",
    "vendor_bad_answer": "The speech vendor's answer could not be read.",
    "vendor_unavailable": "The speech vendor could not be reached, or did not answer in time.",
    "vendor_busy": "The speech vendor took no more requests for a day.",
    "vendor_not_configured": "The engine is not configured any more.",
}
"""Codes of jobs that the contract lacks; their transcriptions fail with `processing_error` and these sentences."""


def describe(code: str | None) -> tuple[str, str]:
    """Return the contract's code of a job's error code, and the sentence for it."""
    if code in JOB_MESSAGES:
        return "processing_error", JOB_MESSAGES[code]
    known = code if code in MESSAGES else "processing_error"
    return known, MESSAGES[known]


class HearingError(Exception):
    """The audio could not be made into words.

    Args:
        code: one of `MESSAGES` or of `JOB_MESSAGES`.
        is_temporary: whether it may succeed when it is tried again.
        after_s: seconds until it should be tried again; None: as other jobs that fail.
    """

    def __init__(self, code: str, *, is_temporary: bool = False, after_s: float | None = None) -> None:
        self.code = code
        self.message = describe(code)[1]
        self.is_temporary = is_temporary
        self.after_s = after_s
        super().__init__(self.message)


class SpeechProviderError(InvalidError):
    """No engine is configured for the transcription provider that was asked for."""

    def __init__(self, provider: str) -> None:
        super().__init__(f"No engine is configured for the provider {provider}.", param="provider")


class EngineLanguageError(InvalidError):
    """The engine does not transcribe the language that was asked for."""

    def __init__(self, engine: str, languages: tuple[str, ...], others: Sequence[str] = ()) -> None:
        known = ", ".join(languages) if len(languages) <= _NAMED else f"{len(languages)} languages"
        way_out = (
            f"Of this server's engines, {', '.join(others)} can: its operator can make it the default or a provider's."
            if others
            else "The server's operator can add an engine for more languages: see `earmark models pull`."
        )
        super().__init__(f"The engine {engine} transcribes {known} only. {way_out}", param="language")


class NoAudioError(ConflictError):
    """The recording has no verified audio, or is in a state in which it can't be transcribed."""

    def __init__(self) -> None:
        super().__init__("The recording has no verified audio. Upload it, then transcribe it.")


class TranscriptionRunningError(ConflictError):
    """Another transcription of the recording is running that was asked for otherwise."""

    def __init__(self, transcription_id: str) -> None:
        super().__init__(
            "Another transcription of this recording is running. Wait for its end, or cancel it.",
            details={"transcription_id": transcription_id},
        )
