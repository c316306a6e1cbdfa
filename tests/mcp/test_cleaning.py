"""Which characters results lose."""

from __future__ import annotations

import pytest

from earmark.mcp.cleaning import clean_text, cleaned


@pytest.mark.parametrize(
    "code", [0, 7, 0x1B, 0x7F, 0x9B, 0x200B, 0x200E, 0x202E, 0x2060, 0x2066, 0xFEFF, 0xE0001, 0xE0041]
)
def test_hidden_characters_go(code: int) -> None:
    assert clean_text(f"a{chr(code)}b") == "ab"


@pytest.mark.parametrize("text", ["a\tb\nc", "Grüße — “so”", "می‌خواهم", "👩‍🚀", "नमस्ते", "e\u0301", ""])
def test_what_people_write_stays(text: str) -> None:
    assert clean_text(text) == text


def test_all_strings_of_a_result_are_cleaned() -> None:
    assert cleaned({"a": ["x\x1b", {"b": ("y\u202e",)}], "n": 5, "t": True, "z": None}) == {
        "a": ["x", {"b": ["y"]}], "n": 5, "t": True, "z": None,
    }  # fmt: skip
