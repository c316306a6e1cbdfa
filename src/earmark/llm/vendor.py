"""A vendor's language model, called through pydantic-ai's direct requests: no agent, no tools.

An adapter in `vendors/` only creates the client; deadlines, retries, the circuit breaker and error mapping are
shared, and decided here.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from earmark.computing.threads import compute
from earmark.llm.breaker import Breaker
from earmark.llm.errors import ContextTooLargeError, ModelFailedError
from earmark.llm.failures import explain
from earmark.llm.markers import MarkerReader, without_unfit
from earmark.llm.prompt import Prompt, build_prompt
from earmark.llm.sdks import install_command
from earmark.llm.types import AnswerEvent, AnswerRequest, Composed, Finished, TextDelta

if TYPE_CHECKING:
    from pydantic_ai.messages import ModelMessage
    from pydantic_ai.models import Model, ModelRequestParameters

_FINISHES = {"length": "length", "content_filter": "content_filter"}
_COUNT_TIMEOUT_S = 5.0


@dataclass(frozen=True, slots=True)
class Deadlines:
    """Timeouts in seconds: connection, first text, between texts, whole answer, and retries."""

    connect_s: float = 10.0
    first_s: float = 60.0
    between_s: float = 30.0
    whole_s: float = 300.0
    retry_s: float = 20.0


class VendorModel:
    """One configured model. The vendor's SDK is imported with the first request.

    Args:
        provider: the provider's name in requests.
        model: the vendor's name for the model.
        connect: creates the client; called once.
        context_tokens: limit of prompt and answer together.
        answer_tokens: limit of the answer.
        counts_tokens: whether the vendor counts tokens before a request.
    """

    quotes = False

    def __init__(
        self,
        provider: str,
        model: str,
        connect: Callable[[float], Model],
        *,
        context_tokens: int,
        answer_tokens: int,
        counts_tokens: bool = False,
        deadlines: Deadlines | None = None,
    ) -> None:
        self.provider, self.model = provider, model
        self.context_tokens: int | None = context_tokens
        self._room, self._answer_tokens = context_tokens, answer_tokens
        self._connect, self._counts_tokens = connect, counts_tokens
        self._deadlines = deadlines or Deadlines()
        self._breaker = Breaker()
        self._client: Model | None = None
        self._takes_schemas = True

    @property
    def writer(self) -> VendorModel:
        """Itself."""
        return self

    async def answer(self, request: AnswerRequest) -> AsyncIterator[AnswerEvent]:
        """Yield text and citation marks while they stream, then `Finished`.

        Raises: ModelFailedError; ContextTooLargeError if the vendor reports it.
        """
        prompt = await compute(build_prompt, request, self._room, self._answer_tokens)
        reader = MarkerReader()
        async for event in self._stream(prompt, self._answer_tokens):
            if isinstance(event, TextDelta):
                for read in reader.read(event.text):
                    yield read
            else:
                for read in reader.finish():
                    yield read
                yield event

    async def write(self, prompt: Prompt, answer_tokens: int) -> str:
        """Return a short text: a title, suggestions, a test reply.

        Raises: as `answer`.
        """
        texts = [event.text async for event in self._stream(prompt, answer_tokens) if isinstance(event, TextDelta)]
        return without_unfit("".join(texts))

    async def compose(self, prompt: Prompt, schema: Mapping[str, Any] | None = None) -> Composed:
        """Return a text as long as an answer, and what it cost.

        Args:
            schema: a JSON schema of the text. A server that rejects it is asked without one, from then on.

        Raises: as `answer`.
        """
        if schema is None or not self._takes_schemas:
            return await self._compose(prompt, None)
        try:
            return await self._compose(prompt, schema)
        except ModelFailedError as error:
            if not error.is_about_request:
                raise
        composed = await self._compose(prompt, None)
        self._takes_schemas = False
        return composed

    async def _compose(self, prompt: Prompt, schema: Mapping[str, Any] | None) -> Composed:
        texts: list[str] = []
        finished = Finished()
        async for event in self._stream(prompt, self._answer_tokens, schema):
            if isinstance(event, TextDelta):
                texts.append(event.text)
            else:
                finished = event
        return Composed(without_unfit("".join(texts)), finished)

    @property
    def room_tokens(self) -> int:
        """The most tokens that a prompt may have."""
        return self._room - self._answer_tokens

    async def fits(self, request: AnswerRequest) -> bool:
        """Whether the request fits the context; the vendor counts tokens if the estimate is close."""
        room = self._room - self._answer_tokens
        if sum(len(passage.text) for passage in request.passages) > room * 8:
            return False  # far too long: skip building the prompt
        prompt = await compute(build_prompt, request, self._room, self._answer_tokens)
        estimated = prompt.tokens
        if not self._counts_tokens or estimated <= room * 0.6 or estimated > room * 2:
            return estimated <= room
        try:
            async with asyncio.timeout(_COUNT_TIMEOUT_S):
                client = await self._ready()
                usage = await client.count_tokens(_messages(prompt), None, _no_tools())
        except Exception:  # counting is optional: on any failure the estimate decides
            return estimated <= room
        return usage.input_tokens <= room

    async def _stream(
        self, prompt: Prompt, answer_tokens: int, schema: Mapping[str, Any] | None = None
    ) -> AsyncIterator[TextDelta | Finished]:
        """Stream an answer; retry transient failures until the first text."""
        if not self._breaker.allow():
            why = "failed several times in a row and is paused. Try again in half a minute"
            raise ModelFailedError(self.provider, why)
        await self._ready()
        give_up_s = time.monotonic() + self._deadlines.retry_s
        for attempt in range(1_000):
            has_text = False
            try:
                async for event in self._attempt(prompt, answer_tokens, schema):
                    has_text = True
                    yield event
            except ModelFailedError as error:
                wait_s = error.wait_s if error.wait_s is not None else min(8.0, 0.25 * 2**attempt)
                wait_s *= 1 + 0.2 * random.random()  # noqa: S311 - spreads retries, guards nothing
                if has_text or not error.is_passing or time.monotonic() + wait_s > give_up_s:
                    self._note(is_well=error.is_about_request)
                    raise
                await asyncio.sleep(wait_s)
            except ContextTooLargeError:
                self._note(is_well=True)
                raise
            else:
                self._note(is_well=True)
                return

    def _note(self, *, is_well: bool) -> None:
        if is_well:
            self._breaker.succeeded()
        else:
            self._breaker.failed()

    async def _attempt(
        self, prompt: Prompt, answer_tokens: int, schema: Mapping[str, Any] | None
    ) -> AsyncIterator[TextDelta | Finished]:
        from pydantic_ai.direct import model_request_stream

        waits = self._deadlines
        end_s = time.monotonic() + waits.whole_s
        settings: Any = {"max_tokens": answer_tokens, "max_retries": 0}
        try:
            async with AsyncExitStack() as stack:
                async with asyncio.timeout(waits.first_s):
                    client = await self._ready()
                    opening = model_request_stream(
                        client, _messages(prompt), model_settings=settings,
                        model_request_parameters=_parameters(client, schema),
                    )  # fmt: skip
                    response = await stack.enter_async_context(opening)
                events, wait_s = aiter(response), waits.first_s
                while True:
                    async with asyncio.timeout(max(0.0, min(wait_s, end_s - time.monotonic()))):
                        event = await anext(events, None)
                    if event is None:
                        break
                    text, wait_s = _text_of(event), waits.between_s
                    if text:
                        yield TextDelta(text)
                finished = _finished(response.get())
            if finished is None:
                raise ModelFailedError(self.provider, "stopped in the middle of its answer", is_passing=True)
            yield finished
        except (ModelFailedError, ContextTooLargeError):
            raise
        except Exception as error:  # a vendor's SDK may raise anything; `explain` maps it
            raise explain(self.provider, error) from error

    async def _ready(self) -> Model:
        if self._client is None:
            try:
                self._client = await asyncio.to_thread(self._connect, self._deadlines.connect_s)
            except ImportError as error:
                why = f"needs its SDK, which is not installed ({install_command(self.provider)})"
                raise ModelFailedError(self.provider, why) from error
        return self._client


def _messages(prompt: Prompt) -> list[ModelMessage]:
    from pydantic_ai.messages import ModelRequest, ModelResponse, SystemPromptPart, TextPart, UserPromptPart

    messages: list[ModelMessage] = [ModelRequest([SystemPromptPart(prompt.system)])]
    for role, text in prompt.history:
        is_user = role == "user"
        messages.append(ModelRequest([UserPromptPart(text)]) if is_user else ModelResponse([TextPart(text)]))
    messages.append(ModelRequest([UserPromptPart(prompt.message)]))
    return messages


def _no_tools() -> Any:
    from pydantic_ai.models import ModelRequestParameters

    return ModelRequestParameters()


def _parameters(client: Model, schema: Mapping[str, Any] | None) -> ModelRequestParameters:
    """Return parameters that hold the model to a schema, if it can be held to one."""
    from pydantic_ai.models import ModelRequestParameters
    from pydantic_ai.output import OutputObjectDefinition

    if schema is None or not client.profile.get("supports_json_schema_output", False):
        return ModelRequestParameters()
    return ModelRequestParameters(
        output_mode="native", output_object=OutputObjectDefinition(dict(schema), name="output", strict=True)
    )


def _text_of(event: Any) -> str:
    """Return the text of a stream event; empty for reasoning and other events."""
    if event.event_kind == "part_start":
        return str(event.part.content) if event.part.part_kind == "text" else ""
    if event.event_kind == "part_delta":
        return event.delta.content_delta or "" if event.delta.part_delta_kind == "text" else ""
    return ""


def _finished(response: Any) -> Finished | None:
    """Return how the answer ended; None if the vendor reported no end, or an error."""
    if response.finish_reason in (None, "error") or "finish_reason" not in (response.provider_details or {}):
        return None
    usage = response.usage
    return Finished(
        _FINISHES.get(response.finish_reason, "stop"),
        usage.input_tokens or 0,
        usage.output_tokens or 0,
        usage.cache_read_tokens or 0,
    )
