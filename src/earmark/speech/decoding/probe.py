"""Finds out what a file is by its content: container, codec, duration, channels."""

from __future__ import annotations

import json

from earmark.speech.decoding.process import OpenFile, first_line
from earmark.speech.decoding.types import DecodingLimits, Probe, UndecodableError

_LIMITS = DecodingLimits(base_cpu_s=20, cpu_s_per_hour=0)


async def probe(file: OpenFile) -> Probe:
    """Return what an open file says of itself; nothing is decoded, so it may be wrong.

    Raises: UndecodableError if no audio can be read from it.
    """
    line = await first_line(file, _LIMITS)
    try:
        values = json.loads(line)
    except ValueError:
        raise UndecodableError("audio_corrupt") from None
    if "problem" in values:
        raise UndecodableError(values["problem"])
    return Probe(**values)
