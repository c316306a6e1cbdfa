"""ElevenLabs: one request whose answer is the transcript, of which a copy is kept there.

https://elevenlabs.io/docs/api-reference/speech-to-text/convert (2026-11)
"""

from __future__ import annotations

from typing import Any, Final

import httpx

from earmark.config import Settings
from earmark.speech.encoding.process import Part
from earmark.speech.encoding.types import CONTENT_TYPE, FILE_NAME
from earmark.speech.types import ProviderName, Task
from earmark.speech.vendors.answers import Answer, read_answer, read_copy_id
from earmark.speech.vendors.http import VendorHttp
from earmark.speech.vendors.terms import fitting_terms

_PART_MS: Final = 9 * 3_600_000
"""Below its limit of 10 hours."""
_TERM_CHARS, _TERM_WORDS = 49, 5


class ElevenLabs:
    """ElevenLabs' API. It keeps a transcript until it is deleted."""

    provider: ProviderName | None = "elevenlabs"
    can_diarize = True
    keeps_copies = True
    part_ms = _PART_MS

    def __init__(self, engine: str, settings: Settings) -> None:
        own = settings.speech_elevenlabs
        self.http = VendorHttp(engine, own.base_url, {"xi-api-key": own.key}, settings.speech_vendor_wait_s)
        self._model = own.model

    async def send(self, client: httpx.AsyncClient, part: Part, task: Task) -> Answer:
        """Send a part and wait for what was heard."""
        part.file.seek(0)
        document = await self.http.ask(
            client, "POST", "/v1/speech-to-text", data=self._fields(task),
            files={"file": (FILE_NAME, part.file, CONTENT_TYPE)},
        )  # fmt: skip
        copy_id = read_copy_id(document.get("transcription_id"))
        if document.get("words") == []:
            return Answer((), copy_id=copy_id)
        answer = read_answer("elevenlabs", document, part.length_ms)
        return Answer(answer.segments, answer.language, copy_id)

    def _fields(self, task: Task) -> dict[str, Any]:
        fields: dict[str, Any] = {
            "model_id": self._model, "timestamps_granularity": "word", "tag_audio_events": "false",
            "diarize": "true" if task.diarization else "false",
        }  # fmt: skip
        if task.language:
            fields["language_code"] = task.language.split("-")[0].lower()
        terms = list(fitting_terms(task.vocabulary, chars=6_400, term_chars=_TERM_CHARS, term_words=_TERM_WORDS))
        return {**fields, "keyterms": terms} if terms else fields

    async def fetch(self, client: httpx.AsyncClient, vendor_id: str, length_ms: int) -> None:
        """Return None: it works on nothing between requests."""

    async def delete(self, client: httpx.AsyncClient, copy_id: str) -> None:
        """Delete a transcript."""
        await self.http.delete(client, f"/v1/speech-to-text/transcripts/{copy_id}")
