"""Real speech, and the listening process."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from bench.speech_material import read_wave

SAMPLES = Path(sys.prefix) / "share" / "earmark" / "speech-samples"
RATE = 16_000
COMMAND = [sys.executable, "-m", "earmark.speech.listening", "--engine", "moonshine-tiny-en"]


@dataclass(frozen=True)
class Listened:
    """What the process wrote for a whole input."""

    lines: list[dict[str, Any]]
    status: int

    def of(self, kind: str) -> list[dict[str, Any]]:
        return [line[kind] for line in self.lines if kind in line]

    @property
    def segments(self) -> list[dict[str, Any]]:
        return [segment for chunk in self.of("chunk") for segment in chunk["segments"]]

    @property
    def text(self) -> str:
        return " ".join(segment["text"] for segment in self.segments)


def header(channels: int = 1, rate: int = RATE) -> bytes:
    return json.dumps({"channels": channels, "duration_ms": None, "rate": rate}).encode() + b"\n"


def listen(given: bytes, *options: str) -> Listened:
    """Run the process over its whole stdin."""
    done = subprocess.run([*COMMAND, *options], input=given, capture_output=True, timeout=200)
    return Listened([json.loads(line) for line in done.stdout.splitlines()], done.returncode)


def words(text: str) -> list[str]:
    return "".join(char.lower() if char.isalnum() else " " for char in text).split()


@pytest.fixture(scope="session")
def two_cities() -> np.ndarray[Any, Any]:
    """44 s of read English."""
    return read_wave(SAMPLES / "two_cities.wav")


@pytest.fixture(scope="session")
def beckett() -> np.ndarray[Any, Any]:
    """10 s of read English with pauses."""
    return read_wave(SAMPLES / "beckett.wav")


@pytest.fixture(scope="session")
def heard_two_cities(two_cities: np.ndarray[Any, Any]) -> Listened:
    return listen(header() + two_cities.tobytes())
