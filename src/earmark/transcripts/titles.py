"""What meeting tools append to a meeting's name in titles and file names, and the name without it."""

from __future__ import annotations

import re
from typing import Final

_ENDING: Final = re.compile(
    r"[._ -](?:otter[._]ai|meeting recording|meeting transcript|transcript(?:ion)?|transkript|captions?|subtitles?|cc"
    r"|audio|audio_only|gallery|speaker|avo|gvo|as|original|recording|\d{3,4}x\d{3,4}|en|de|fr|es|it|pt|nl)$",
    re.IGNORECASE,
)
# The date that Teams and Meet put behind a meeting's name: no part of it, but it tells one meeting from the next.
_DATED: Final = re.compile(r"(?:-\d{8}_\d{6}(?:UTC)?| \((?:19|20)\d\d[-_/.]\d\d[-_/.]\d\d[^()]{0,24}\))$", re.ASCII)


def without_endings(name: str) -> str:
    """Return a file's name, without its suffix, without what tools append to it; the date stays."""
    while (shorter := _ENDING.sub("", name).strip(" ._-")) != name and shorter:
        name = shorter
    return name


def meeting_name(name: str) -> str:
    """Return the meeting's name in that of a file: without what tools append and the date."""
    return _DATED.sub("", without_endings(name)) or without_endings(name) or name


def meeting_title(title: str) -> str:
    """Return a title without the date that Teams and Meet append, and what follows it; any other stays as it is."""
    bare = without_endings(title)
    return _DATED.sub("", bare) or title if _DATED.search(bare) else title
