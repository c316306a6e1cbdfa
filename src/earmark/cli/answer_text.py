"""Renders an answer for a terminal, piece by piece: each citation as `[Recording name @ mm:ss]`."""

from __future__ import annotations

from earmark.ask.types import CitationPart
from earmark.clock import render_offset


def place_of(name: str | None, recording_id: str, start_ms: int) -> str:
    """Return a moment's place for people."""
    return f"{name or recording_id} @ {render_offset(start_ms)}"


class AnswerText:
    """Puts citations behind quotations: one that comes inside a quotation waits for the closing quotation mark.

    Each method returns what can be printed now. Line ends at the end of the answer are dropped.
    """

    def __init__(self) -> None:
        self._is_quoting = False
        self._cited: CitationPart | None = None
        self._place = ""  # of the citation that waits
        self._held = ""  # the text that waits with it
        self._line_ends = ""

    def add_text(self, text: str) -> str:
        """Add a piece of text."""
        if not self._place:
            return self._pass(text)
        self._held += text
        mark, end = self._held.find("”"), self._held.find("\n")
        if mark >= 0 and (end < 0 or mark < end):
            return self._release(mark + 1)
        return self._release(0) if end >= 0 else ""

    def add_citation(self, citation: CitationPart, name: str | None) -> str:
        """Add a citation of the recording with this name."""
        if self._place and citation == self._cited:
            return ""
        before = self._release(0) if self._place else ""
        self._cited, self._place = citation, f" [{place_of(name, citation.recording_id, citation.start_ms)}]"
        return before if self._is_quoting else before + self._release(0)

    def end(self) -> str:
        """Return what is still to be printed."""
        return self._release(0)

    def _release(self, at: int) -> str:
        """Print the held text with the citation's place at this index."""
        text, self._held = self._held[:at] + self._place + self._held[at:], ""
        self._place = ""
        return self._pass(text)

    def _pass(self, text: str) -> str:
        opened, closed = text.rfind("“"), max(text.rfind("”"), text.rfind("\n"))
        if opened >= 0 or closed >= 0:
            self._is_quoting = opened > closed
        text = self._line_ends + text
        shown = text.rstrip("\n")
        self._line_ends = text[len(shown) :]
        return shown
