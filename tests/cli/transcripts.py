"""The same transcript in every format that `earmark import` reads."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

LAUNCH = "We move the launch of the lantern to the ninth of June."
PRICE = "The price of the lantern stays at forty euros."

_WORDS = [
    {"word": word.strip(".").lower(), "punctuated_word": word, "start": at, "end": at + 1, "confidence": 0.9}
    for at, word in enumerate(f"{LAUNCH} {PRICE}".split())
]
FORMS: dict[str, str] = {
    "native.json": json.dumps(
        {"segments": [{"start": 0, "end": 4, "speaker": "Ada", "text": LAUNCH}, {"start": 5, "end": 9, "text": PRICE}]}
    ),
    "whisper.json": json.dumps(
        {"text": f"{LAUNCH} {PRICE}", "language": "en",
         "segments": [{"id": 0, "seek": 0, "start": 0.0, "end": 4.0, "text": f" {LAUNCH}", "avg_logprob": -0.1},
                      {"id": 1, "seek": 0, "start": 5.0, "end": 9.0, "text": f" {PRICE}", "avg_logprob": -0.1}]}
    ),
    "deepgram.json": json.dumps(
        {"metadata": {}, "results": {"channels": [{"alternatives": [{"transcript": "…", "words": _WORDS}]}]}}
    ),
    "assemblyai.json": json.dumps(
        {"id": "a", "status": "completed", "language_code": "en", "text": f"{LAUNCH} {PRICE}", "words": [],
         "utterances": [{"speaker": "A", "start": 0, "end": 4000, "text": LAUNCH, "confidence": 0.9, "words": []},
                        {"speaker": "B", "start": 5000, "end": 9000, "text": PRICE, "confidence": 0.9, "words": []}]}
    ),
    "cues.vtt": f"WEBVTT\n\n00:00.000 --> 00:04.000\n<v Ada>{LAUNCH}\n\n00:05.000 --> 00:09.000\n{PRICE}\n",
    "cues.srt": f"1\n00:00:00,000 --> 00:00:04,000\n{LAUNCH}\n\n2\n00:00:05,000 --> 00:00:09,000\n{PRICE}\n",
    "lines.txt": f"Ada: {LAUNCH}\nGrace: {PRICE}\n",
}  # fmt: skip


def native(*segments: tuple[float, str], **more: Any) -> str:
    """Return a native file of (start in seconds, words)."""
    rows = [{"start": start, "end": start + 4, "text": text} for start, text in segments]
    return json.dumps({"segments": rows, **more})


def written(folder: Path, files: dict[str, str]) -> list[str]:
    """Write files; return their paths."""
    paths = []
    for name, text in files.items():
        path = folder / name
        path.write_text(text, encoding="utf-8")
        paths.append(str(path))
    return paths


def json_lines(text: str) -> list[dict[str, Any]]:
    """Parse output that must be JSON lines and nothing else."""
    return [json.loads(line) for line in text.splitlines()]


def column(rows: Sequence[dict[str, Any]], name: str) -> list[Any]:
    """Return one field of each row."""
    return [row[name] for row in rows]
