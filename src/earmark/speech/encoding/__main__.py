"""`python -m earmark.speech.encoding`: encodes the samples of standard input to parts on standard output."""

from __future__ import annotations

import argparse
import json
import os
import sys
from contextlib import suppress
from typing import TYPE_CHECKING

from earmark.speech.decoding.confinement import forbid_opening, limit_process
from earmark.speech.encoding.types import PartHeader

if TYPE_CHECKING:
    from earmark.speech.encoding.cutting import Samples
    from earmark.speech.encoding.ogg import OggWriter

_STDIN, _STDOUT = 0, 1
_BLOCK_BYTES = 64 << 10
_SAMPLES_PER_MS = 16


def main(arguments: list[str]) -> None:
    """Limit this process, load the encoder, then encode."""
    parser = argparse.ArgumentParser(prog="earmark.speech.encoding")
    parser.add_argument("--channels", type=int, required=True, help="of the samples; two are mixed")
    parser.add_argument("--start-ms", type=int, required=True, help="the time of the first sample")
    parser.add_argument("--part-ms", type=int, required=True, help="the longest part")
    parser.add_argument("--memory-bytes", type=int, required=True)
    parser.add_argument("--cpu-s", type=int, required=True)
    asked = parser.parse_args(arguments)
    limit_process(asked.memory_bytes, asked.cpu_s)
    _warm_up()
    forbid_opening()
    with suppress(BrokenPipeError):  # nobody listens any more
        _encode(asked.channels, asked.start_ms, asked.part_ms)


def _warm_up() -> None:
    """Load what the encoder loads on first use, while files can still be opened."""
    import numpy as np

    from earmark.speech.encoding.cutting import quietest
    from earmark.speech.encoding.ogg import OggWriter

    writer = OggWriter()
    writer.write(np.zeros(16_000, np.int16))
    writer.finish()
    quietest(np.zeros(16_000, np.int16))


def _encode(channels: int, start_ms: int, part_ms: int) -> None:
    from earmark.speech.encoding.cutting import Cutter
    from earmark.speech.encoding.ogg import OggWriter

    cutter, writer = Cutter(part_ms * _SAMPLES_PER_MS), OggWriter()
    rest = b""
    while block := os.read(_STDIN, _BLOCK_BYTES):
        samples, rest = _samples(rest + block, channels)
        for piece in cutter.take(samples):
            writer.write(piece.samples)
            if piece.ends_part:
                start_ms = _send(writer, start_ms, is_last=False)
                writer = OggWriter()
    writer.write(cutter.finish().samples)
    _send(writer, start_ms, is_last=True)


def _samples(data: bytes, channels: int) -> tuple[Samples, bytes]:
    """Return whole samples as one channel, and the bytes that are left."""
    import numpy as np

    size = len(data) // (2 * channels) * 2 * channels
    found = np.frombuffer(data[:size], np.int16)
    if channels == 2:
        found = found.reshape(-1, 2).astype(np.int32).mean(axis=1).astype(np.int16)
    return found, data[size:]


def _send(writer: OggWriter, start_ms: int, *, is_last: bool) -> int:
    """Write a part; return when it ends."""
    end_ms = start_ms + writer.samples // _SAMPLES_PER_MS
    body = writer.finish()
    if writer.is_silent:
        body = b""
    header = PartHeader(start_ms, end_ms, len(body), is_last, writer.is_silent)
    left = memoryview(json.dumps(header._asdict()).encode() + b"\n" + body)
    while left:
        left = left[os.write(_STDOUT, left) :]
    return end_ms


if __name__ == "__main__":
    main(sys.argv[1:])
