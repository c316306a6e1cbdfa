"""Measures what sending costs: word errors of the built-in engine on the Opus that vendors get, its size, and the CPU.

Needs what `bench.speech` needs.
"""

from __future__ import annotations

import io
import time

import av
import numpy as np

from bench.results import circumstances, table, write_section
from bench.speech import word_errors
from bench.speech_material import PCM, RATE, Clip, real_clips
from earmark.speech.encoding.ogg import OggWriter


def encode(samples: PCM) -> bytes:
    """Return the file that a vendor gets."""
    writer = OggWriter()
    writer.write(samples)
    return writer.finish()


def decode(sent: bytes) -> PCM:
    """Return what a vendor hears."""
    resampler = av.AudioResampler("s16", "mono", RATE)
    with av.open(io.BytesIO(sent)) as container:
        frames = [made for frame in container.decode(audio=0) for made in resampler.resample(frame)]
    return np.concatenate([frame.to_ndarray()[0] for frame in [*frames, *resampler.resample(None)]])


def main() -> None:
    """Measure, and write the section."""
    clips = real_clips()
    began = time.process_time()
    sent = [encode(one.samples) for one in clips]
    cpu_s = time.process_time() - began
    seconds = sum(len(one.samples) for one in clips) / RATE
    heard = [Clip(one.name, decode(data), one.text) for one, data in zip(clips, sent, strict=True)]
    rows = [word_errors("as recorded", clips), word_errors("as sent", heard)]
    body = (
        f"{circumstances()}\n\n{table(['files', 's', 'words', 'errors', 'WER'], rows)}\n\n"
        f"Sent: {sum(map(len, sent)) * 3.6 / seconds / 1000:.1f} MB an hour; "
        f"{cpu_s / seconds:.4f} CPU s a second to encode."
    )
    write_section("Listening: what vendors are sent", "python -m bench.speech_sent", body)


if __name__ == "__main__":
    main()
