"""`parse_json` is strict, at little cost in time and memory."""

from __future__ import annotations

import json
import tracemalloc
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from earmark.errors import InvalidError
from earmark.strict_json import parse_json


def refused(body: bytes) -> InvalidError:
    with pytest.raises(InvalidError) as caught:
        parse_json(body)
    return caught.value


def test_parse_json_ordinary_object_is_returned() -> None:
    assert parse_json(b'{"a": [1, 2.5, null, true], "b": {"c": "\\u00e9"}}') == {
        "a": [1, 2.5, None, True],
        "b": {"c": "é"},
    }


def test_parse_json_byte_order_mark_is_removed() -> None:
    assert parse_json(b"\xef\xbb\xbf{}") == {}


def test_parse_json_second_byte_order_mark_is_refused() -> None:
    refused(b"\xef\xbb\xbf\xef\xbb\xbf{}")


@pytest.mark.parametrize(
    "body",
    [
        b'{"a":1,"a":1}',
        b'{"a":1,"\\u0061":2}',
        b'{"x":[{"y":{"k":1,"j":2,"k":3}}]}',
        b'{"a:b":1,"a\\u003ab":2}',
        b'{"a\\u003Ab":1,"a\\u003ab":2}',
        b'{"a":{"b":1},"a":"::\\u003a"}',
        # The escaped colons of one value make up for the colon that the duplicate loses.
        b'{"a":1,"a":"\\u003a\\u003a"}',
        b'{"a":"\\u003a","b":1,"b":2}',
        b'{"\\u00e9":1,"\xc3\xa9":2}',
        b'{"":1,"":2}',
    ],
)
def test_parse_json_duplicate_key_is_refused_however_deep_or_escaped(body: bytes) -> None:
    assert refused(body).message == "An object of the JSON has the same key twice."


@pytest.mark.parametrize(
    "body",
    [
        b'{"a":{"a":1},"b":{"a":1}}',
        b'{"t":"10:30:00","u":":::"}',
        b'{"a\\u003ab":1,"a:c":2}',
        b'{"\\\\u003a":"\\\\u003a"}',
        b'{"a":":","b":"\\u003a"}',
    ],
)
def test_parse_json_colons_in_strings_are_not_counted(body: bytes) -> None:
    assert parse_json(body) == json.loads(body)


@pytest.mark.parametrize("body", [b"NaN", b"[Infinity]", b'{"a":-Infinity}', b"1e999", b"-1e999"])
def test_parse_json_number_that_is_not_finite_is_refused(body: bytes) -> None:
    refused(body)


@pytest.mark.parametrize("body", [b'"\\u0000"', b'{"a\\u0000b":1}', b'["\\\\\\u0000"]', b'"x\x00"', b"{}\x00"])
def test_parse_json_nul_is_refused_in_strings_keys_and_outside(body: bytes) -> None:
    refused(body)


def test_parse_json_backslash_before_u0000_is_plain_text() -> None:
    assert parse_json(b'["\\\\u0000", "\\u00e9"]') == ["\\u0000", "é"]


@pytest.mark.parametrize(
    "body", [b'"\\ud800"', b'"\\udc00x"', b'{"\\ud83d":1}', b'"\\ud83d\\ud83d"', b'"\xed\xa0\x80"']
)
def test_parse_json_lone_surrogate_is_refused(body: bytes) -> None:
    refused(body)


def test_parse_json_surrogate_pair_is_one_character() -> None:
    assert parse_json(b'"\\ud83d\\ude00"') == "\U0001f600"


def test_parse_json_invalid_utf8_names_the_byte() -> None:
    assert refused(b'{"a":"\xff"}').message == "The JSON is not valid UTF-8 at byte 6."


def test_parse_json_syntax_error_names_line_and_column_but_no_text() -> None:
    error = refused(b'{\n "secret": oops}')
    assert error.details == {"line": 2, "column": 12}
    assert "secret" not in error.message
    assert "oops" not in error.message


@pytest.mark.parametrize("body", [b"", b" \n", b"\xef\xbb\xbf"])
def test_parse_json_empty_body_is_reported_as_empty(body: bytes) -> None:
    assert refused(body).message == "The JSON is empty."


def test_parse_json_two_documents_are_refused() -> None:
    refused(b"{} {}")


def test_parse_json_254_levels_are_accepted() -> None:
    assert parse_json(b"[" * 254 + b"]" * 254)


@pytest.mark.parametrize("levels", [255, 1_024, 1_025, 400_000])
def test_parse_json_more_levels_are_refused(levels: int) -> None:
    assert refused(b"[" * levels + b"]" * levels).message == "The JSON is nested too deeply."


@pytest.mark.parametrize("body", [b"[" * (16 << 20) + b"]" * (16 << 20), b"[" + b"[]," * (11 << 20) + b"[]]"])
def test_parse_json_32_mib_of_arrays_is_refused_without_taking_memory(body: bytes) -> None:
    tracemalloc.start()
    try:
        refused(body)
        _, peak_bytes = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak_bytes < 200 << 20


def test_parse_json_brackets_in_strings_are_not_counted() -> None:
    assert parse_json(b'["' + b"[" * 1_200_000 + b'"]') == ["[" * 1_200_000]


def _strict(body: bytes) -> Any:
    """Parse by the same rules with a simple reference implementation."""

    def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        if len(dict(pairs)) != len(pairs):
            raise ValueError("duplicate")
        return dict(pairs)

    def no_constant(name: str) -> Any:
        raise ValueError(name)

    value = json.loads(body.decode(), object_pairs_hook=unique, parse_constant=no_constant)
    written = json.dumps(value, ensure_ascii=False)
    written.encode()  # a lone surrogate raises
    if "\0" in json.dumps(value, ensure_ascii=False).replace("\\\\", "").replace("\\u0000", "\0"):
        raise ValueError("nul")
    return value


_TOKENS = [
    *'{}[]:,"',
    *('"a"', '"b"', '"\\u0061"', '":"', '"\\u003a"', '"\\u003A"', '"\\\\u003a"', '"\\u0000"', '"\\\\u0000"'),
    *('"\\ud800"', '"é"', "1", "2.5", "NaN", "null", " ", "\n", "\\"),
]
_OBJECTS = st.recursive(
    st.sampled_from([t for t in _TOKENS if t == "1" or (t[0] in '"2n' and len(t) > 1)]),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3).map(lambda items: f"[{','.join(items)}]"),
        st.lists(st.tuples(st.sampled_from([t for t in _TOKENS if t[0] == '"' and len(t) > 1]), inner), max_size=3).map(
            lambda pairs: "{" + ",".join(f"{key} :{value}" for key, value in pairs) + "}"
        ),
    ),
    max_leaves=8,
)


@settings(max_examples=400, deadline=None)
@given(st.one_of(_OBJECTS, st.lists(st.sampled_from(_TOKENS), max_size=12).map("".join)))
def test_parse_json_agrees_with_a_simple_strict_parser(text: str) -> None:
    body = text.encode()
    try:
        expected = _strict(body)
    except ValueError:
        refused(body)
    else:
        assert parse_json(body) == expected


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=60))
def test_parse_json_any_bytes_are_parsed_or_refused(body: bytes) -> None:
    with suppress(InvalidError):
        parse_json(body)
