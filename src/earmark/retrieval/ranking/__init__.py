"""The score of a moment: BM25, similarity, dates and names, combined with learned weights."""
