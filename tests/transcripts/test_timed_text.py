"""TTML captions that declare a document type."""

from __future__ import annotations

import pytest

from earmark.errors import InvalidError
from earmark.transcripts.reading import parse_transcript

BOMB = '<!DOCTYPE tt [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">]>'
CAPTIONS = '<tt xmlns="http://www.w3.org/ns/ttml"><body><div><p begin="1s" end="2s">&b;</p></div></body></tt>'


@pytest.mark.parametrize("before", ["", f"<!-- <tt> {'.' * 200_000}-->"], ids=["at the start", "after a long comment"])
def test_a_document_type_is_refused_wherever_it_stands(before: str) -> None:
    with pytest.raises(InvalidError, match="document type"):
        parse_transcript(f'<?xml version="1.0"?>{before}{BOMB}{CAPTIONS}'.encode(), filename="captions.ttml")
