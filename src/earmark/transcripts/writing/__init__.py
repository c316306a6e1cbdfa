"""Writes transcripts as files: captions, text, Markdown, a table, or the native JSON."""

from earmark.transcripts.writing.formats import MEDIA_TYPES, SUFFIXES, Heading, TranscriptFormat, render_transcript
from earmark.transcripts.writing.webvtt import render_webvtt

__all__ = ["MEDIA_TYPES", "SUFFIXES", "Heading", "TranscriptFormat", "render_transcript", "render_webvtt"]
