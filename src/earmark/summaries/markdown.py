"""Summaries and digests as Markdown, each item with its moment."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

from earmark.clock import local_day, render_offset
from earmark.summaries.digest import Digest
from earmark.summaries.types import Citation, ItemKind, Summary

_HEADINGS: Final[dict[ItemKind, str]] = {
    "decision": "Decided", "action_item": "To do", "open_question": "Open",
}  # fmt: skip


def render_summary(one: Summary, name: str) -> str:
    """Return a completed summary as Markdown."""
    lines = [f"# {name}", "", *_fields(one.output or {}, one.citations, "", 2)]
    return "\n".join(lines).rstrip() + "\n"


def _fields(
    values: Mapping[str, Any], citations: Mapping[str, Sequence[Citation]], pointer: str, level: int
) -> Iterator[str]:
    for name, value in values.items():
        here = f"{pointer}/{name}"
        if not value:
            continue
        yield from (f"{'#' * level} {name.replace('_', ' ').capitalize()}", "")
        if isinstance(value, dict):
            yield from _fields(value, citations, here, min(6, level + 1))
            continue
        if isinstance(value, str):
            yield value + _moments(citations.get(here, ()))
        else:
            for number, item in enumerate(value):
                yield f"- {_text(item)}{_moments(citations.get(f'{here}/{number}', ()))}"
        yield ""


def _text(item: Any) -> str:
    return str(item.get("title", "")) if isinstance(item, dict) else str(item)


def _moments(citations: Iterable[Citation]) -> str:
    found = dict.fromkeys(render_offset(one.start_ms) for one in citations)
    return f" [{', '.join(found)}]" if found else ""


def render_digest(found: Sequence[Digest]) -> str:
    """Return a digest as Markdown: a heading a recording, a list a kind."""
    lines: list[str] = []
    for one in found:
        recording = one.recording
        when = recording.recorded_us or recording.created_us
        lines += [f"# {recording.name or recording.id} ({local_day(when, recording.recorded_offset_min)})", ""]
        for kind, heading in _HEADINGS.items():
            items = [item for item in one.items if item.kind == kind]
            if items:
                lines += [f"## {heading}", ""]
                for item in items:
                    moment = "" if item.start_ms is None else f" [{render_offset(item.start_ms)}]"
                    lines.append(f"- {item.text}{moment}")
                lines.append("")
    return "\n".join(lines).rstrip() + "\n" if lines else "Nothing was decided, promised or left open.\n"
