"""Decides which files of a folder or an export belong to one recording."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from earmark.imports.audio import is_audio, is_audio_by_name
from earmark.imports.types import File, Group
from earmark.text import cut_utf16, trim
from earmark.transcripts.text.chats import NAMELESS_CHAT
from earmark.transcripts.text.dates import find_date
from earmark.transcripts.titles import meeting_name, without_endings
from earmark.transcripts.types import RecordedAt

# Of several transcripts of one recording the one that says most: speakers and times, then times, then words.
_PREFERRED: Final = (
    ".json",
    ".vtt",
    ".srt",
    ".ttml",
    ".dfxp",
    ".xml",
    ".ass",
    ".ssa",
    ".sbv",
    ".lrc",
    ".csv",
    ".tsv",
    ".txt",
    ".md",
    ".docx",
)
_AUDIO_PREFERRED: Final = (
    ".m4a",
    ".mp3",
    ".opus",
    ".ogg",
    ".oga",
    ".flac",
    ".aac",
    ".wav",
    ".webm",
    ".mp4",
    ".m4v",
    ".mov",
)
# Beside a recording; `_chat` alone is WhatsApp's on iPhones, a transcript.
_CHAT: Final = re.compile(r"(?:^|[^._ -][._ -]+)(?:new)?chat$|newchat$", re.IGNORECASE)
_NOT_FOR_US: Final = re.compile(
    r"(?:readme|license|licence|manifest|index|metadata|account|profile|settings|user|users|summary|highlights?|notes"
    r"|memories|facts|people|contacts|tasks|action[_ -]?items)$",
    re.IGNORECASE,
)
_BESIDE: Final = re.compile(r"[ ._-](?:summary|highlights?|mind ?map|action[ _-]items?)$", re.IGNORECASE)
# Names that say nothing: the folder's is the recording's then, as in Fireflies' and Zoom's exports.
_NAMELESS: Final = re.compile(
    r"(?:transcript(?:ion)?|audio(?:_only)?\d{0,12}|video\d{0,12}|recording|captions?|subtitles?|closed_caption"
    r"|meeting_saved_closed_caption|zoom_\d{1,3}|playback)",
    re.IGNORECASE,
)
_ZOOM_FILE: Final = re.compile(r"GMT\d{8}-\d{6}")
_ZOOM_FOLDER: Final = re.compile(r"\d{4}-\d\d-\d\d \d\d\.\d\d\.\d\d (.{1,200}?)(?: \d{9,12})?", re.ASCII)
_DATE_FOLDER: Final = re.compile(r"\d{1,4}(?:[-_.]\d{1,2}){0,2}")
_CHATS: Final = "chats"  # with an assistant, in exports of wearables


def group_files(files: Iterable[File], *, root: str) -> tuple[list[Group], list[File]]:
    """Return the recordings among files, and the files that belong to none.

    A file whose name says nothing is audio if its first bytes are those of audio: a recorder's "Voice 001" is.

    Args:
        root: the folder or archive; folders below it become those of the recordings.
    """
    transcripts: dict[str, list[File]] = {}
    sounds: dict[str, list[File]] = {}
    others: list[File] = []
    for file in files:
        stem, suffix = _split(file.base)
        path = _folder_path(file, root)
        key = f"{path}/{'' if _is_nameless(file) else without_endings(stem).lower()}"
        is_named = suffix in _PREFERRED
        if is_audio_by_name(file.base) or (not is_named and is_audio(file)):
            sounds.setdefault(key, []).append(file)
        elif is_named and not _CHAT.search(stem) and not _is_beside(stem) and path.split("/")[-1] != _CHATS:
            transcripts.setdefault(key, []).append(file)
        else:
            others.append(file)
    groups = []
    for key in sorted(transcripts.keys() | sounds.keys()):
        said = sorted(transcripts.get(key, ()), key=lambda file: _PREFERRED.index(_split(file.base)[1]))
        heard = sorted(sounds.get(key, ()), key=_audio_rank)
        first = (said or heard)[0]
        groups.append(Group(said[0] if said else None, heard[0] if heard else None, _folder(first, root)))
        if key.endswith("/"):  # audio1.m4a and audio2.m4a of one folder are no copies, as one in two sizes is
            groups += [Group(None, one, _folder(one, root)) for one in heard[1:] if _is_like(one, heard[0])]
        # Two files of one kind are two recordings: only their names are alike.
        groups += [Group(one, None, _folder(one, root)) for one in said[1:] if _is_like(one, said[0])]
    return groups, others


def single(file: File) -> Group:
    """Return the recording of one file: its audio, by its name or its first bytes, else its transcript."""
    return Group(None, file) if is_audio(file) else Group(file, None)


def display_name(file: File) -> str:
    """Return a recording's name from that of its file."""
    stem, _ = _split(file.base)
    folder = _named_by(file)
    if folder is None:
        return meeting_name(stem)
    zoom = _ZOOM_FOLDER.fullmatch(folder)
    return zoom[1] if zoom else folder


def find_file_date(file: File) -> RecordedAt | None:
    """Return the date in a file's name, else in its folder's, if that is named after the recording or the day."""
    folders = file.name.replace("\\", "/").split("/")[:-1]
    outer = [name for name in folders[-1:] if name == _named_by(file) or _DATE_FOLDER.fullmatch(name)]
    return next((found for name in (file.base, *outer) if (found := find_date(name)) is not None), None)


def _named_by(file: File) -> str | None:
    """Return the folder whose name is the recording's, None if the file's own name is."""
    stem, _ = _split(file.base)
    folder = file.name.replace("\\", "/").rpartition("/")[0].rpartition("/")[2]
    if folder and stem == NAMELESS_CHAT:
        return folder.removesuffix(".zip")
    if not folder or folder.lower().endswith(".zip"):
        return None
    if _NAMELESS.fullmatch(stem):
        return folder
    return folder if _ZOOM_FILE.fullmatch(without_endings(stem)) and _ZOOM_FOLDER.fullmatch(folder) else None


def _audio_rank(file: File) -> int:
    suffix = _split(file.base)[1]
    return _AUDIO_PREFERRED.index(suffix) if suffix in _AUDIO_PREFERRED else len(_AUDIO_PREFERRED)


def _is_like(one: File, other: File) -> bool:
    return _split(one.base)[1] == _split(other.base)[1]


def _is_nameless(file: File) -> bool:
    """Whether a file is one of those that the recording of a folder consists of."""
    return _NAMELESS.fullmatch(_split(file.base)[0]) is not None and _named_by(file) is not None


def _is_beside(stem: str) -> bool:
    """Whether a file is about a recording, or about the export, and no transcript."""
    return _NOT_FOR_US.fullmatch(stem) is not None or _BESIDE.search(stem) is not None


def _split(base: str) -> tuple[str, str]:
    stem, dot, suffix = base.rpartition(".")
    return (stem, f".{suffix.lower()}") if dot and stem else (base, "")


def _folder_path(file: File, root: str) -> str:
    inner = file.name.replace("\\", "/").removeprefix(root.replace("\\", "/")).strip("/")
    return inner.rpartition("/")[0]


def _folder(file: File, root: str) -> str | None:
    """Return the name of the folder a file is in, None at the top and in folders that are only dates."""
    path = _folder_path(file, root)
    parts = [part for part in path.split("/") if part]
    if path and _named_by(file) is not None:
        parts.pop()  # it is the recording's own
    named = [part for part in parts if not _DATE_FOLDER.fullmatch(part)]
    is_named = bool(named) and named[-1] == parts[-1]
    return cut_utf16(trim(named[-1]), 255) or None if is_named else None
