"""Reads the text of a Word document (`.docx`), as Teams and Google Meet save transcripts: a line a paragraph.

Only `word/document.xml` is unpacked, within a limit, and no document type is accepted, so that neither the archive nor
the XML can grow.
"""

from __future__ import annotations

import zipfile
import zlib
from io import BytesIO
from typing import Final
from xml.parsers import expat

from earmark.errors import InvalidError

_MAGIC: Final = b"PK\x03\x04"
_BODY: Final = "word/document.xml"
_MAX_BYTES: Final = 64 << 20
_MAX_RATIO: Final = 200
_SMALL_BYTES: Final = 10 << 20
_PIECE_BYTES: Final = 1 << 16
_WORD: Final = (
    "http://schemas.openxmlformats.org/wordprocessingml/2006/main ",
    "http://purl.oclc.org/ooxml/wordprocessingml/main ",
)
_FALLBACK: Final = "http://schemas.openxmlformats.org/markup-compatibility/2006 Fallback"
_HIDDEN: Final = frozenset({"pPr", "rPr", "sectPr", "instrText", "delText", "moveFrom"})
_TOO_LARGE: Final = (
    "The Word document is compressed beyond what a transcript can be. Save its text as .txt and import that."
)
_DAMAGED: Final = "This Word document is damaged; save its text as .txt."


def is_word_document(body: bytes) -> bool:
    """Whether bytes are a `.docx` file."""
    if not body.startswith(_MAGIC):
        return False
    try:
        with zipfile.ZipFile(BytesIO(body)) as archive:
            return _BODY in archive.namelist()
    except (zipfile.BadZipFile, ValueError, NotImplementedError, OSError, RuntimeError):
        return False


def word_text(body: bytes) -> str:
    """Return a document's text: a line for each paragraph and row of a table, tabs between cells.

    Raises: InvalidError if it is damaged, encrypted or too large.
    """
    try:
        with zipfile.ZipFile(BytesIO(body)) as archive:
            info = archive.getinfo(_BODY)
            if info.file_size > _MAX_BYTES or info.file_size > max(_SMALL_BYTES, _MAX_RATIO * info.compress_size):
                raise InvalidError(_TOO_LARGE)
            return _read(archive, info)
    except (zipfile.BadZipFile, ValueError, NotImplementedError, OSError, RuntimeError, EOFError, zlib.error):
        raise InvalidError(_DAMAGED) from None
    except expat.ExpatError:
        raise InvalidError(_DAMAGED) from None


def _read(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> str:
    document = _Document()
    left = _MAX_BYTES
    with archive.open(info) as opened:
        while piece := opened.read(_PIECE_BYTES):
            left -= len(piece)
            if left < 0:  # it holds more than it declares
                raise InvalidError(_TOO_LARGE)
            document.parser.Parse(piece, False)
    document.parser.Parse(b"", True)
    return "".join(document.pieces)


class _Document:
    """Collects the text while the XML is parsed."""

    def __init__(self) -> None:
        self.pieces: list[str] = []
        self.parser = expat.ParserCreate(namespace_separator=" ")
        self.parser.buffer_text = True
        self.parser.StartDoctypeDeclHandler = _refuse_document_type
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.CharacterDataHandler = self._text
        self._is_text = False
        self._rows = self._skipped = 0  # how deep inside rows of tables, and inside what isn't shown

    def _start(self, name: str, _attributes: dict[str, str]) -> None:
        tag = _local(name)
        if self._skipped or tag in _HIDDEN or name == _FALLBACK:
            self._skipped += 1
            return
        self._is_text = tag == "t"
        if tag == "tr":
            self._rows += 1
        elif tag in ("br", "cr"):
            self._break()
        elif tag == "tab":
            self.pieces.append("\t")

    def _end(self, name: str) -> None:
        if self._skipped:
            self._skipped -= 1
            return
        tag = _local(name)
        self._is_text = False
        if tag == "p":
            self._break()
        elif tag == "tc":
            self.pieces.append("\t")
        elif tag == "tr":
            self._rows -= 1
            self._break()

    def _text(self, text: str) -> None:
        if self._is_text and not self._skipped:
            self.pieces.append(text)

    def _break(self) -> None:
        self.pieces.append(" " if self._rows else "\n")


def _local(name: str) -> str:
    """Return the name of one of Word's elements, "" for others."""
    return next((name.removeprefix(space) for space in _WORD if name.startswith(space)), "")


def _refuse_document_type(*_declared: object) -> None:
    raise InvalidError(_DAMAGED)
