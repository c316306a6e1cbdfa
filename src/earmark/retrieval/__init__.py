"""Which moments answer a question: how transcripts are cut, indexed and ranked.

`index/` makes and reads the index, `embedding/` turns text into vectors, `ranking/` scores, `search.py` puts them
together. Decides: which chunks are found, in which order. Never: what the answer is.
"""
