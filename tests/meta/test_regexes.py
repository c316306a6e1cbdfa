"""Every regular expression of earmark takes linear time, judged by its structure and not by a clock.

Backtracking is exponential where the same characters can be matched by several repetitions: nested ones, or
consecutive ones without a fixed separator. Possessive repetitions and atomic groups do not backtrack, and are
exempt.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from re import _compiler, _parser  # type: ignore[attr-defined]
from typing import Any

import pytest

from tests.meta.sources import modules

SAMPLES = [chr(code) for code in range(128)] + list("\x85\xa0é中\u2028😀\ufeff")
_REPEATS = {"MAX_REPEAT", "MIN_REPEAT"}
_GIVES_NOTHING_BACK = {"POSSESSIVE_REPEAT", "ATOMIC_GROUP"}


def _patterns() -> dict[str, re.Pattern[Any]]:
    found = {}
    for module in modules():
        for attribute, value in vars(module).items():
            if isinstance(value, re.Pattern):
                found[f"{module.__name__}.{attribute}"] = value
    return found


PATTERNS = _patterns()
EXEMPT = {
    "earmark.console.bundle._COMMENT": "reads our own scripts, when the server starts",
    "earmark.transcripts.language._TAG": "reads tags of bounded length only",
}


def _children(node: Any) -> Iterator[list[Any]]:
    """Yield the sequences inside a node."""
    operator, value = str(node[0]), node[1]
    if operator in _REPEATS | {"POSSESSIVE_REPEAT"}:
        yield list(value[2])
    elif operator == "SUBPATTERN":
        yield list(value[-1])
    elif operator == "ATOMIC_GROUP":
        yield list(value)
    elif operator == "BRANCH":
        yield from (list(one) for one in value[1])
    elif operator in ("ASSERT", "ASSERT_NOT"):
        yield list(value[1])


def _is_unbounded(node: Any) -> bool:
    return str(node[0]) in _REPEATS and node[1][1] == _parser.MAXREPEAT


def _may_be_empty(node: Any, state: Any) -> bool:
    return bool(_parser.SubPattern(state, [node]).getwidth()[0] == 0)


def _characters(node: Any, state: Any, flags: int) -> set[str]:
    """Return the samples that match a single character of the node."""
    inside = [one for sequence in _children(node) for one in sequence]
    if inside:
        return set().union(*(_characters(one, state, flags) for one in inside))
    if str(node[0]) in ("AT", "GROUPREF"):
        return set()
    single = _compiler.compile(_parser.SubPattern(state, [node]), flags)
    return {one for one in SAMPLES if single.fullmatch(one)}


def _faults(sequence: list[Any], state: Any, flags: int) -> Iterator[str]:
    open_sets: list[set[str]] = []
    for node in sequence:
        if _is_unbounded(node):
            begins = _beginnings([node], state, flags)
            inner = (one for child in _children(node) for part in child for one in _unbounded_in(part))
            if any(begins & _characters(one, state, flags) for one in inner):
                yield "a repetition inside a repetition"
            if any(begins & before for before in open_sets):
                yield "two repetitions of the same characters, one after the other"
            open_sets.append(_characters(node, state, flags))
        elif not _may_be_empty(node, state):
            between = _characters(node, state, flags)
            open_sets = [before for before in open_sets if len(between) == 0 or between & before == between != set()]
        if str(node[0]) not in _GIVES_NOTHING_BACK:
            for child in _children(node):
                yield from _faults(child, state, flags)


def _beginnings(sequence: list[Any], state: Any, flags: int) -> set[str]:
    """Return the samples that the sequence can begin with."""
    found: set[str] = set()
    for node in sequence:
        inside = list(_children(node))
        if inside:
            found |= set().union(*(_beginnings(one, state, flags) for one in inside))
        else:
            found |= _characters(node, state, flags)
        if not _may_be_empty(node, state):
            break
    return found


def _unbounded_in(node: Any) -> Iterator[Any]:
    if str(node[0]) in _GIVES_NOTHING_BACK:
        return
    if _is_unbounded(node):
        yield node
    for child in _children(node):
        for one in child:
            yield from _unbounded_in(one)


def faults_of(pattern: re.Pattern[Any]) -> list[str]:
    text = pattern.pattern.decode("latin-1") if isinstance(pattern.pattern, bytes) else pattern.pattern
    flags = pattern.flags & ~re.UNICODE if isinstance(pattern.pattern, bytes) else pattern.flags
    parsed = _parser.parse(text, flags)
    return sorted(set(_faults(list(parsed), parsed.state, flags)))


def test_there_are_expressions_to_check() -> None:
    assert len(PATTERNS) > 20


@pytest.mark.parametrize(
    "bad", [r"(a+)+b", r"(?:a*)*", r"a+a+b", r"\s*[\r\n]+\s*", r"(?:\w+\s?)+$", r"x*y?x*z", r".*.*="]
)
def test_an_ambiguous_expression_is_found(bad: str) -> None:
    assert faults_of(re.compile(bad))


@pytest.mark.parametrize(
    "good", [r"[a-z]+\d+", r"(?:[^\"\\]++|\\.)*+", r"a+b+c", r"\d{2}:\d{2}", r"<[^>]*>", r"(?>a+)+b"]
)
def test_an_unambiguous_expression_is_accepted(good: str) -> None:
    assert faults_of(re.compile(good)) == []


def test_exemptions_name_existing_expressions() -> None:
    assert set(EXEMPT) <= set(PATTERNS)


@pytest.mark.parametrize("name", sorted(set(PATTERNS) - set(EXEMPT)))
def test_an_expression_takes_linear_time(name: str) -> None:
    assert faults_of(PATTERNS[name]) == []
