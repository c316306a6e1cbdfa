"""What is read and analysed in a process of its own is what would be read and analysed here."""

from __future__ import annotations

from earmark.retrieval.index.apart import analyse_apart, join_analysed, to_pieces
from earmark.retrieval.index.building import analyse_transcript
from earmark.transcripts import parse_transcript
from earmark.transcripts.apart import join_read, read_apart

TALK = "\n".join(
    f"{'AB'[at % 2]}: On day {at} the lantern of boat {at % 97} was lit; nobody said why." for at in range(2_300)
)


def test_a_transcript_that_travels_in_pieces_is_whole_and_indexed_alike() -> None:
    given = (TALK.encode(), "text/plain", None)
    here = parse_transcript(given[0], media_type=given[1], charset=given[2])
    there = join_read(list(read_apart(iter(given))))
    assert there == here
    assert len(there.segments) == 2_300
    analysed = join_analysed(analyse_apart(to_pieces(there.segments, there.language)))
    assert analysed == analyse_transcript(here.segments, here.language)
