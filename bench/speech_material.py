"""Makes the audio that `bench.speech` measures with: clips of known text, at 16 kHz in one channel.

Real speech comes from the wheel of moonshine-voice (`two_cities.wav`, `beckett.wav`) and from Debian's
pocketsphinx-testdata (LibriVox and card games); the rest is spoken by espeak-ng or synthesised.
"""

from __future__ import annotations

import re
import subprocess
import sys
import wave
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

RATE = 16_000
SAMPLES = Path(sys.prefix) / "share" / "earmark" / "speech-samples"
SPHINX = Path("/usr/share/pocketsphinx/test/data")
PCM = NDArray[np.int16]

TWO_CITIES = (
    "It was the best of times, it was the worst of times, it was the age of wisdom, it was the age of foolishness, "
    "it was the epoch of belief, it was the epoch of incredulity, it was the season of Light, it was the season of "
    "Darkness, it was the spring of hope, it was the winter of despair, we had everything before us, we had nothing "
    "before us, we were all going direct to Heaven, we were all going direct the other way. In short, the period was "
    "so far like the present period, that some of its noisiest authorities insisted on its being received, for good "
    "or for evil, in the superlative degree of comparison only."
)
BECKETT = "Ever tried. Ever failed. No matter. Try again. Fail again. Fail better."
SENTENCES = (
    "The committee met on Tuesday to discuss the budget for next year.",
    "After a long debate, they agreed to raise the price of tickets.",
    "Maria will send the report to all members before Friday.",
    "The old bridge near the station has to be repaired.",
    "The city has asked three companies for an offer.",
    "Please remember to bring your keys, because the office is closed in the afternoon.",
    "My brother bought a small house by the river last summer.",
    "The garden is full of apple trees, and the roof needs some work.",
    "We should call the doctor again if the pain does not stop.",
    "The train was two hours late, so I missed the beginning of the meeting.",
    "She wants to learn how to sail before she turns forty.",
    "Nobody knew why the lights went out in the whole street.",
)
VOICES = (("en-us", 140), ("en-us", 175), ("en-gb", 160), ("en-us+f3", 160), ("en-us+m5", 190), ("en-us", 220))
FOREIGN = {
    "de": "Der Ausschuss traf sich am Dienstag, um den Haushalt für das nächste Jahr zu besprechen. Nach langer "
    "Debatte einigten sie sich, den Preis der Karten zu erhöhen. Die alte Brücke am Bahnhof muss repariert werden.",
    "fr-fr": "Le comité s'est réuni mardi pour discuter du budget de l'année prochaine. Après un long débat, ils ont "
    "décidé d'augmenter le prix des billets. Le vieux pont près de la gare doit être réparé.",
    "es": "El comité se reunió el martes para discutir el presupuesto del próximo año. Después de un largo debate, "
    "acordaron subir el precio de las entradas. El viejo puente cerca de la estación tiene que ser reparado.",
    "it": "Il comitato si è riunito martedì per discutere il bilancio del prossimo anno. Dopo un lungo dibattito hanno "
    "deciso di aumentare il prezzo dei biglietti. Il vecchio ponte vicino alla stazione deve essere riparato.",
    "cmn": "委员会星期二开会讨论明年的预算。经过长时间的辩论，他们同意把票价提高百分之五。"
    "玛丽亚会在星期五之前把报告发给所有成员。车站附近的旧桥必须修理。",
    "ru": "Комитет собрался во вторник, чтобы обсудить бюджет на следующий год. После долгих дебатов они решили "
    "поднять цены на билеты. Старый мост возле вокзала нужно отремонтировать.",
}


@dataclass(frozen=True, slots=True)
class Clip:
    """Audio of known text."""

    name: str
    samples: PCM
    text: str


def read_wave(source: Path | bytes) -> PCM:
    """Read a 16-bit wave file as one channel at 16 kHz."""
    with wave.open(BytesIO(source) if isinstance(source, bytes) else str(source)) as file:
        rate, channels = file.getframerate(), file.getnchannels()
        raw = file.readframes(1 << 30)
    values = np.frombuffer(raw[: len(raw) // (2 * channels) * 2 * channels], "<i2").reshape(-1, channels)
    return to_pcm(resample(values.mean(axis=1), rate))


def resample(values: NDArray[np.float64], rate: int, *, half: int = 32) -> NDArray[np.float64]:
    """Resample to 16 kHz by a windowed sinc."""
    if rate == RATE:
        return values
    step = rate / RATE
    cutoff = min(1.0, 1 / step) * 0.95
    padded = np.pad(values, half + 1)
    taps = np.arange(-half + 1, half + 1)
    parts = []
    count = int(len(values) / step)
    for first in range(0, count, 50_000):
        at = np.arange(first, min(count, first + 50_000)) * step
        base = at.astype(int)
        distance = at[:, None] - (base[:, None] + taps)
        window = 0.5 + 0.5 * np.cos(np.pi * np.clip(distance / half, -1, 1))
        parts.append((padded[base[:, None] + taps + half + 1] * np.sinc(distance * cutoff) * cutoff * window).sum(1))
    return np.concatenate(parts)


def to_pcm(values: NDArray[np.float64]) -> PCM:
    """Round to 16 bits."""
    return np.clip(np.round(values), -32_768, 32_767).astype("<i2")


def trim(samples: PCM) -> PCM:
    """Cut the silence before and after, so that the clip's start is the start of its speech."""
    loudness = np.abs(samples.astype(float))
    where = np.flatnonzero(loudness > 0.05 * loudness.max())
    return samples[where[0] : where[-1] + 1]


def speak(text: str, voice: str = "en-us", words_per_minute: int = 160) -> PCM:
    """Let espeak-ng say a text."""
    command = ["espeak-ng", "-v", voice, "-s", str(words_per_minute), "--stdout", text]
    spoken = subprocess.run(command, capture_output=True, check=True).stdout
    return to_pcm(resample(np.frombuffer(spoken[44:], "<i2").astype(float), 22_050))


def real_clips() -> list[Clip]:
    """Return clean read speech: two recordings of moonshine-voice, five of LibriVox."""
    clips = [Clip("two_cities", read_wave(SAMPLES / "two_cities.wav"), TWO_CITIES)]
    clips.append(Clip("beckett", read_wave(SAMPLES / "beckett.wav"), BECKETT))
    return clips + _sphinx_clips("librivox", "transcription")


def card_clips() -> list[Clip]:
    """Return names of playing cards, spoken into a noisy microphone."""
    return _sphinx_clips("cards", "cards.transcription")


def _sphinx_clips(folder: str, listing: str) -> list[Clip]:
    clips = []
    for line in (SPHINX / folder / listing).read_text().splitlines():
        found = re.fullmatch(r"<s> (.*?)\s*</s> \((.*)\)", line.strip())
        assert found is not None
        clips.append(Clip(found[2], read_wave(SPHINX / folder / f"{found[2]}.wav"), found[1]))
    return clips


def spoken_clips() -> list[Clip]:
    """Return the sentences, each by one of the voices of espeak-ng in turn; trimmed."""
    made = []
    for index, text in enumerate(SENTENCES):
        voice, speed = VOICES[index % len(VOICES)]
        made.append(Clip(f"{voice}@{speed}", trim(speak(text, voice, speed)), text))
    return made


def add_noise(samples: PCM, snr_db: float, random: np.random.Generator) -> PCM:
    """Add white noise at a signal-to-noise ratio."""
    power = (samples.astype(float) ** 2).mean()
    return to_pcm(samples + random.normal(size=len(samples)) * np.sqrt(power / 10 ** (snr_db / 10)))


def join(clips: list[Clip], random: np.random.Generator, pause_s: tuple[float, float]) -> tuple[PCM, list[int]]:
    """Join clips with pauses and faint noise; return the samples and when each clip starts, in milliseconds."""
    parts: list[NDArray[np.float64]] = []
    starts = []
    at = 0
    for clip in clips:
        pause = np.zeros(int(random.uniform(*pause_s) * RATE))
        at += len(pause)
        starts.append(at * 1_000 // RATE)
        level = 3_000 / max(1.0, float(np.sqrt((clip.samples.astype(float) ** 2).mean())))
        parts += [pause, clip.samples * min(level, 4.0)]
        at += len(clip.samples)
    whole = np.concatenate([*parts, np.zeros(RATE)])
    return to_pcm(whole + random.normal(size=len(whole)) * 12), starts


def noises(random: np.random.Generator, seconds: int = 30) -> dict[str, PCM]:
    """Return sounds without speech, by name."""
    count = seconds * RATE
    t = np.arange(count) / RATE
    white = random.normal(size=count)
    spectrum = np.fft.rfft(white) / np.sqrt(np.maximum(1, np.arange(count // 2 + 1)))
    pink = np.fft.irfft(spectrum, count)
    hum = np.sin(2 * np.pi * 50 * t) + 0.5 * np.sin(2 * np.pi * 150 * t) + 0.3 * np.sin(2 * np.pi * 250 * t)
    chords = sum(np.sin(2 * np.pi * f * 2 ** ((t // 1 % 4) * 5 / 12) * t) for f in (220.0, 277.2, 329.6))
    knocks = white * np.exp(-(t % 0.7) * 40)
    typing = white * (np.repeat(random.random(count // 1_600), 1_600) < 0.15) * np.exp(-(t % 0.1) * 80)
    siren = np.sin(2 * np.pi * (600 * t + 40 * np.cos(2 * np.pi * 0.5 * t)))
    crowd = white * (1 + 0.5 * np.sin(2 * np.pi * 3 * t)) * (1 + 0.3 * np.sin(2 * np.pi * 0.3 * t))
    dial = (np.sin(2 * np.pi * 697 * t) + np.sin(2 * np.pi * 1_209 * t)) * (t % 0.4 < 0.2)
    birds = np.sin(2 * np.pi * (2_000 * t + 200 * np.sin(2 * np.pi * 8 * t))) * (t % 1.3 < 0.3)
    made = {
        "silence": np.zeros(count), "white noise": white * 3_000, "hum": hum * 4_000,
        "pink noise": pink / pink.std() * 3_000, "chords": chords * 3_000, "knocks": knocks * 9_000,
        "typing": typing * 6_000, "siren": siren * 6_000, "crowd": crowd * 2_000, "dial tones": dial * 5_000,
        "birds": birds * 6_000,
    }  # fmt: skip
    return {name: to_pcm(values) for name, values in made.items()}
