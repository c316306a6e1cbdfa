"""Documents that people write by hand name what is there."""

from __future__ import annotations

import re

import pytest

from tests.meta.sources import REPOSITORY, source_files

MAP = (REPOSITORY / "docs" / "map.md").read_text(encoding="utf-8")


def _section(folder: str) -> str:
    found = re.search(rf"^## {re.escape(folder)}\n(.*?)(?=^## |\Z)", MAP, re.MULTILINE | re.DOTALL)
    return found.group(1) if found else ""


@pytest.mark.parametrize("file", source_files())
def test_a_module_has_its_line_in_the_map(file: str) -> None:
    folder, _, name = f"src/earmark/{file}".rpartition("/")
    assert re.search(rf"^- `{re.escape(name)}`: \S", _section(folder), re.MULTILINE)


@pytest.mark.parametrize("word", ["session", "scope", "turn", "segment", "chunk", "posting", "citation", "cursor",
                                  "keyset", "tenant", "evidence", "end user", "recording", "message"])  # fmt: skip
def test_a_word_of_the_field_is_in_the_glossary(word: str) -> None:
    glossary = (REPOSITORY / "docs" / "glossary.md").read_text(encoding="utf-8")
    assert re.search(rf"^\| [^|]*\b{word}\b[^|]*\| \S", glossary, re.MULTILINE)


def test_every_file_that_contributing_names_is_there() -> None:
    text = (REPOSITORY / "CONTRIBUTING.md").read_text(encoding="utf-8")
    named = set(re.findall(r"`((?:tests|docs|scripts|bench)/[\w./]+)`", text)) | set(
        re.findall(r"\]\(([\w./]+)\)", text)
    )
    assert named
    assert [one for one in sorted(named) if not (REPOSITORY / one).exists()] == []
