"""What the encoding process writes: a line before the bytes of each part."""

from __future__ import annotations

from typing import Final, NamedTuple

BITS_PER_S: Final = 24_000
BYTES_PER_S: Final = BITS_PER_S // 8 * 6 // 5
"""At most: the bit rate, and a fifth for the container and loud passages."""
CONTENT_TYPE: Final = "audio/ogg"
FILE_NAME: Final = "audio.ogg"


class PartHeader(NamedTuple):
    """The line before a part.

    Args:
        start_ms: from the beginning of the recording, as `end_ms`.
        size_bytes: of the Ogg file that follows the line.
        is_last: whether the audio ends with this part.
        is_silent: whether there is no sound in it; then nothing follows the line.
    """

    start_ms: int
    end_ms: int
    size_bytes: int
    is_last: bool
    is_silent: bool
