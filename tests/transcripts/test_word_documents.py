"""Word documents: Teams' and Meet's are read as text; hostile ones are refused within limits."""

from __future__ import annotations

import io
import zipfile

import pytest

from earmark.errors import InvalidError
from earmark.transcripts import parse_transcript

SPACE = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
BREAK = "<w:r><w:br/></w:r>"
HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>'


def run(text: str) -> str:
    return f'<w:r><w:rPr><w:b/></w:rPr><w:t xml:space="preserve">{text}</w:t></w:r>'


def line(*runs: str) -> str:
    return f"<w:p><w:pPr/>{''.join(runs)}</w:p>"


def packed(xml: str) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        archive.writestr("word/document.xml", xml)
    return made.getvalue()


def document(*lines: str) -> bytes:
    return packed(f'{HEAD}<w:document xmlns:w="{SPACE}"><w:body>{"".join(lines)}</w:body></w:document>')


def test_teams_document_gives_speakers_times_and_date() -> None:
    parsed = parse_transcript(
        document(
            line(run("Orchard planning")), line(run("May 20, 2026, 10:00AM")), line(run("12m 3s")), line(),
            line(run("Ines Marlow"), run("   0:03"), BREAK, run("The hive"), run(" is full.")),
            line(run("Tomas Reyes"), run("   0:11"), BREAK, run("Bring the smoker.")),
            line(run("Ines Marlow"), run("   1:02"), BREAK, run("Done.")),
        )
    )  # fmt: skip
    assert [(one.start_ms, one.speaker, one.text) for one in parsed.segments] == [
        (3_000, "Ines Marlow", "The hive is full."), (11_000, "Tomas Reyes", "Bring the smoker."),
        (62_000, "Ines Marlow", "Done."),
    ]  # fmt: skip
    assert (parsed.name, parsed.encoding, parsed.warnings) == ("Orchard planning", "docx", ())
    assert parsed.recorded is not None
    assert f"{parsed.recorded.moment:%Y-%m-%d %H:%M}" == "2026-05-20 10:00"


def test_a_table_of_word_is_read_as_a_table_and_deleted_words_are_left_out() -> None:
    rows = [("Time", "Speaker", "Text"), ("00:00:03", "Ines", "The hive is full."), ("00:00:11", "Tomas", "Good.")]
    cells = "".join(f"<w:tr>{''.join(f'<w:tc>{line(run(cell))}</w:tc>' for cell in row)}</w:tr>" for row in rows)
    gone = "<w:p><w:del><w:r><w:delText>never said</w:delText></w:r></w:del></w:p>"
    parsed = parse_transcript(document(f"<w:tbl>{cells}</w:tbl>", gone), filename="a.docx")
    assert [(one.start_ms, one.speaker, one.text) for one in parsed.segments] == [
        (3_000, "Ines", "The hive is full."), (11_000, "Tomas", "Good."),
    ]  # fmt: skip


ENTITIES = f'{HEAD}<!DOCTYPE d [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]><w:document xmlns:w="{SPACE}">&b;</w:document>'


@pytest.mark.parametrize(
    "body",
    [packed(ENTITIES), packed(f'<w:document xmlns:w="{SPACE}"><w:body>'), packed("\x00" * 50), packed("")],
    ids=["entities", "cut", "zeros", "empty"],
)
def test_a_damaged_or_hostile_document_is_refused(body: bytes) -> None:
    with pytest.raises(InvalidError, match="Word document is damaged"):
        parse_transcript(body)


def test_a_document_that_unpacks_to_too_much_is_refused() -> None:
    with pytest.raises(InvalidError, match="compressed beyond"):
        parse_transcript(packed("<a>" + " " * (30 << 20)))


def test_a_document_that_holds_more_than_it_declares_is_refused() -> None:
    body = bytearray(document(line(run("Ines: " + "word " * 9_000))))
    at = body.rindex(b"PK\x01\x02")  # the entry of word/document.xml in the list of files
    body[at + 24 : at + 28] = (100).to_bytes(4, "little")
    with pytest.raises(InvalidError, match="damaged"):
        parse_transcript(bytes(body))
