"""Handwritten documents refer to things that exist."""

from __future__ import annotations

import ast
import re

import pytest

from tests.meta.sources import REPOSITORY, source_files

DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
MAP = (REPOSITORY / "docs" / "map.md").read_text(encoding="utf-8")


def _section(folder: str) -> str:
    found = re.search(rf"^### {re.escape(folder)}\n(.*?)(?=^### |\Z)", MAP, re.MULTILINE | re.DOTALL)
    return found.group(1) if found else ""


@pytest.mark.parametrize("file", source_files())
def test_a_module_has_its_line_in_the_map(file: str) -> None:
    folder, _, name = f"src/earmark/{file}".rpartition("/")
    assert re.search(rf"^- `{re.escape(name)}`: \S", _section(folder), re.MULTILINE)


@pytest.mark.parametrize("room", sorted({file.partition("/")[0] for file in source_files() if "/" in file}))
def test_a_room_stands_once_in_the_drawing_and_says_what_it_decides_and_never_does(room: str) -> None:
    drawing, _, paragraphs = MAP.partition("## Modules")[0].partition("\n## Rooms\n")
    start = "^ " if room in ("answers", "ask") else " "  # both are names of folders in other rooms too
    assert len(re.findall(rf"{start}{room}/ ?", drawing, re.MULTILINE)) == 1
    paragraph = re.search(rf"^\*\*{room}/\*\* .*", paragraphs, re.MULTILINE)
    assert paragraph is not None
    assert re.search(r"Decides: .*Never: ", paragraph.group())


@pytest.mark.parametrize("word", ["session", "scope", "turn", "segment", "chunk", "posting", "citation", "cursor",
                                  "keyset", "tenant", "evidence", "end user", "recording", "message"])  # fmt: skip
def test_a_technical_term_is_in_the_glossary(word: str) -> None:
    glossary = (REPOSITORY / "docs" / "glossary.md").read_text(encoding="utf-8")
    assert re.search(rf"^\| [^|]*\b{word}\b[^|]*\| \S", glossary, re.MULTILINE)


SECURITY = (REPOSITORY / "docs" / "explanation" / "security.md").read_text(encoding="utf-8")
NAMED_TESTS = sorted(set(re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", SECURITY)))


@pytest.mark.parametrize(("file", "test"), NAMED_TESTS, ids=lambda one: one)
def test_a_test_that_the_security_page_names_is_there(file: str, test: str) -> None:
    path = REPOSITORY / file
    names = {
        node.name for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if isinstance(node, DEFINITIONS)
    }
    assert test in names


def test_the_security_page_speaks_of_every_threat_with_a_test_and_every_risk_of_the_top_ten() -> None:
    threats = SECURITY.partition("\n## Threats\n")[2].partition("\n## ")[0]
    rows = [line for line in threats.splitlines() if line.startswith("| ")][1:]
    assert len(rows) >= 12
    assert [row for row in rows if not re.search(r"`tests/[\w/]+\.py::\w+`", row)] == []
    assert re.findall(r"^\| API(\d+) ", SECURITY, re.MULTILINE) == [str(number) for number in range(1, 11)]


def test_the_threat_model_is_a_page_that_says_of_each_attacker_what_they_have_try_and_get() -> None:
    assert "(threat-model.md)" in SECURITY
    text = (REPOSITORY / "docs" / "explanation" / "threat-model.md").read_text(encoding="utf-8")
    attackers = text.partition("\n## Who attacks\n")[2].partition("\n## ")[0]
    rows = [line.strip("| ").split(" | ") for line in attackers.splitlines() if line.startswith("| ")][1:]
    assert len(rows) >= 10
    assert [row for row in rows if len(row) != 4 or not all(row)] == []
    assert len(text.split()) < 1_000  # a page is read, more is not


def test_every_file_that_contributing_names_is_there() -> None:
    text = (REPOSITORY / "CONTRIBUTING.md").read_text(encoding="utf-8")
    named = set(re.findall(r"`((?:tests|docs|scripts|bench)/[\w./]+)`", text)) | set(
        re.findall(r"\]\(([\w./]+)\)", text)
    )
    assert named
    assert [one for one in sorted(named) if not (REPOSITORY / one).exists()] == []
