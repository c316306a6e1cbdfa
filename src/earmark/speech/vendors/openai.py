"""OpenAI, and every server with its `/audio/transcriptions` API.

https://developers.openai.com/api/reference/resources/audio (2026-11)
"""

from __future__ import annotations

from typing import Any, Final, Literal

import httpx

from earmark.config import SpeechServerSettings
from earmark.speech.encoding.process import Part
from earmark.speech.encoding.types import BYTES_PER_S, CONTENT_TYPE, FILE_NAME
from earmark.speech.types import ProviderName, Task
from earmark.speech.vendors.answers import Answer, UnreadableAnswerError, estimate, read_answer
from earmark.speech.vendors.http import VendorHttp
from earmark.speech.vendors.terms import fitting_terms
from earmark.transcripts.language import parse_vendor_language

Form = Literal["verbose_json", "diarized_json", "json"]
_TEXT_PART_MS: Final = 30_000
"""With text only, times are estimated within a part: short ones keep them close."""
_PROMPT_CHARS: Final = 600
"""Below the limit of 224 tokens."""


class OpenAI:
    """A server with OpenAI's API. OpenAI keeps neither audio nor text of it."""

    provider: ProviderName | None = None
    keeps_copies = False

    def __init__(self, engine: str, own: SpeechServerSettings, wait_s: float) -> None:
        headers = {"Authorization": f"Bearer {own.api_key.get_secret_value()}"} if own.api_key else {}
        self.http = VendorHttp(engine, own.base_url, headers, wait_s)
        self._model = own.model
        self.form: Form = own.answers or form_of(own.model)
        self.can_diarize = self.form == "diarized_json"
        by_size_ms = round(own.part_megabytes * 1e6 / BYTES_PER_S * 1_000)
        by_time_ms = round(own.part_minutes * 60_000)
        self.part_ms = min(by_size_ms, by_time_ms, _TEXT_PART_MS if self.form == "json" else by_time_ms)

    async def send(self, client: httpx.AsyncClient, part: Part, task: Task) -> Answer:
        """Send a part and wait for what was heard."""
        part.file.seek(0)
        document = await self.http.ask(
            client, "POST", "/audio/transcriptions", data=self._fields(task),
            files={"file": (FILE_NAME, part.file, CONTENT_TYPE)},
        )  # fmt: skip
        return _read(document, part.length_ms)

    def _fields(self, task: Task) -> dict[str, Any]:
        fields: dict[str, Any] = {"model": self._model, "response_format": self.form}
        if task.language:
            fields["language"] = task.language.split("-")[0].lower()
        if self.form == "diarized_json":
            return {**fields, "chunking_strategy": "auto"}  # which takes no prompt
        if self.form == "verbose_json":
            fields["timestamp_granularities[]"] = "segment"
        prompt = ", ".join(fitting_terms(task.vocabulary, chars=_PROMPT_CHARS))
        return {**fields, "prompt": prompt} if prompt else fields

    async def fetch(self, client: httpx.AsyncClient, vendor_id: str, length_ms: int) -> None:
        """Return None: it works on nothing between requests."""

    async def delete(self, client: httpx.AsyncClient, copy_id: str) -> None:
        """Do nothing: it keeps no copies."""


def form_of(model: str) -> Form:
    """Return the richest form of answer that a model is known to give; others than OpenAI's have segments."""
    if "diarize" in model:
        return "diarized_json"
    return "json" if model.startswith("gpt-") else "verbose_json"


def _read(document: dict[str, Any], length_ms: int) -> Answer:
    """Read segments or words if there are any, else the text alone."""
    language = parse_vendor_language(document.get("language"))
    if document.get("segments") or document.get("words"):
        answer = read_answer("whisper", {"task": "transcribe", "text": "", **document}, length_ms)
        return Answer(answer.segments, answer.language or language)
    text = document.get("text")
    if not isinstance(text, str):
        raise UnreadableAnswerError
    return Answer(estimate(text, length_ms), language)
