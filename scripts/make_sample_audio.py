"""Generates the sample library's audio: an `.opus` file beside each transcript of `src/earmark/sample/`.

Needs `espeak-ng` and `opusenc` (Debian: `apt-get install espeak-ng opus-tools`), for this script only. Each
segment is spoken in its speaker's voice, at the rate that fits its start and end, so that the transcript's times
match the audio. Run it again after changing a transcript:

    python scripts/make_sample_audio.py [NAME…]
"""

from __future__ import annotations

import io
import json
import subprocess
import sys
import tempfile
import wave
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

SAMPLE = Path(__file__).parent.parent / "src" / "earmark" / "sample"
RATE_HZ = 22_050
SLOWEST, USUAL, FASTEST = 110, 155, 260  # words a minute, as espeak-ng counts them
TAIL_S = 0.6
LOUDNESS = 0.07  # root mean square of each voice while it speaks, of 1
QUIET = 0.004
BITRATE_KBPS = "8"
VOICES = {  # voice, pitch (0-99)
    "Mara": ("en-gb-x-rp+f2", 48), "Ines": ("en-us+f3", 52), "Priya": ("en-029+f4", 58), "Hanneke": ("en-gb+f5", 44),
    "Lotte": ("en-us+f1", 60), "Ruth": ("en-gb-scotland+f2", 38), "Beatriz": ("en-us+f4", 50), "Wen": ("en-gb+f1", 66),
    "Tobias": ("en-gb+m3", 42), "Colm": ("en-gb-scotland+m1", 40), "Yusuf": ("en-029+m2", 46), "Klaas": ("en-gb+m7", 30),
    "Samuel": ("en-us+m4", 44), "Dario": ("en-us+m6", 52), "Aldous": ("en-gb-x-rp+m5", 34), "Ruben": ("en-us+m1", 48),
    "Henrik Moll": ("de+m5", 32),
}  # fmt: skip
Sound = NDArray[np.float32]


def speak(text: str, speaker: str, language: str, words_per_minute: int) -> Sound:
    """Return the words as audio, without surrounding silence."""
    voice, pitch = VOICES[speaker]
    if language == "de":
        voice = "de+" + voice.partition("+")[2]
    asked = ["espeak-ng", "-v", voice, "-p", str(pitch), "-s", str(words_per_minute), "--stdout", "--", text]
    done = subprocess.run(asked, capture_output=True, check=True)
    with wave.open(io.BytesIO(done.stdout)) as file:
        assert (file.getframerate(), file.getnchannels(), file.getsampwidth()) == (RATE_HZ, 1, 2)
        sound = np.frombuffer(done.stdout[44:], np.int16).astype(np.float32) / 32_768
    loud = np.flatnonzero(np.abs(sound) > QUIET)
    return sound[loud[0] : loud[-1] + 1]


def fit(segment: dict[str, Any], language: str, most_s: float) -> Sound:
    """Speak a segment so that it fits its times and ends before the next."""
    wanted_s = min(segment["end"] - segment["start"], most_s)
    pace = USUAL
    for _ in range(4):
        sound = speak(segment["text"], segment["speaker"], language, pace)
        lasted_s = len(sound) / RATE_HZ
        if wanted_s - 0.15 <= lasted_s <= wanted_s:
            break
        faster = round(pace * lasted_s / (wanted_s - 0.05))
        if (pace := max(SLOWEST, min(FASTEST, faster))) in (SLOWEST, FASTEST):
            sound = speak(segment["text"], segment["speaker"], language, pace)
            break
    spoken = sound[np.abs(sound) > QUIET]
    return sound * (LOUDNESS / float(np.sqrt(np.mean(spoken**2))))


def read_aloud(document: dict[str, Any]) -> Sound:
    """Return a whole recording: every segment at its start."""
    segments = document["segments"]
    sound = np.zeros(int((segments[-1]["end"] + TAIL_S) * RATE_HZ), np.float32)
    for number, segment in enumerate(segments):
        later = segments[number + 1]["start"] if number + 1 < len(segments) else segment["end"]
        spoken = fit(segment, document["language"], max(later, segment["end"]) - segment["start"])
        first = int(segment["start"] * RATE_HZ)
        late_s = first / RATE_HZ + len(spoken) / RATE_HZ - segment["end"]
        if late_s > 0.25:
            print(f"  {segment['text'][:40]!r} ends {late_s:.2f} s late", file=sys.stderr)
        room = sound[first : first + len(spoken)]
        room += spoken[: len(room)]
    return np.clip(sound, -1, 1)


def encode(sound: Sound, path: Path) -> None:
    """Write Opus in Ogg, deterministically: the stream's serial number comes from the name."""
    with tempfile.TemporaryDirectory() as folder:
        raw = Path(folder) / "sound.wav"
        with wave.open(str(raw), "wb") as file:
            file.setframerate(RATE_HZ)
            file.setnchannels(1)
            file.setsampwidth(2)
            file.writeframes((sound * 32_767).astype(np.int16).tobytes())
        serial = str(sum(path.stem.encode()))
        options = ["--quiet", "--bitrate", BITRATE_KBPS, "--vbr", "--speech", "--framesize", "60", "--comp", "10",
                   "--serial", serial, "--padding", "0", "--discard-comments", "--discard-pictures"]  # fmt: skip
        subprocess.run(["opusenc", *options, str(raw), str(path)], check=True)


def main(names: list[str]) -> None:
    """Generate the named recordings, or all."""
    total = 0
    for path in sorted(SAMPLE.glob("*/*.json")):
        target = path.with_suffix(".opus")
        if not names or path.stem in names:
            encode(read_aloud(json.loads(path.read_text(encoding="utf-8"))), target)
            print(f"{target.relative_to(SAMPLE)}: {target.stat().st_size:,} bytes")
        total += target.stat().st_size if target.exists() else 0
    print(f"{total:,} bytes in all")


if __name__ == "__main__":
    main(sys.argv[1:])
