"""Recognises files that are plainly no transcript, and says what to do with them."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Sequence
from io import BytesIO
from itertools import takewhile
from typing import Final

from earmark.errors import InvalidError
from earmark.transcripts.sounds import HEAD_BYTES, find_sound
from earmark.transcripts.tables import find_table

_AUDIO: Final = "This is {what}, not a transcript. Upload it as the recording's audio."
_SIGNATURES: Final = (
    (b"%PDF-", "This is a PDF document; save its text as .txt, or export the transcript as .vtt or .srt."),
    (b"{\\rtf", "This is a rich text document (RTF); save it as .txt."),
    (b"\xd0\xcf\x11\xe0", "This is an old Microsoft Office document; save it as .txt."),
    (b"\x89PNG", "This is a PNG image, not a transcript."),
    (b"\xff\xd8\xff", "This is a JPEG image, not a transcript."),
    (b"GIF8", "This is a GIF image, not a transcript."),
    (b"\x1f\x8b", "This is a gzip file; unpack it first."),
    (b"7z\xbc\xaf\x27\x1c", "This is a 7z archive; unpack it first."),
    (b"Rar!", "This is a RAR archive; unpack it first."),
    (b"BZh", "This is a bzip2 file; unpack it first."),
    (b"\xfd7zXZ", "This is an xz file; unpack it first."),
    (b"SQLite format 3\x00", "This is a SQLite database, not a transcript."),
    (b"\x7fELF", "This is a program, not a transcript."),
    (b"MZ\x90\x00", "This is a program, not a transcript."),
)
_PARTS: Final = (
    ("word/", "This is a Word document; export the transcript as .vtt, or save the text as .txt."),
    ("xl/", "This is an Excel workbook; save the sheet as .csv."),
    ("ppt/", "This is a PowerPoint presentation, not a transcript."),
    ("Index/", "This is a document of Pages, Numbers or Keynote; export its text as .txt."),
    ("content.xml", "This is an OpenDocument file; save it as .txt."),
)
_ARCHIVE: Final = "This is a zip archive; `earmark import` and POST /v1/imports read it, or unpack it first."
_NOT: Final = "This is {what}, not a transcript."
_BEGINNINGS: Final = (
    ("{\\rtf", "This is a rich text document (RTF); save it as .txt."),
    ("#EXTM3U", _NOT.format(what="a playlist; upload the audio itself")),
    ("Scenarist_SCC", "These are SCC captions, which hold codes; convert them to .srt or .vtt."),
    ("\\documentclass", _NOT.format(what="a LaTeX document; save its text as .txt")),
    ("diff --git", _NOT.format(what="a patch")),
    ("version https://git-lfs", _NOT.format(what="a pointer of Git LFS; fetch the file itself")),
    ("MIME-Version:", _NOT.format(what="an e-mail or a saved web page")),
    ("From: <Saved by", _NOT.format(what="a saved web page; save its text as .txt")),
    ("Return-Path:", _NOT.format(what="an e-mail")),
    ('File type = "ooTextFile"', "This is a Praat TextGrid; export it as .srt or .csv."),
)
_FORMS: Final = (
    (
        re.compile(r"[A-Z]{5}:(?:VCALENDAR|VCARD)\b|-{5}[A-Z]{5} (?:PGP|RSA|CERTIFICATE|OPENSSH|PRIVATE)"),
        "This is a calendar, a contact or a key, not a transcript.",
    ),
    (re.compile(r"\{\d+\}\{\d+\}"), "These are MicroDVD subtitles, which count frames; convert them to .srt."),
    (re.compile(r"\[\d+\]\[\d+\]"), "These are MPL2 subtitles; convert them to .srt."),
)
# Lines of kinds of files that nobody says.
_KINDS: Final = (
    (
        re.compile(
            r"(?:From|To|Subject|Date|Message-ID|Received|Content-Type|Cc|Reply-To|X-[\w-]+|MIME-Version):.*",
            re.IGNORECASE,
        ),
        "an e-mail",
    ),
    (
        re.compile(r".{0,60}\b(?:DEBUG|INFO|NOTICE|WARN|WARNING|ERROR|FATAL|CRITICAL)\b.*|.{0,80}\" \d{3} \d+ ?.*"),
        "a log file",
    ),
    (re.compile(r"SPEAKER \S+ \d.*|\S+ \S+ \d+\.\d+ \d+\.\d+ \S+.{0,20}"), "a table of a speech toolkit"),
    (re.compile(r"[A-Za-z0-9+/]{60,}={0,2}"), "base64"),
)
_SETTING: Final = re.compile(r"[ \t-]*[\w.\"'/-]{1,40} ?[:=](?: .*)?|- \S.*|\[{1,2}[\w.\" -]{1,60}\]{1,2}")
_PAGE: Final = ("<!doctype html", "<html", "<head", "<body")
_KEYWORDS: Final = (
    "import ",
    "from ",
    "def ",
    "async def ",
    "class ",
    "#include",
    "function ",
    "#!/",
    "package ",
    "using ",
)
_STATEMENTS: Final = (
    *_KEYWORDS, "return", "if ", "for ", "while ", "else", "elif ", "try", "except", "with ", "const ", "let ", "var ",
    "export ", "public ", "private ", "static ", "@", "}", ")", "]",
)  # fmt: skip
_LINE_ENDS: Final = ("{", "}", ";", "):", "(", ",", ")", "[", "]")
_JSON_HEAD_CHARS: Final = 65_536
_JSON_LIST: Final = re.compile(r'\[\s*[{\["\]]')
_SAMPLED_LINES: Final = 400


def refuse_binary(body: bytes) -> None:
    """Raise InvalidError for documents, audio, images, archives and programs, by their first bytes.

    For audio and video, `details` has the `content_type` under which to upload it: its sender may not know it.
    """
    sound = find_sound(body[:HEAD_BYTES])
    if sound is not None:
        raise InvalidError(_AUDIO.format(what=sound.name), details={"content_type": sound.content_type})
    for signature, message in _SIGNATURES:
        if body.startswith(signature):
            raise InvalidError(message)
    if body.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        raise InvalidError(_zip_message(body))


def refuse_text(text: str, lines: Sequence[str]) -> None:
    """Raise InvalidError for web pages, other XML, source code, settings, logs, and bytes that aren't text."""
    sample = text[:65_536]
    controls = sum(character < " " and character not in "\t\n\r\f\x1b" for character in sample)
    if controls * 20 > len(sample):
        raise InvalidError("This isn't a text file.")
    if _first_tag(sample).startswith(_PAGE):
        raise InvalidError("This is a web page (HTML); export the transcript as .vtt, .srt or .txt, or copy its text.")
    head = sample.lstrip("\ufeff \t\r\n")
    for beginning, message in _BEGINNINGS:
        if head.startswith(beginning):
            raise InvalidError(message)
    for form, message in _FORMS:
        if form.match(head):
            raise InvalidError(message)
    if not begins_as_json(text):
        _refuse_kinds(lines)


def _refuse_kinds(lines: Sequence[str]) -> None:
    """Raise InvalidError for what most lines show."""
    if _is_other_table(lines):
        raise InvalidError("This is a table without a column of words. Name the columns start, end, speaker and text.")
    for pattern, what in _KINDS:
        if _is_mostly(pattern, lines):
            raise InvalidError(f"This is {what}, not a transcript.")
    if _is_settings(lines):
        raise InvalidError("This is a settings file, not a transcript.")
    if _is_code(lines):
        raise InvalidError("This is source code, not a transcript.")


def begins_as_json(text: str) -> bool:
    """Whether a text begins as JSON does: `[00:12] Ada: …` begins like an array, and is none."""
    head = text[:_JSON_HEAD_CHARS].lstrip("\ufeff \t\r\n")
    return head[:1] == "{" or _JSON_LIST.match(head) is not None


def refuse_xml(text: str) -> None:
    """Raise InvalidError for XML that isn't timed text."""
    if text.lstrip()[:1] == "<" and text.rstrip().endswith(">"):
        raise InvalidError("This XML is no transcript that is known: TTML, DFXP and YouTube's are read.")


def _zip_message(body: bytes) -> str:
    try:
        with zipfile.ZipFile(BytesIO(body)) as archive:
            names = archive.namelist()[:5_000]
    except (zipfile.BadZipFile, ValueError, NotImplementedError, OSError, RuntimeError):
        return "This is a damaged zip archive."
    return next((message for part, message in _PARTS if any(name.startswith(part) for name in names)), _ARCHIVE)


def _first_tag(text: str) -> str:
    """Return the beginning of a text after comments, in lower case."""
    at = _after_spaces(text, 0)
    while text.startswith("<!--", at) and (end := text.find("-->", at)) >= 0:
        at = _after_spaces(text, end + 3)
    return text[at : at + 40].lower()


def _after_spaces(text: str, at: int) -> int:
    while at < len(text) and text[at].isspace():
        at += 1
    return at


def _is_other_table(lines: Sequence[str]) -> bool:
    """Whether all lines have the same number of columns, three or more, below a header that isn't of a transcript."""
    filled = [line for line in lines[:_SAMPLED_LINES] if line.strip()]
    for delimiter in (",", ";", "\t"):
        counts = {line.count(delimiter) for line in filled}
        cells = filled[0].split(delimiter) if filled else []
        is_header = all(0 < len(cell) <= 30 and cell == cell.lstrip() and not cell[:1].isdigit() for cell in cells)
        if len(filled) > 2 and len(counts) == 1 and len(cells) > 2 and is_header and find_table(lines) is None:
            return True
    return False


def _is_mostly(pattern: re.Pattern[str], lines: Sequence[str]) -> bool:
    """Whether four lines in five of the beginning are of a kind."""
    filled = [line.strip()[:400] for line in lines[:_SAMPLED_LINES] if line.strip()]
    if pattern.flags & re.IGNORECASE:  # headers end at the first blank line
        filled = [line.strip()[:400] for line in takewhile(str.strip, lines[:_SAMPLED_LINES])]
    return len(filled) > 2 and sum(pattern.fullmatch(line) is not None for line in filled) * 5 >= len(filled) * 4


def _is_settings(lines: Sequence[str]) -> bool:
    """Whether a file is YAML or TOML: keys with values, some of them below a key or a heading in brackets."""
    filled = [line for line in lines[:_SAMPLED_LINES] if line.strip() and not line.lstrip().startswith("#")]
    settings = sum(_SETTING.fullmatch(line[:200]) is not None for line in filled)
    is_nested = any(line[:1] in " -" and ":" in line for line in filled) and any(
        line.rstrip().endswith(":") for line in filled
    )
    has_heads = sum(line.startswith("[") and line.rstrip().endswith("]") for line in filled) > 0 and " = " in "".join(
        filled
    )
    return len(filled) > 3 and settings * 5 >= len(filled) * 4 and (is_nested or has_heads)


def _is_code(lines: Sequence[str]) -> bool:
    """Whether most lines are statements, and one begins as only programs do."""
    comments = ("#!", "# ", "//", '"""', "*", "/*")
    filled = [line for line in lines[:_SAMPLED_LINES] if line.strip() and not line.lstrip().startswith(comments)]
    code = sum(_is_statement(line) for line in filled)
    if len(filled) < 3 or code * 10 < len(filled) * 7:
        return False
    ends = sum(line.rstrip().endswith(("{", "}", ";", "):", "};", "});")) for line in filled)
    return ends * 2 >= len(filled) or any(map(_is_definition, filled)) or lines[0].startswith("#!")


def _is_definition(line: str) -> bool:
    bare = line.strip()
    if bare.startswith(("#!/", "[")) and (bare.startswith("#!/") or bare.endswith("]")):
        return True
    is_import = bare.startswith(("import ", "from ")) and len(bare.split()) <= 8 and bare[-1] not in ".!?"
    return is_import or (
        bare.lower().startswith(_KEYWORDS[2:]) and bare.endswith((":", "{", ">", '"', ";", "(", ")", ","))
    )


def _is_statement(line: str) -> bool:
    bare = line.strip()
    is_indented = line.startswith(("    ", "\t"))
    return is_indented or bare.startswith(_STATEMENTS) or bare.endswith(_LINE_ENDS) or " = " in bare
