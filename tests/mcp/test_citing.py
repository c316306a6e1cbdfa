"""Numbers of citations in an answer's text."""

from __future__ import annotations

from earmark.ask.types import CitationPart, TextPart
from earmark.mcp.citing import cite

ONE, TWO = CitationPart("rec_a", 5), CitationPart("rec_a", 9)


def test_a_number_follows_what_it_supports() -> None:
    text, cited = cite([TextPart("It is June."), ONE, TextPart(" It costs forty."), TWO])
    assert (text, cited) == ("It is June. [1] It costs forty. [2]", [ONE, TWO])


def test_a_moment_that_is_cited_again_keeps_its_number() -> None:
    text, cited = cite([TextPart("A."), ONE, TWO, TextPart(" B."), ONE, ONE])
    assert (text, cited) == ("A. [1][2] B. [1]", [ONE, TWO])


def test_a_number_stands_behind_the_closing_quotation_mark() -> None:
    text, _ = cite([TextPart("Ada: “"), TextPart("Agreed."), ONE, TextPart("”\nGrace: “"), TextPart("No."), TWO,
                    TextPart("”\n")])  # fmt: skip
    assert text == "Ada: “Agreed.” [1]\nGrace: “No.” [2]"


def test_an_answer_without_citations_is_its_text() -> None:
    assert cite([TextPart(" Nothing was said. ")]) == ("Nothing was said.", [])
    assert cite([]) == ("", [])
