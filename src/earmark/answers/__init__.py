"""The built-in model: answers quoted from transcripts, without a language model.

Decides: which exchange answers, how much of it is quoted, and when nothing does. Never: which recordings are searched.
"""
