"""Reads TTML and DFXP (W3C Timed Text), and YouTube's older XML: paragraphs with begin and end."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final
from xml.etree import ElementTree as ET

from earmark.errors import InvalidError
from earmark.transcripts.drafts import Draft, settle
from earmark.transcripts.language import parse_vendor_language
from earmark.transcripts.limits import Item
from earmark.transcripts.markup import decode_entities
from earmark.transcripts.repairs import Repairs
from earmark.transcripts.speakers import learn_names
from earmark.transcripts.stamps import clock_ms
from earmark.transcripts.types import ParsedTranscript

_LANGUAGE: Final = "{http://www.w3.org/XML/1998/namespace}lang"
_OFFSET: Final = re.compile(r"(\d{1,9})(?:\.(\d{1,9}))?(h|ms|m|s|f|t)?", re.ASCII)
_MS: Final = {"h": 3_600_000, "m": 60_000, "s": 1_000, "ms": 1, None: 1_000}
_DEFAULT_FRAME_RATE: Final = 30


def read_timed_text(text: str, repairs: Repairs) -> ParsedTranscript:
    """Read the paragraphs of a document in the file's order; `<br/>` is a space.

    Raises: InvalidError if it isn't well-formed, declares entities, or has no words.
    """
    if re.search(r"<!(?:DOCTYPE|ENTITY)", text, re.IGNORECASE):
        raise InvalidError("The XML declares a document type; captions need none. Remove it and try again.")
    try:
        root = ET.fromstring(text.encode("utf-8"))  # noqa: S314 - without a document type there are no entities
    except (ET.ParseError, ValueError) as error:
        line = getattr(error, "position", (1, 0))[0]
        raise InvalidError(f"Line {line}: the XML is not well-formed.", details={"line": line}) from None
    rates = _rates(root)
    rows = list(_rows(root, rates))
    names = learn_names(words for _, words, *_ in rows)
    drafts = []
    for place, words, start_ms, end_ms, agent in rows:
        speaker, said = (agent, words) if agent else names.split(words)
        drafts.append(Draft(place, said, start_ms, end_ms, speaker))
    return ParsedTranscript(settle(drafts, repairs), parse_vendor_language(root.get(_LANGUAGE)), format="ttml")


def _rates(root: ET.Element) -> tuple[float, float]:
    """Return frames and ticks a second."""
    found = {_local(key): value for key, value in root.attrib.items()}
    frames = _positive(found.get("frameRate"), _DEFAULT_FRAME_RATE)
    numerator, _, denominator = found.get("frameRateMultiplier", "").replace(":", " ").partition(" ")
    factor = _positive(numerator, 1) / _positive(denominator.strip(), 1)
    return frames * factor, _positive(found.get("tickRate"), 1)


def _positive(value: str | None, default: float) -> float:
    return float(value) if value and value.isascii() and value.isdigit() and int(value) else default


def _local(name: object) -> str:
    return str(name).rpartition("}")[2]


_Row = tuple[Item, str, int | None, int | None, str | None]  # place, words, start, end, agent


@dataclass(frozen=True, slots=True)
class _Within:
    """What an element has from those around it: when they begin, and who speaks."""

    begin_ms: int = 0
    agent: str = ""


def _rows(root: ET.Element, rates: tuple[float, float]) -> Iterator[_Row]:
    """Yield the paragraphs, with the times and agents of what they are in (TTML2, section 12.2.4)."""
    agents = _agents(root)
    is_absolute = _is_absolute(root, rates)
    waiting: list[tuple[ET.Element, _Within]] = [(root, _Within())]
    index = 0
    while waiting:
        element, within = waiting.pop()
        tag = _local(element.tag)
        is_youtube = tag == "text" and element.get("start") is not None
        agent = next((value for key, value in element.attrib.items() if _local(key) == "agent"), within.agent)
        if tag != "p" and not is_youtube:
            begin_ms = 0 if is_absolute else within.begin_ms + (_time(element.get("begin"), rates) or 0)
            waiting.extend((child, _Within(begin_ms, agent)) for child in reversed(element))
            continue
        words = " ".join(_spoken(element).split())
        start_ms, end_ms = _span(element, within.begin_ms, rates)
        if words and (start_ms is not None or end_ms is not None):
            said = decode_entities(words) if is_youtube else words
            yield Item("p", index), said, start_ms, end_ms, agents.get(agent, None if agents else agent or None)
            index += 1


def _is_absolute(root: ET.Element, rates: tuple[float, float]) -> bool:
    """Whether paragraphs count from the document's beginning, though their `div` has a begin: lyrics are written so.

    Then one of them ends later than the `div` lasts.
    """
    for holder in root.iter():
        begin, end = (_time(holder.get(name), rates) for name in ("begin", "end"))
        if _local(holder.tag) == "div" and begin and end is not None:
            ends = (_time(one.get("end"), rates) for one in holder if _local(one.tag) == "p")
            if any(one is not None and one > end - begin for one in ends):
                return True
    return False


def _span(element: ET.Element, within_ms: int, rates: tuple[float, float]) -> tuple[int | None, int | None]:
    if element.get("t") is not None:  # YouTube's srv3: milliseconds
        start_ms, length_ms, end_ms = _whole(element.get("t")), _whole(element.get("d")), None
    else:
        start_ms = _time(element.get("begin") or element.get("start"), rates)
        length_ms, end_ms = _time(element.get("dur"), rates), _time(element.get("end"), rates)
    if end_ms is None and start_ms is not None and length_ms is not None:
        end_ms = start_ms + length_ms
    return (None if start_ms is None else start_ms + within_ms), (None if end_ms is None else end_ms + within_ms)


def _agents(root: ET.Element) -> dict[str, str]:
    """Return the names of the agents that a document's head lists."""
    found = {}
    for element in root.iter():
        if _local(element.tag) == "agent":
            key = next((value for name, value in element.attrib.items() if _local(name) == "id"), "")
            if name := " ".join("".join(element.itertext()).split()):
                found[key] = name
    return found


def _spoken(element: ET.Element) -> str:
    """Return an element's words: a space for `<br/>`, and between spans that have times of their own, words each."""
    pieces: list[str] = []
    waiting: list[ET.Element | str] = [element]
    while waiting:
        one = waiting.pop()
        if isinstance(one, str):
            pieces.append(one)
            continue
        is_word = one is not element and one.get("begin") is not None
        pieces.append(" " if _local(one.tag) == "br" or (is_word and pieces and _is_split(one)) else "")
        following = [part for child in one for part in (child, child.tail or "")]
        waiting += [*reversed(following), one.text or ""]
    return "".join(pieces)


def _is_split(span: ET.Element) -> bool:
    """Whether a timed span is a word of its own, rather than a syllable or punctuation."""
    words = "".join(span.itertext())
    return bool(words) and words[0].isalnum()


def _time(value: str | None, rates: tuple[float, float]) -> int | None:
    if value is None:
        return None
    value = value.strip()
    if ":" in value:
        return _clock_with_frames(value, rates[0])
    match = _OFFSET.fullmatch(value)
    if match is None:
        return None
    number = float(f"{match[1]}.{match[2] or 0}")
    if match[3] in ("f", "t"):
        return round(number * 1_000 / rates[0 if match[3] == "f" else 1])
    return round(number * _MS[match[3]])


def _clock_with_frames(value: str, frames_a_second: float) -> int | None:
    parts = value.split(":")
    if len(parts) == 4 and parts[3].isdecimal() and len(parts[3]) <= 3:
        whole = clock_ms(":".join(parts[:3]))
        return None if whole is None else whole + round(int(parts[3]) * 1_000 / frames_a_second)
    return clock_ms(value)


def _whole(value: str | None) -> int | None:
    return int(value) if value and value.isascii() and value.isdigit() and len(value) < 12 else None
