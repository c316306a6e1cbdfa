"""Files in the media folder that are none of ours: left alone, and logged once each."""

from __future__ import annotations

from typing import Final

import structlog

_MOST_REMEMBERED: Final = 1_000
log = structlog.get_logger("earmark.media")


class Strays:
    """Remembers which files were logged, so that an hourly sweep doesn't repeat itself."""

    def __init__(self) -> None:
        self._known: set[str] = set()

    def note(self, key: str) -> None:
        """Log a file, unless it was before."""
        if key not in self._known and len(self._known) < _MOST_REMEMBERED:
            self._known.add(key)
            shown = key.encode("utf-8", "backslashreplace").decode()  # a file's name may be any bytes
            log.warning("media.stray_file", key=shown)
