"""Writes a summary's output: by a language model if one is chosen, else quoted by the built-in summariser.

A model reads a transcript in as many parts as its context needs. A reply that isn't the object asked for is asked for
once more; then the next provider is tried, as for answers. Every item must be supported by what was said.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from earmark.answers.features import SentenceEmbedder
from earmark.answers.languages import language_of_text, languages_of, name_of
from earmark.computing.threads import compute
from earmark.errors import ProviderError, TooLargeError
from earmark.llm.errors import ContextTooLargeError, ModelFailedError
from earmark.llm.prompt import Prompt, estimate_passage
from earmark.llm.providers import Candidate
from earmark.llm.types import Passage, Writer
from earmark.summaries.built_in_templates import GENERAL_NOTES
from earmark.summaries.grounding import supporting
from earmark.summaries.prompt import merge_prompt, repair_prompt, summary_prompt
from earmark.summaries.quoting import add_chapters, quote_summary
from earmark.summaries.replies import Statement, Statements, UnusableReplyError, read_reply
from earmark.summaries.schemas import Field, fields_of, place, reply_schema
from earmark.summaries.types import Citation, Template, Usage, Wanted, Written

_PART_SHARE: Final = 0.8
"""The share that the lines of a part may fill of what rules, instructions and fields leave; the rest is for repairs."""
_LEAST_PART_TOKENS: Final = 400
_MOST_PARTS: Final = 100
_TRIES: Final = 2
_LINES_FOR_LANGUAGE: Final = 50
_MERGED: Final = Field(("text_of_all",), is_list=False)


@dataclass(frozen=True, slots=True)
class Task:
    """What is to be written: the request, its template (None for a prompt) and the whole transcript, numbered."""

    wanted: Wanted
    template: Template | None
    passages: Sequence[Passage]

    @property
    def instructions(self) -> str:
        """What the model is told to do."""
        return self.template.instructions if self.template else self.wanted.prompt or ""

    @property
    def fields(self) -> list[Field] | None:
        """What the output must have; None where the model chooses."""
        return fields_of(self.template.schema) if self.template else None

    def read_languages(self) -> tuple[str | None, str | None]:
        """Return the language of most lines, and the one that the person's or operator's own instructions are in."""
        longest = sorted(self.passages, key=lambda one: -len(one.text))[:_LINES_FOR_LANGUAGE]
        spoken = next(iter(languages_of(one.text for one in longest)), None)
        is_ours = self.template is not None and self.template.is_built_in
        return spoken, None if is_ours else language_of_text(self.instructions)


async def write_summary(task: Task, candidates: Sequence[Candidate], embedder: SentenceEmbedder | None) -> Written:
    """Return the output of the first candidate that can write it.

    Raises: ProviderError or ContextTooLargeError when none can.
    """
    for candidate in candidates:
        try:
            return await _write_by(candidate, task, embedder)
        except (ProviderError, TooLargeError):
            if candidate is candidates[-1]:
                raise
    raise AssertionError("there is always a candidate")


async def _write_by(candidate: Candidate, task: Task, embedder: SentenceEmbedder | None) -> Written:
    writer = candidate.model.writer
    if writer is None:
        quoted = await compute(quote_summary, task.template, task.wanted.prompt, task.passages, embedder)
        return replace(quoted, provider=task.wanted.provider)
    return await _Writing(candidate, writer, task, embedder).write()


class _Writing:
    """One candidate's work on one summary."""

    def __init__(self, candidate: Candidate, writer: Writer, task: Task, embedder: SentenceEmbedder | None) -> None:
        self._candidate = candidate
        self._writer = writer
        self._task = task
        self._embedder = embedder
        self._usage = Usage()
        self._asked_language: str | None = None

    async def write(self) -> Written:
        """Read the transcript part by part; ground and merge what was written."""
        fields = self._task.fields
        parts = list(parts_of(self._task.passages, self._room(fields)))
        if len(parts) > _MOST_PARTS:
            raise ContextTooLargeError(self._candidate.provider)
        spoken, self._asked_language = await compute(self._task.read_languages)
        language = name_of(spoken) if spoken is not None and self._asked_language is None else None
        written = []
        for part in parts:
            found = await self._ask(summary_prompt(self._task.instructions, fields, part, language), fields)
            fields = list(found) if fields is None else fields  # of a prompt, the first part's are all parts'
            written.append(found)
        grounded = await compute(self._ground, fields or [], written, parts)
        output = await self._output(grounded, len(parts))
        if self._task.template is not None and self._task.template.id == GENERAL_NOTES:
            output = await compute(add_chapters, output, self._task.passages, self._embedder)
        return replace(output, usage=self._usage)

    def _room(self, fields: Sequence[Field] | None) -> int:
        around = summary_prompt(self._task.instructions, fields, ()).tokens
        room = int((self._writer.room_tokens - around) * _PART_SHARE)
        if room < _LEAST_PART_TOKENS:
            raise ContextTooLargeError(self._candidate.provider)
        return room

    async def _ask(self, prompt: Prompt, fields: Sequence[Field] | None) -> Statements:
        asked, schema = prompt, None if fields is None else reply_schema(fields)
        for _ in range(_TRIES):
            composed = await self._writer.compose(asked, schema)
            spent, more = self._usage, composed.finished
            self._usage = Usage(
                spent.input_tokens + more.input_tokens, spent.output_tokens + more.output_tokens,
                spent.cached_tokens + more.cached_tokens,
            )  # fmt: skip
            try:
                return await compute(read_reply, composed.text, fields)
            except UnusableReplyError as error:
                asked = repair_prompt(prompt, composed.text, str(error))
        raise ModelFailedError(self._candidate.provider, "gave no usable summary")

    def _ground(
        self, fields: Sequence[Field], written: Sequence[Statements], parts: Sequence[Sequence[Passage]]
    ) -> dict[Field, list[tuple[str, tuple[Citation, ...]]]]:
        """Return each field's statements with what supports them, in the order of time; () where nothing does."""
        found: dict[Field, list[tuple[str, tuple[Citation, ...]]]] = {field: [] for field in fields}
        for statements, part in zip(written, parts, strict=True):
            passages = {one.number: one for one in part}
            for field, said in statements.items():
                for one in said if field in found else ():
                    found[field].append((one.text, self._support(field, one, passages)))
        return found

    def _support(self, field: Field, one: Statement, passages: dict[int, Passage]) -> tuple[Citation, ...]:
        if field.name == "participants":
            by_name = [passage for passage in passages.values() if _is_called(passage.speaker, one.text)]
            if by_name:
                first = by_name[0]
                return (Citation(first.recording_id, first.start_ms, first.end_ms, first.text),)
        return supporting(one.text, one.lines, passages, self._embedder, translated_to=self._asked_language)

    async def _output(self, grounded: dict[Field, list[tuple[str, tuple[Citation, ...]]]], parts: int) -> Written:
        output: dict[str, Any] = {}
        citations: dict[str, tuple[Citation, ...]] = {}
        dropped = 0
        for field, found in grounded.items():
            kept = [one for one in found if one[1]]
            dropped += len(found) - len(kept)
            kept = _without_repeats(kept)
            if field.is_list:
                place(output, field.path, [text for text, _ in kept])
                citations |= {f"{field.pointer}/{number}": cited for number, (_, cited) in enumerate(kept)}
                continue
            text = (
                await self._one_text(field, [text for text, _ in kept])
                if parts > 1
                else " ".join(text for text, _ in kept)
            )
            place(output, field.path, text)
            if text:
                citations[field.pointer] = tuple(dict.fromkeys(one for _, cited in kept for one in cited))
        provider, model = self._candidate.provider, self._candidate.model.model
        return Written(output, citations, provider, model, dropped)

    async def _one_text(self, field: Field, statements: Sequence[str]) -> str:
        """Return one text of those of the parts: the model's, if it can and says nothing new; else all of them."""
        joined = " ".join(statements)
        if len(statements) < 2:
            return joined
        try:
            found = await self._ask(merge_prompt(field.name, statements), [_MERGED])
        except (ProviderError, TooLargeError):
            return joined
        merged = " ".join(one.text for one in found[_MERGED])
        said = Passage(1, "", None, None, 0, 0, None, joined)
        if not merged:
            return joined
        sound = await compute(supporting, merged, [1], {1: said}, self._embedder)  # in their language
        return merged if sound else joined


def parts_of(passages: Sequence[Passage], room_tokens: int) -> Iterator[list[Passage]]:
    """Yield consecutive passages that fit together into a room; one that is longer stands alone."""
    part: list[Passage] = []
    left = room_tokens
    for one in passages:
        size = estimate_passage(f"{one.speaker or ''} {one.text}")
        if part and size > left:
            yield part
            part, left = [], room_tokens
        part.append(one)
        left -= size
    if part:
        yield part


def _without_repeats(found: Sequence[tuple[str, tuple[Citation, ...]]]) -> list[tuple[str, tuple[Citation, ...]]]:
    """Leave out what was said word for word before: parts repeat what both have, participants above all."""
    known: dict[str, tuple[str, tuple[Citation, ...]]] = {}
    for text, cited in found:
        known.setdefault(text.casefold().rstrip(" ."), (text, cited))
    return list(known.values())


def _is_called(speaker: str | None, name: str) -> bool:
    return speaker is not None and name.casefold().split(" (")[0].strip() == speaker.casefold()
