"""The worked example of `docs/explanation/retrieval.md`, recomputed with the server's functions."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from earmark.retrieval.embedding.embedders import MiniLMEmbedder
from earmark.retrieval.index.analysis import QueryTerms, analyze_query
from earmark.retrieval.index.chunking import chunk_segments
from earmark.retrieval.index.documents import index_terms
from earmark.retrieval.index.postings import unpack_postings
from earmark.retrieval.index.quantize import cosines, quantize
from earmark.retrieval.index.spans import encoded_texts, nearest
from earmark.retrieval.ranking.combining import RecordingEntry, Snapshot, rank
from earmark.retrieval.ranking.features import FEATURES, describe
from earmark.retrieval.ranking.phrasing import address
from earmark.retrieval.ranking.weights import WEIGHTS
from earmark.transcripts.types import Segment

PAGE = Path(__file__).parents[2] / "docs" / "explanation" / "retrieval.md"
RECORDED_AT_MS = {"Weekly, January": 1_768_176_000_000, "Weekly, March": 1_773_014_400_000}  # 12 January, 9 March 2026
HALF = 0.5e-3 + 1e-9  # the page rounds to three places


def rows_of(heading: str) -> dict[str, list[str]]:
    """Return the cells of the first table after `heading`, by the first cell of the row."""
    text = PAGE.read_text("utf-8")
    table = re.search(r"(?:^\|.*\n)+", text[text.index(heading) :], re.MULTILINE)
    assert table is not None
    rows = [[cell.strip(" *") for cell in line.strip("|").split("|")] for line in table.group().splitlines()]
    return {first: rest for first, *rest in rows[2:]}


def numbers(cells: list[str]) -> list[float]:
    return [float(cell or 0) for cell in cells]


@pytest.fixture(scope="module")
def asked() -> tuple[QueryTerms, Snapshot]:
    said = [cells[0].split(": ", 1) for cells in rows_of("Asked:").values()]
    turns = [Segment(0, 1, text, speaker) for speaker, text in said]
    embedder, question = MiniLMEmbedder(), "What did Bo say about the launch in March?"
    put = "What did you say about the launch in March?"
    wanted = quantize(embedder.embed_query(put))
    blobs: dict[str, list[tuple[bytes, int]]] = {}
    entries, similar = [], []
    for name, segments in zip(RECORDED_AT_MS, (turns[:2], turns[2:]), strict=True):
        chunks = chunk_segments(segments, max_words=1)
        terms = index_terms(segments, chunks, "en")
        for term, blob in terms.postings.items():
            blobs.setdefault(term, []).append((blob, sum(entry.chunk_count for entry in entries)))
        lengths = np.array(terms.lengths, np.uint32)
        entries.append(RecordingEntry(name, len(chunks), lengths, RECORDED_AT_MS[name], name, "en"))
        texts, counts = encoded_texts(segments, chunks)
        known = cosines(quantize(embedder.embed_passages(texts)), wanted)
        similar.append(nearest(known, np.array(counts, np.uint32)))
    postings = {term: unpack_postings(*zip(*found, strict=True)) for term, found in blobs.items()}
    query = analyze_query(question, ["en"])
    assert address(query, postings, ["en"]) == put
    assert question in PAGE.read_text("utf-8")
    assert f'"{put}"' in PAGE.read_text("utf-8")
    return query, Snapshot(entries, postings, np.concatenate(similar))


def test_page_lists_the_terms_of_each_chunk(asked: tuple[QueryTerms, Snapshot]) -> None:
    counted = [int(length) for entry in asked[1].recordings for length in entry.chunk_lengths]
    assert [int(cells[1]) for cells in rows_of("Asked:").values()] == counted


@pytest.mark.parametrize("feature", FEATURES)
def test_page_shows_the_features_and_weights_in_force(asked: tuple[QueryTerms, Snapshot], feature: str) -> None:
    weight, *values = numbers(rows_of("| feature | weight |")[feature])
    assert weight == WEIGHTS[feature]
    assert values == pytest.approx(describe(*asked).by_chunk()[feature].tolist(), abs=HALF)


def test_page_shows_the_scores(asked: tuple[QueryTerms, Snapshot]) -> None:
    hits = {hit.chunk: hit for hit in rank(*asked, limit=4)}
    table = rows_of("| feature | weight |")
    ordered = [hits[chunk] for chunk in range(4)]
    assert numbers(table["score"][1:]) == pytest.approx([hit.score for hit in ordered], abs=HALF)
    assert numbers(table["beside a better one"][1:]) == pytest.approx([hit.repetition for hit in ordered], abs=HALF)
    assert numbers(table["weighted sum"][1:]) == pytest.approx(
        [hit.score - hit.repetition for hit in ordered], abs=HALF
    )


def test_page_shows_the_parts_of_the_first_hit(asked: tuple[QueryTerms, Snapshot]) -> None:
    found = re.search(r"`explain` gives lexical (\S+), semantic (\S+), prior (\S+)\.", PAGE.read_text("utf-8"))
    assert found is not None
    first = rank(*asked, limit=1)[0]
    assert first.chunk == 2
    assert numbers(list(found.groups())) == pytest.approx([first.lexical, first.semantic, first.prior], abs=HALF)
