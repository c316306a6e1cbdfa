"""`POST /v1/ask/sessions/import`, as far as it is computed in a process of its own."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from pydantic import TypeAdapter

from earmark.api.pipeline.documents import check_document, digest_of, load_document
from earmark.api.wire.sessions import ImportBody
from earmark.ask.exchange.importing import message_rows

_BODY: Final = TypeAdapter(ImportBody)


def check_import(pieces: Iterator[Any]) -> Iterator[Any]:
    """Check a body; yield its digest if it is wanted, and the body without its messages."""
    raw, ignored, is_keyed = pieces
    document = load_document(raw, ignored=ignored)
    body = check_document(_BODY, document)
    yield digest_of(document) if is_keyed else None
    yield body.received()


def make_messages(pieces: Iterator[Any]) -> Iterator[list[dict[str, Any]]]:
    """Make the rows of the messages of a body that was checked before; yield them in batches."""
    raw, spoken = pieces
    body = check_document(_BODY, load_document(raw))
    yield from message_rows(body, spoken)
