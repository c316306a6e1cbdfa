"""Files of the shapes people have, from public bug reports: in `shared/cases` beside the project, where that is."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from earmark.errors import InvalidError
from earmark.transcripts import parse_transcript

CASES = Path(__file__).parents[3] / "shared" / "cases"
REFUSED = {"K5-session-export.json": "Ask session"}
Row = tuple[float, str | None, str]
EXPECTED: dict[str, list[Row]] = {
    "04-youtube-rolling.vtt": [
        (0.24, None, "the greenhouse needs new glass"), (2.56, None, "before the frost comes"),
        (5.12, None, "so I ordered forty panes"),
    ],
    "192-rollup-3line.srt": [
        (1, None, "THE HIVE IS FULL"), (3, None, "AND WE HARVEST"), (5, None, "ON FRIDAY AT NOON"),
        (7, None, "BRING THE SMOKER"),
    ],
    "37-otter.txt": [
        (3, "Ines Marlow", "The orchard is pruned, all but the back row."),
        (11, "Tomas Reyes", "Good. What about the ladder?"), (3_727, "Ines Marlow", "It is broken. We need a new one."),
    ],
    "42-teams-web.txt": [
        (3, "Ines Marlow", "The orchard is pruned, all but the back row."),
        (71, "Tomas Reyes", "Good. What about the ladder?"),
    ],
    "131-srt-colon-prose.srt": [
        (1, None, "Cause of death: the frost."), (3, None, "The plan is: we wrap the hives."),
        (5, None, "Nobody objected."),
    ],
    "28-elevenlabs.json": [
        (0.1, "speaker_0", "Orchard pruned."), (1.3, "speaker_0", "(laughs)"), (2, "speaker_1", "Good."),
    ],
    "27-aws.json": [(0.04, "spk_0", "The orchard is pruned."), (3.1, "spk_1", "Good.")],
    "201-readai.json": [(0, "Ines", "The hive is full."), (3, "Tomas", "Bring the smoker.")],
    "138-srt-clock-start.srt": [(0, None, "The hive is full."), (2.652, None, "Bring the smoker.")],
}  # fmt: skip


PAGE = Path(__file__).parents[2] / "docs" / "explanation" / "transcripts.md"


def _check(path: Path) -> None:
    body = path.read_bytes()
    if path.name in REFUSED:
        with pytest.raises(InvalidError, match=REFUSED[path.name]):
            parse_transcript(body, filename=path.name)
        return
    parsed = parse_transcript(body, filename=path.name)
    words = " ".join(one.text for one in parsed.segments)
    assert "-->" not in words.replace("File --> Export", "")
    assert not any(mark in words for mark in ("00:0", '{"', "<tt", "Dialogue:", "&amp;"))
    if path.name in EXPECTED:
        assert [(one.start_ms / 1_000, one.speaker, one.text) for one in parsed.segments] == EXPECTED[path.name]


if CASES.is_dir():
    FILES = [path for path in sorted(CASES.iterdir()) if path.name not in ("INDEX.md", "answers-on-the-sample.md")]

    @pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
    def test_a_file_of_the_corpus_is_read_as_a_person_would(path: Path) -> None:
        _check(path)

    def test_the_documentation_says_what_becomes_of_each_case() -> None:
        cases = set(re.findall(r"^\| ([A-L]\d+) \|", (CASES / "INDEX.md").read_text("utf-8"), re.MULTILINE))
        first_cells = re.findall(r"^\| ([A-L][^|]*) \|", PAGE.read_text("utf-8"), re.MULTILINE)
        assert {case for cell in first_cells for case in re.findall(r"[A-L]\d+", cell)} == cases
