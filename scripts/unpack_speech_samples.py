"""Takes the real speech that tests listen to out of the wheels that carry the speech model.

Usage: python scripts/unpack_speech_samples.py WHEELS_DIR INTO
"""

from __future__ import annotations

import sys
import zipfile
from pathlib import Path

SAMPLES = ("beckett.wav", "two_cities.wav", "endgame_nagg_nell.wav")
INSIDE = "moonshine_voice/assets/"


def main(wheels: Path, into: Path) -> None:
    """Unpack each sample."""
    into.mkdir(parents=True, exist_ok=True)
    (wheel,) = wheels.glob("moonshine_voice-*.whl")
    with zipfile.ZipFile(wheel) as archive:
        for name in SAMPLES:
            (into / name).write_bytes(archive.read(INSIDE + name))


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:3]))
