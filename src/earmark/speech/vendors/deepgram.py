"""Deepgram: one request whose answer is the transcript.

https://developers.deepgram.com/reference/speech-to-text/listen-pre-recorded (2026-11)
"""

from __future__ import annotations

from typing import Final

import httpx

from earmark.config import Settings
from earmark.speech.encoding.process import Part
from earmark.speech.encoding.types import CONTENT_TYPE
from earmark.speech.types import ProviderName, Task
from earmark.speech.vendors.answers import Answer, read_answer
from earmark.speech.vendors.http import VendorHttp
from earmark.speech.vendors.terms import fitting_terms

_PART_MS: Final = 10 * 3_600_000
"""Far below its limit of 2 GB, and within its ten minutes of work on one request."""
_TERM_CHARS: Final = 1_500
"""Below its limit of 500 tokens for all terms."""


class Deepgram:
    """Deepgram's API. It keeps nothing of requests with `mip_opt_out`."""

    provider: ProviderName | None = "deepgram"
    can_diarize = True
    keeps_copies = False
    part_ms = _PART_MS

    def __init__(self, engine: str, settings: Settings) -> None:
        own = settings.speech_deepgram
        self.http = VendorHttp(
            engine, own.base_url, {"Authorization": f"Token {own.key}"}, settings.speech_vendor_wait_s
        )
        self._model = own.model
        self._opts_out = own.mip_opt_out

    async def send(self, client: httpx.AsyncClient, part: Part, task: Task) -> Answer:
        """Send a part and wait for what was heard."""
        headers = {"Content-Type": CONTENT_TYPE, "Content-Length": str(part.size_bytes)}
        document = await self.http.ask(
            client, "POST", "/v1/listen", params=self._options(task), headers=headers, content=part.pieces()
        )
        return read_answer("deepgram", document, part.length_ms)

    def _options(self, task: Task) -> list[tuple[str, str]]:
        """Sentences with times come with `smart_format`; utterances would be longer than what a citation shows."""
        language = ("language", task.language) if task.language else ("detect_language", "true")
        options = [("model", self._model), ("smart_format", "true"), ("paragraphs", "true"), language]
        options += [("diarize", "true")] if task.diarization else []
        options += [("mip_opt_out", "true")] if self._opts_out else []
        name = "keywords" if self._model.startswith(("nova-2", "nova-1", "base", "enhanced")) else "keyterm"
        return options + [(name, term) for term in fitting_terms(task.vocabulary, chars=_TERM_CHARS)]

    async def fetch(self, client: httpx.AsyncClient, vendor_id: str, length_ms: int) -> None:
        """Return None: it works on nothing between requests."""

    async def delete(self, client: httpx.AsyncClient, copy_id: str) -> None:
        """Do nothing: it keeps no copies."""
