"""Cursors, ids, times, queries and Idempotency-Keys: any input is parsed or refused."""

from __future__ import annotations

import re
from urllib.parse import quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from earmark.api.pipeline.cursors import CursorSigner
from earmark.api.pipeline.documents import _canonical
from earmark.api.pipeline.pipeline import parse_query
from earmark.clock import parse_time, render_time
from earmark.errors import InvalidError
from earmark.ids import is_id, new_id

SIGNER = CursorSigner("s" * 48)
POSITIONS = st.lists(st.integers(-(2**53), 2**53) | st.text(st.characters(codec="utf-8"), max_size=60), max_size=4)
BINDINGS = st.lists(st.text(st.characters(codec="utf-8"), max_size=20), min_size=1, max_size=4)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner, max_size=4),
    max_leaves=12,
)


@given(POSITIONS, BINDINGS)
def test_a_cursor_decodes_to_its_position(position: list[int | str], binding: list[str]) -> None:
    cursor = SIGNER.render(position, binding)
    assert re.fullmatch(r"[A-Za-z0-9_.-]{1,2048}", cursor)
    assert SIGNER.parse(cursor, binding) == position


@given(POSITIONS, BINDINGS, st.data())
def test_an_altered_or_foreign_cursor_is_refused(
    position: list[int | str], binding: list[str], data: st.DataObject
) -> None:
    cursor = SIGNER.render(position, binding)
    at = data.draw(st.integers(0, len(cursor) - 1))
    other = data.draw(st.sampled_from("ABab01_-.").filter(lambda char: char != cursor[at]))
    for changed, walk in ((cursor[:at] + other + cursor[at + 1 :], binding), (cursor, [*binding, "more"])):
        try:
            found = SIGNER.parse(changed, walk)
        except InvalidError:
            continue
        # The last character of unpadded base64 has bits that say nothing.
        assert (found, walk) == (position, binding)


@given(st.text(max_size=200))
def test_any_text_as_a_cursor_is_refused(text: str) -> None:
    with pytest.raises(InvalidError) as refused:
        SIGNER.parse(text, ["walk"])
    assert refused.value.param == "cursor"


@given(st.text(max_size=80))
def test_an_id_is_its_prefix_and_letters_or_digits(text: str) -> None:
    assert is_id(text, "rec") == bool(re.fullmatch(r"rec_[A-Za-z0-9]{1,64}", text))
    assert is_id(new_id("rec"), "rec")
    assert not is_id(new_id("rec") + text + "!", "rec")


@given(
    st.text(max_size=40)
    | st.from_regex(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d{1,9})?(Z|[+-]\d{2}:\d{2})", fullmatch=True)
)
def test_a_time_is_parsed_or_a_value_error(text: str) -> None:
    try:
        moment = parse_time(text)
    except ValueError:
        return
    if 0 <= moment < 253_370_764_800_000_000:
        assert parse_time(render_time(moment)) == moment // 1_000_000 * 1_000_000


@given(
    st.dictionaries(
        st.sampled_from(["q", "limit", "cursor"]),
        st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1),
    )
)
def test_a_query_string_decodes_to_the_parameters_sent(sent: dict[str, str]) -> None:
    line = "&".join(f"{name}={quote_plus(value)}" for name, value in sent.items()).encode()
    assert parse_query(line + b"&unknown=%FF", frozenset({"q", "limit", "cursor"})) == sent


@given(st.binary(max_size=100))
def test_any_bytes_as_a_query_are_parsed_or_refused(line: bytes) -> None:
    try:
        found = parse_query(line, frozenset({"q", "a", ""}))
    except InvalidError:
        return
    assert set(found) <= {"q", "a", ""}


@given(JSON)
def test_equal_json_has_the_same_canonical_form(value: object) -> None:
    again = _canonical(_canonical(value))
    assert again == _canonical(value)
    assert repr(_canonical(_as_floats(value))) == repr(_canonical(value))


def _as_floats(value: object) -> object:
    """Return the same JSON with small whole numbers written as `1.0`."""
    if isinstance(value, dict):
        return {name: _as_floats(one) for name, one in value.items()}
    if isinstance(value, list):
        return [_as_floats(one) for one in value]
    return float(value) if type(value) is int and abs(value) < 2**53 else value
