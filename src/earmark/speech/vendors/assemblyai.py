"""AssemblyAI: the audio is uploaded, a transcript is ordered, and its id is asked until it is done.

https://www.assemblyai.com/docs/api-reference/transcripts (2026-11)
"""

from __future__ import annotations

import asyncio
from typing import Any, Final

import httpx

from earmark.config import Settings
from earmark.speech.encoding.process import Part
from earmark.speech.errors import HearingError
from earmark.speech.types import ProviderName, Task
from earmark.speech.vendors.answers import Answer, UnreadableAnswerError, read_answer, read_copy_id
from earmark.speech.vendors.http import VendorHttp, VendorRefusedError
from earmark.speech.vendors.terms import fitting_terms

_PART_MS: Final = 9 * 3_600_000
"""Below its limit of 10 hours."""
_TERM_CHARS, _TERM_WORDS = 6_400, 6


class AssemblyAI:
    """AssemblyAI's API. It keeps audio and transcript until the transcript is deleted."""

    provider: ProviderName | None = "assemblyai"
    can_diarize = True
    keeps_copies = True
    part_ms = _PART_MS

    def __init__(self, engine: str, settings: Settings) -> None:
        own = settings.speech_assemblyai
        self.http = VendorHttp(engine, own.base_url, {"Authorization": own.key}, settings.speech_vendor_wait_s)
        self._model = own.model
        self._poll_s = settings.speech_vendor_poll_s

    async def send(self, client: httpx.AsyncClient, part: Part, task: Task) -> str:
        """Upload a part and order its transcript; return the transcript's id."""
        headers = {"Content-Type": "application/octet-stream", "Content-Length": str(part.size_bytes)}
        uploaded = await self.http.ask(client, "POST", "/v2/upload", headers=headers, content=part.pieces())
        address = uploaded.get("upload_url")
        if not isinstance(address, str):
            raise UnreadableAnswerError
        ordered = await self.http.ask(client, "POST", "/v2/transcript", json=self._order(address, task))
        transcript_id = read_copy_id(ordered.get("id"))
        if transcript_id is None:
            raise UnreadableAnswerError
        return transcript_id

    def _order(self, address: str, task: Task) -> dict[str, Any]:
        order: dict[str, Any] = {
            "audio_url": address, "speech_models": [self._model], "speaker_labels": task.diarization,
            "punctuate": True, "format_text": True,
        }  # fmt: skip
        if task.language:
            order["language_code"] = task.language.split("-")[0].lower()
        else:
            order["language_detection"] = True
        terms = list(fitting_terms(task.vocabulary, chars=_TERM_CHARS, term_words=_TERM_WORDS))
        return {**order, "keyterms_prompt": terms} if terms else order

    async def fetch(self, client: httpx.AsyncClient, vendor_id: str, length_ms: int) -> Answer | None:
        """Ask for a transcript until it is done."""
        try:
            async with asyncio.timeout(self.http.wait_s):
                while True:
                    document = await self.http.ask(client, "GET", f"/v2/transcript/{vendor_id}")
                    status = document.get("status")
                    if status == "completed":
                        return _read(document, vendor_id, length_ms)
                    if status == "error":
                        raise _failure(document.get("error"))
                    if status not in ("queued", "processing"):
                        raise UnreadableAnswerError
                    await asyncio.sleep(self._poll_s)
        except TimeoutError as error:
            raise HearingError("vendor_unavailable", is_temporary=True, after_s=self._poll_s) from error
        except VendorRefusedError as error:
            if error.status == 404:
                return None
            raise

    async def delete(self, client: httpx.AsyncClient, copy_id: str) -> None:
        """Delete a transcript with its audio."""
        await self.http.delete(client, f"/v2/transcript/{copy_id}")


def _read(document: dict[str, Any], transcript_id: str, length_ms: int) -> Answer:
    """Read the words, which are joined to sentences: an utterance may last for minutes."""
    if document.get("words"):
        document = {**document, "utterances": None}
    elif not document.get("text"):
        return Answer((), copy_id=transcript_id)
    answer = read_answer("assemblyai", document, length_ms)
    return Answer(answer.segments, answer.language, transcript_id)


def _failure(message: Any) -> HearingError:
    """Return why a transcript failed; it was not billed."""
    said = message.lower() if isinstance(message, str) else ""
    if "no spoken audio" in said:
        return HearingError("no_speech")
    if "language" in said:
        return HearingError("language_not_supported")
    return HearingError("vendor_refused_request")
