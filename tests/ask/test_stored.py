"""What Ask stores as JSON has versions: rows of every version are read as the same values, and shown alike."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from earmark.api.wire.search import chunk_to_wire
from earmark.api.wire.turns import part_to_wire, scope_to_wire
from earmark.ask.answers.feed import SourcesFound, TextAdded, TurnEvent, TurnFailed, TurnStarted
from earmark.ask.sessions.stored import (
    UnknownFormError,
    dump_parts,
    dump_scope,
    dump_source,
    load_parts,
    load_scope,
    load_source,
)
from earmark.ask.turns.stored_events import Unlogged, dump_events, load_events
from earmark.ask.types import LIBRARY, CitationPart, Part, Scope, Source, SourceLine, TextPart
from earmark.errors import ProviderError

SOURCE = Source("chk_a", "rec_a", "txn_a", "Let's move it.\nYes.", "Ada", 61_200, 64_000, 1_767_225_600_000_000, 0.25)
OLD_SCOPES = {
    '{"type":"library","recording_ids":[],"recording_title":null}': LIBRARY,
    '{"type":"recording","recording_ids":["rec_a"],"recording_title":"Board \\"call\\""}': Scope(
        "recording", ("rec_a",), 'Board "call"'
    ),
    '{"type":"selected","recording_ids":["rec_b","rec_a"],"recording_title":null}': Scope(
        "selected", ("rec_b", "rec_a")
    ),
    '{"type":"folder","recording_ids":[],"recording_title":null,"folder_id":"fld_a","folder_name":"Ö"}': Scope(
        "folder", folder_id="fld_a", folder_name="Ö"
    ),
}
OLD_PARTS = (
    '[{"type":"text","text":"On the ","is_key":true},{"type":"text","text":"ninth"},'
    '{"type":"citation","recording_id":"rec_a","start_ms":61200}]'
)
PARTS: tuple[Part, ...] = (TextPart("On the ", is_key=True), TextPart("ninth"), CitationPart("rec_a", 61_200))
OLD_SOURCE = (
    '{"chunk_id":"chk_a","recording_id":"rec_a","transcription_id":"txn_a","chunk_text":"Let\'s move it.\\nYes.",'
    '"speaker":"Ada","start_ms":61200,"end_ms":64000,"recorded_at":"2026-01-01T00:00:00Z","score":0.25}'
)
OLD_EVENTS = (
    '[["turn.started",{"session_id":"as_a","user_message_id":"msg_a"}],["turn.sources",{"sources":['
    + OLD_SOURCE
    + ']}],["text.delta",{"text":"On","part":0,"is_key":true}],["text.delta",{"text":" it","part":0}],'
    '["citation",{"recording_id":"rec_a","start_ms":5}],["turn.sources",null],["turn.completed",{"message_id":"msg_b"}],'
    '["turn.failed",{"code":"provider_error","status":502,"message":"No.","session_id":"as_a"}]]'
)


@pytest.mark.parametrize(("stored", "scope"), OLD_SCOPES.items())
def test_a_scope_without_a_version_is_read_and_shown_as_it_was(stored: str, scope: Scope) -> None:
    assert load_scope(stored) == scope
    assert orjson.dumps(scope_to_wire(scope)).decode() == stored


def test_parts_without_a_version_are_read_and_shown_as_they_were() -> None:
    assert load_parts(OLD_PARTS) == PARTS
    assert orjson.dumps([part_to_wire(part) for part in PARTS]).decode() == OLD_PARTS


def test_a_source_without_a_version_is_read_and_shown_as_it_was() -> None:
    assert load_source(OLD_SOURCE) == SOURCE
    assert orjson.dumps(chunk_to_wire(SOURCE)).decode() == OLD_SOURCE
    undated = OLD_SOURCE.replace('"2026-01-01T00:00:00Z"', "null")
    assert load_source(undated).recorded_us is None


def test_a_source_keeps_its_lines_and_stores_its_words_once() -> None:
    lines = (SourceLine(61_200, 62_000, "Ada", "Let's move it."), SourceLine(62_000, 64_000, None, "Yes."))
    source = replace(SOURCE, segments=lines)
    assert load_source(dump_source(source)) == source
    assert dump_source(source).count("move it") == 1
    assert load_events(dump_events([SourcesFound((source, SOURCE))])) == [SourcesFound((source, SOURCE))]
    assert chunk_to_wire(source)["segments"][1] == {
        "start_ms": 62_000, "end_ms": 64_000, "speaker": None, "text": "Yes.",
    }  # fmt: skip


def test_events_without_a_version_are_read() -> None:
    *events, failed = load_events(OLD_EVENTS)
    assert events == [
        TurnStarted("as_a", "msg_a"), SourcesFound((SOURCE,)), TextAdded("On", 0, is_key=True), TextAdded(" it", 0),
        CitationPart("rec_a", 5), Unlogged("sources"), Unlogged("completed"),
    ]  # fmt: skip
    assert isinstance(failed, TurnFailed)
    error = failed.error
    assert (error.code, error.status, error.message, error.session_id) == ("provider_error", 502, "No.", "as_a")


TEXT = st.text(st.characters(exclude_categories=["Cs"]))
SCOPES = st.builds(
    Scope, st.sampled_from(["recording", "library", "selected", "folder"]), st.lists(TEXT).map(tuple),
    st.none() | TEXT, st.none() | TEXT, st.none() | TEXT,
)  # fmt: skip
MANY_PARTS = st.lists(
    st.builds(TextPart, TEXT, st.booleans()) | st.builds(CitationPart, TEXT, st.integers(0, 2**53))
).map(tuple)
SOURCES = st.builds(
    Source, TEXT, TEXT, TEXT, TEXT, st.none() | TEXT, st.integers(0, 2**53), st.integers(0, 2**53),
    st.none() | st.integers(-(2**53), 2**53), st.floats(0, 1e9),
)  # fmt: skip


@given(SCOPES, MANY_PARTS, SOURCES)
def test_what_is_stored_is_read_back(scope: Scope, parts: tuple[Part, ...], source: Source) -> None:
    assert load_scope(dump_scope(scope)) == scope
    assert load_parts(dump_parts(parts)) == parts
    assert load_source(dump_source(source)) == source
    events: list[TurnEvent] = [TurnStarted("as_a", "msg_a"), SourcesFound((source,)), TextAdded("a", 0)]
    assert load_events(dump_events(events)) == events


def test_a_failed_turns_log_keeps_no_sources() -> None:
    stored = dump_events([SourcesFound((SOURCE,)), TurnFailed(ProviderError("No."))])
    assert SOURCE.text not in orjson.loads(stored)["events"].__repr__()
    assert load_events(stored)[0] == Unlogged("sources")


@pytest.mark.parametrize(
    ("load", "stored"),
    [
        (load_scope, dump_scope(Scope("selected", ("rec_a",)))),
        (load_parts, dump_parts(PARTS)),
        (load_source, dump_source(SOURCE)),
        (load_events, dump_events([TurnStarted("as_a", "msg_a")])),
    ],
)
def test_every_form_names_its_version_and_a_later_one_is_refused(load: Callable[[str], Any], stored: str) -> None:
    assert orjson.loads(stored)["v"] == 1
    with pytest.raises(UnknownFormError):
        load(stored.replace('"v":1', '"v":2'))
