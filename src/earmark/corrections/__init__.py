"""Corrections of transcripts: speakers' names, segments' words and marks, with their history.

Decides: what a correction may change, which revision it makes, and what the history shows. Never: times of segments,
or how the corrected words are indexed.
"""
