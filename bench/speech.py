"""Measures listening: word errors, times, invented words, languages, speed and memory.

Needs espeak-ng and the recordings of Debian's pocketsphinx-testdata (`apt-get install espeak-ng
pocketsphinx-testdata`), and `two_cities.wav` and `beckett.wav` of the wheel of moonshine-voice in
`.venv/share/earmark/speech-samples/`.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import threading
import time
from dataclasses import asdict, dataclass, field, replace
from functools import cache
from typing import Any

import numpy as np

from bench.results import circumstances, table, write_section
from bench.speech_material import (
    FOREIGN,
    PCM,
    RATE,
    Clip,
    add_noise,
    card_clips,
    join,
    noises,
    real_clips,
    speak,
    spoken_clips,
    trim,
)  # fmt: skip
from bench.word_errors import align, normalise
from earmark.speech.listening.engine import Engine
from earmark.speech.listening.engines import BUILT_IN, load_engine
from earmark.speech.listening.errors import LanguageNotSupportedError
from earmark.speech.listening.listener import Listener
from earmark.speech.listening.messages import ChunkHeard
from earmark.speech.listening.process import Run
from earmark.speech.listening.sessions import open_session
from earmark.speech.weights import VOICE_ACTIVITY, find_weights, read_weight

SEED = 16


@dataclass
class Outcome:
    """What the listening process wrote for one file."""

    seconds: float
    cpu_s: float
    peak_mb: int
    segments: list[dict[str, Any]] = field(default_factory=list)
    problem: str | None = None

    @property
    def text(self) -> str:
        return " ".join(one["text"] for one in self.segments)


class _Collector:
    """Takes the place of the process's output."""

    def __init__(self) -> None:
        self.heard_until_ms = 0
        self.segments: list[dict[str, Any]] = []

    def write(self, message: object) -> None:
        if isinstance(message, ChunkHeard):
            self.segments += [asdict(one) for one in message.segments]


@cache
def _loaded() -> tuple[Engine, Any]:
    return load_engine(BUILT_IN, None), open_session(read_weight(find_weights(None), VOICE_ACTIVITY))


def hear(samples: PCM) -> Outcome:
    """Listen to samples in this process, as the listening process does; the model is loaded once."""
    engine, voice_activity = _loaded()
    collector = _Collector()
    began = time.process_time()
    run = Run(Listener(engine, voice_activity), collector, 1)  # type: ignore[arg-type]
    problem = None
    try:
        for start in range(0, len(samples), 2 * RATE):
            run.feed(samples[start : start + 2 * RATE].tobytes())
        run.finish()
    except LanguageNotSupportedError as error:
        problem = error.reason
    return Outcome(len(samples) / RATE, time.process_time() - began, 0, collector.segments, problem)


def hear_apart(samples: PCM, *, repeat: int = 1) -> Outcome:
    """Run the listening process over samples, `repeat` times in a row as one stream, for its memory."""
    command = [sys.executable, "-m", "earmark.speech.listening", "--engine", BUILT_IN]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL)
    threading.Thread(target=_write, args=(process.stdin, samples, repeat), daemon=True).start()
    _, _, usage = os.wait4(process.pid, 0)
    seconds = len(samples) * repeat / RATE
    return Outcome(seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss // 1_024)


def _write(pipe: Any, samples: PCM, repeat: int) -> None:
    header = {"channels": 1, "duration_ms": None, "rate": RATE}
    try:
        with pipe:
            pipe.write(json.dumps(header).encode() + b"\n")
            for _ in range(repeat):
                pipe.write(samples.tobytes())
    except BrokenPipeError:
        return


def word_errors(name: str, clips: list[Clip]) -> list[object]:
    """Return a row: each clip by itself, as a file of its own."""
    errors = words = 0
    seconds = 0.0
    for clip in clips:
        outcome = hear(clip.samples)
        said = normalise(clip.text)
        wrong, _ = align(said, normalise(outcome.text))
        if wrong:
            print(f"{clip.name}: {wrong} of {len(said)}: {outcome.problem or outcome.text}")
        errors, words = errors + wrong, words + len(said)
        seconds += outcome.seconds
    return [name, f"{seconds:.0f}", words, errors, f"{errors / words:.1%}"]


def joined(name: str, clips: list[Clip], random: np.random.Generator, pause_s: tuple[float, float]) -> list[object]:
    """Return a row: the clips as one file, with the errors of the times that their speech starts at."""
    samples, starts = join(clips, random, pause_s)
    outcome = hear(samples)
    said = [normalise(clip.text) for clip in clips]
    heard: list[str] = []
    times: list[int] = []
    for segment in outcome.segments:
        words = normalise(segment["text"])
        heard += words
        times += [segment["start_ms"]] * len(words)
    wrong, places = align([word for words in said for word in words], heard)
    late, at = [], 0
    for words, start_ms in zip(said, starts, strict=True):
        place = next((one for one in places[at : at + len(words)] if one is not None), None)
        if place is not None:
            late.append(abs(times[place] - start_ms) / 1_000)
        at += len(words)
    missed = len(starts) - len(late)
    return [
        name, f"{outcome.seconds:.0f}", at, wrong, f"{wrong / at:.1%}", f"{outcome.cpu_s / outcome.seconds:.3f}",
        f"{np.median(late):.2f}", f"{np.percentile(late, 95):.2f}", missed,
    ]  # fmt: skip


def nonsense(random: np.random.Generator) -> list[list[object]]:
    """Return rows of words invented on sounds without speech."""
    rows: list[list[object]] = []
    for name, samples in noises(random).items():
        outcome = hear(samples)
        rows.append([name, len(normalise(outcome.text)), outcome.text or outcome.problem or ""])
    return rows


def languages() -> list[list[object]]:
    """Return rows of what became of speech in other languages."""
    rows: list[list[object]] = []
    for voice, text in FOREIGN.items():
        for variant in ("", "+f3"):
            outcome = hear(speak(text, voice + variant, 150))
            rows.append([voice + variant, outcome.problem or "transcribed", len(normalise(outcome.text))])
    return rows


def measure_words(random: np.random.Generator) -> str:
    """Return the table of word errors in files of one clip."""
    real = real_clips()
    noisy = {snr: [Clip(one.name, add_noise(one.samples, snr, random), one.text) for one in real] for snr in (20, 10)}
    rows = [
        word_errors("real, clean", real),
        word_errors("real, white noise at 20 dB", noisy[20]),
        word_errors("real, white noise at 10 dB", noisy[10]),
        word_errors("real, cards", card_clips()),
        word_errors("espeak-ng, each sentence", spoken_clips()),
    ]
    return "Each clip is a file of its own.\n\n" + table(["files", "s", "words", "errors", "WER"], rows)


def measure_times(random: np.random.Generator) -> str:
    """Return the table of word errors, start times and speed in long files."""
    real, spoken = [replace(one, samples=trim(one.samples)) for one in real_clips()], spoken_clips()
    drawn = [real[1 + int(index)] for index in random.integers(0, len(real) - 1, 80)]
    rest = [spoken[int(index)] for index in random.integers(0, len(spoken), 40)]
    rows = [
        joined("real, pauses .3-6 s", [*drawn[:40], real[0], *drawn[40:], real[0]], random, (0.3, 6.0)),
        joined("espeak-ng, pauses .4-4 s", rest, random, (0.4, 4.0)),
        joined("espeak-ng, pauses .3-.8 s", rest, random, (0.3, 0.8)),
    ]
    header = [
        "file",
        "s",
        "words",
        "errors",
        "WER",
        "CPU s a second",
        "start, median s",
        "start, p95 s",
        "missed",
    ]
    what = "Clips joined to one file. A start's error is that of the segment with the clip's first word."
    return f"{what}\n\n{table(header, rows)}"


def measure_languages(_: np.random.Generator) -> str:
    """Return the table of what became of other languages."""
    return table(["voice of espeak-ng", "outcome", "words"], languages())


def measure_noise(random: np.random.Generator) -> str:
    """Return the table of words invented on 30 s without speech."""
    return table(["sound, 30 s", "words", "heard"], nonsense(random))


def measure_memory(random: np.random.Generator) -> str:
    """Return the table of the process's peak memory: the same few minutes again and again."""
    part, _ = join(real_clips()[1:], random, (0.3, 6.0))
    rows = []
    for minutes in (10, 60):
        outcome = hear_apart(part, repeat=minutes * 60 * RATE // len(part))
        rows.append([f"{minutes} min", outcome.peak_mb, f"{outcome.cpu_s / outcome.seconds:.3f}"])
    return table(["length", "peak MB", "CPU s a second"], rows)


PARTS = {
    "words": measure_words, "times": measure_times, "noise": measure_noise, "languages": measure_languages,
    "memory": measure_memory,
}  # fmt: skip


def main() -> None:
    """Measure the parts that are named, or all, and write a section for each."""
    parser = argparse.ArgumentParser()
    parser.add_argument("parts", nargs="*", choices=[*PARTS, []], default=[])
    for part in parser.parse_args().parts or PARTS:
        body = PARTS[part](np.random.default_rng(SEED))
        write_section(f"Listening: {part}", f"python -m bench.speech {part}", f"{circumstances()}\n\n{body}")


if __name__ == "__main__":
    main()
