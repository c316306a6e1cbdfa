"""Joins pieces of words (tokens) to words, where a space says which piece begins one."""

from __future__ import annotations

from typing import Any, Final

from earmark.transcripts.vendors.field_names import END, TEXT, text_of
from earmark.transcripts.vendors.reading import first_of

_MARKS: Final = frozenset(".,!?;:…。，、！？；：")
_SAMPLED: Final = 400


def join_pieces(rows: list[Any]) -> list[Any]:
    """Return a row for each word, if the rows are words or pieces of them; the same rows otherwise.

    Pieces begin a word if they begin with a space, or follow one that ends with a space, whichever the file has;
    marks that stand alone belong to the word before them.
    """
    sample = [text_of(row) for row in rows[:_SAMPLED] if isinstance(row, dict)]
    if not sample or sum(len(text.split()) < 2 for text in sample) * 10 < len(sample) * 9:
        return rows
    is_led = any(text[:1] == " " for text in sample[1:] if text.strip())
    is_ended = not is_led and sum(text[-1:] == " " for text in sample if text.strip()) * 10 > len(sample)
    found: list[Any] = []
    for row in rows:
        text = text_of(row)
        if not text or not found:
            found.append(row)
            continue
        before = text_of(found[-1])
        is_new = text[0] == " " if is_led else before[-1:] == " " if is_ended else True
        if (is_new and not _MARKS.issuperset(text.strip())) or not before.strip() or not text.strip():
            found.append(row)
        else:
            found[-1] = _joined(found[-1], row, before + text)
    return found


def _joined(row: dict[str, Any], piece: dict[str, Any], text: str) -> dict[str, Any]:
    end = first_of(piece, END)
    whole = {**row, TEXT[0]: text}
    if end is not None and (name := next((key for key in END if row.get(key) is not None), None)) is not None:
        whole[name] = end
    return whole
