"""The forms in which Ask stores scopes, parts of messages and sources: JSON with a version.

Version 1 is written. Rows without a version were written by earlier releases, in the form that the wire had then; they
are read as long as they are there. A new form gets the next number, and its reader stands beside these.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from typing import Any, Final

import orjson

from earmark.ask.types import LIBRARY, CitationPart, Part, Scope, Session, Source, SourceLine, TextPart
from earmark.clock import parse_time

VERSION: Final = 1


class UnknownFormError(ValueError):
    """A later release wrote the row."""

    def __init__(self, version: object) -> None:
        super().__init__(f"unknown version of a stored form: {version!r}")


def dump_scope(scope: Scope) -> str:
    """Return a scope as it is stored."""
    return _dump({name: value for name, value in scope._asdict().items() if value not in (None, ())})


def load_scope(stored: str) -> Scope:
    """Return the scope that was stored."""
    if stored == _LIBRARY:  # most scopes of a list
        return LIBRARY
    fields = orjson.loads(stored)
    check_version(fields.get("v"))
    return Scope(
        fields["type"], tuple(fields.get("recording_ids", ())), fields.get("recording_title"),
        fields.get("folder_id"), fields.get("folder_name"), fields.get("speaker"),
    )  # fmt: skip


def to_session(row: Sequence[Any]) -> Session:
    """Return the session of a row of `list_queries.SESSION`."""
    # Not `_make`: a list makes twenty of them a request, and its check of their length costs as much as the tuple.
    return tuple.__new__(Session, (row[0], row[1], load_scope(row[2]), *row[3:]))


def dump_parts(parts: Iterable[Part]) -> str:
    """Return the parts of a message as they are stored."""
    return _dump({"parts": [asdict(part) for part in parts]})


def load_parts(stored: str) -> tuple[Part, ...]:
    """Return the parts that were stored."""
    document = orjson.loads(stored)
    if isinstance(document, list):  # without a version
        return tuple(map(_to_part, document))
    check_version(document.get("v"))
    return tuple(map(_to_part, document["parts"]))


def _to_part(fields: dict[str, Any]) -> Part:
    if "text" in fields:
        return TextPart(fields["text"], fields.get("is_key", False))
    return CitationPart(fields["recording_id"], fields["start_ms"])


def dump_source(source: Source) -> str:
    """Return a source as it is stored."""
    return _dump(source_fields(source))


def source_fields(source: Source) -> dict[str, Any]:
    """Return a source's fields as they are stored: its words once, in its lines."""
    fields = asdict(source)
    fields["segments"] = [[*line.values()] for line in fields["segments"]]
    if source.segments:
        del fields["text"]
    return fields


def from_source_fields(fields: dict[str, Any]) -> Source:
    """Return the source whose fields were stored."""
    lines = tuple(SourceLine(*line) for line in fields.pop("segments", ()))
    if lines:
        fields["text"] = "\n".join(line.text for line in lines)
    return Source(**fields, segments=lines)


def load_source(stored: str) -> Source:
    """Return the source that was stored."""
    fields = orjson.loads(stored)
    version = fields.pop("v", None)
    check_version(version)
    return to_source_of(fields) if version is None else from_source_fields(fields)


def to_source_of(chunk: dict[str, Any]) -> Source:
    """Return the source that a chunk of the wire tells of, as rows without a version hold it."""
    recorded_at = chunk["recorded_at"]
    return Source(
        chunk["chunk_id"], chunk["recording_id"], chunk["transcription_id"], chunk["chunk_text"], chunk["speaker"],
        chunk["start_ms"], chunk["end_ms"], None if recorded_at is None else parse_time(recorded_at), chunk["score"],
    )  # fmt: skip


def check_version(version: int | None) -> None:
    """Check that a stored form is one that is read here.

    Raises: UnknownFormError.
    """
    if version not in (None, VERSION):
        raise UnknownFormError(version)


def _dump(fields: dict[str, Any]) -> str:
    return orjson.dumps({"v": VERSION, **fields}).decode()


_LIBRARY: Final = dump_scope(LIBRARY)
