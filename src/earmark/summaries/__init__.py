"""What was decided, promised and left open: summaries of transcripts, each item with its moment.

Decides: which template a summary has, what an output is grounded in, which summary replaces which.
Never: how sentences are found, which the built-in model decides.
"""
