"""From a file to what a vendor heard: what leaves this machine, in which parts, and where a later run goes on."""

from __future__ import annotations

import asyncio
import io
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import av
import numpy as np
import pytest

from earmark.config import Settings
from earmark.media.store import StoredFile
from earmark.speech.encoding import process
from earmark.speech.encoding.cutting import Cutter, quietest
from earmark.speech.encoding.process import encoding
from earmark.speech.engines import vendor_engines
from earmark.speech.errors import HearingError
from earmark.speech.types import End, Heard, HeardChunk, Hearing, Progress, Sent, Task
from tests.fake_vendor import HANG, FakeVendor, Got, Say, assemblyai_says, deepgram_says, fake_vendor, openai_says
from tests.speech.conftest import SAMPLES
from tests.speech.media_files import tones, write_wav

pytestmark = pytest.mark.anyio
TWO_CITIES = SAMPLES / "two_cities.wav"
MS = 44_374
MOST_MS = 3_600_000


@pytest.fixture
def fake() -> Iterator[FakeVendor]:
    with fake_vendor() as one:
        yield one


def hearing(fake: FakeVendor, name: str, **more: Any) -> Hearing:
    own = {"api_key": "key", "base_url": fake.base_url, **more}
    settings = Settings.model_validate({f"speech_{name}": own, "speech_vendor_poll_s": 0.01})
    (engine,) = vendor_engines(settings)
    return engine.hearing


async def hear(engine: Hearing, path: Path, **more: Any) -> list[Heard]:
    task = Task(None, True, (), more.get("start_ms", 0), more.get("max_ms", MOST_MS), more.get("sent"))
    with path.open("rb") as file:
        async with engine.hear(cast("StoredFile", file), task) as heard:
            return [one async for one in heard]


def audio_in(got: Got) -> Any:
    """Return the samples of the Ogg file in a request, at 16 kHz."""
    body = got.body[got.body.index(b"OggS") :]
    with av.open(io.BytesIO(body)) as container:
        assert container.streams.audio[0].codec.name == "opus"
        resampler = av.AudioResampler("s16", "mono", 16_000)
        frames = [made for frame in container.decode(audio=0) for made in resampler.resample(frame)]
    return np.concatenate([frame.to_ndarray()[0] for frame in frames])


async def test_a_recording_goes_out_as_small_opus_and_comes_back_as_one_chunk(fake: FakeVendor) -> None:
    fake.on("POST", "/v1/listen", deepgram_says())
    chunk, end = await hear(hearing(fake, "deepgram"), TWO_CITIES)
    assert isinstance(chunk, HeardChunk)
    assert (chunk.start_ms, chunk.end_ms, chunk.heard_until_ms, chunk.language) == (0, MS, MS, "en")
    assert [one.text for one in chunk.segments] == ["We harvest on Friday.", "The price stays."]
    assert end == End(MS, MS)
    (got,) = fake.got
    assert len(got.body) < MS // 1_000 * 3_600 < TWO_CITIES.stat().st_size / 5
    assert abs(len(audio_in(got)) / 16 - MS) < 50


async def test_a_long_recording_is_cut_at_pauses_and_its_times_are_shifted(fake: FakeVendor) -> None:
    fake.on("POST", "/audio/transcriptions", openai_says())
    *chunks, end = await hear(hearing(fake, "openai", part_minutes=0.25), TWO_CITIES)
    starts = [one.start_ms for one in chunks if isinstance(one, HeardChunk)]
    ends = [one.end_ms for one in chunks if isinstance(one, HeardChunk)]
    assert len(chunks) == len(starts) >= 3
    assert starts == [0, *ends[:-1]]
    assert ends[-1] == MS
    assert all(7_500 <= stop - start <= 15_000 for start, stop in zip(starts[:-1], ends[:-1], strict=True))
    assert [one.segments[0].start_ms for one in chunks if isinstance(one, HeardChunk)] == [at + 500 for at in starts]
    assert end == End(MS, MS)
    for got in fake.got[:-1]:  # each ends, and the next begins, where it is quiet
        samples = np.abs(audio_in(got).astype(np.int32))
        assert samples[-1_600:].mean() < samples.mean() / 4


async def test_speakers_of_one_part_are_not_taken_for_those_of_another(fake: FakeVendor) -> None:
    rows = [{"type": "x", "speaker": "A", "start": 0.0, "end": 1.0, "text": "Yes."}]
    fake.on("POST", "/audio/transcriptions", Say({"text": "Yes.", "segments": rows}))
    engine = hearing(fake, "openai", part_minutes=0.5, model="gpt-4o-transcribe-diarize")
    chunks = [one for one in await hear(engine, TWO_CITIES) if isinstance(one, HeardChunk)]
    assert [one.segments[0].speaker for one in chunks] == ["A", f"{chunks[1].start_ms} A"]


async def test_a_later_run_sends_only_what_was_not_heard(fake: FakeVendor) -> None:
    fake.on("POST", "/v1/listen", deepgram_says())
    chunk, end = await hear(hearing(fake, "deepgram"), TWO_CITIES, start_ms=30_000)
    assert isinstance(chunk, HeardChunk)
    assert (chunk.start_ms, chunk.segments[0].start_ms, end) == (30_000, 30_500, End(MS, MS))
    assert abs(len(audio_in(fake.got[0])) / 16 - (MS - 30_000)) < 50
    assert await hear(hearing(fake, "deepgram"), TWO_CITIES, start_ms=MS) == [Progress(MS, MS), End(MS, MS)]
    assert len(fake.got) == 1


async def test_what_a_vendor_works_on_is_said_before_it_is_asked_for(fake: FakeVendor) -> None:
    fake.on("POST", "/v2/upload", Say({"upload_url": "u"}))
    fake.on("POST", "/v2/transcript", Say({"id": "t-1"}))
    fake.on("GET", "/v2/transcript/t-1", assemblyai_says("t-1"))
    engine = hearing(fake, "assemblyai")
    asked_before = []
    with TWO_CITIES.open("rb") as file:
        async with engine.hear(cast("StoredFile", file), Task(None, True, (), 0, MOST_MS)) as heard:
            async for one in heard:
                if isinstance(one, Sent):
                    asked_before.append(fake.count("GET"))
                    sent = one
    assert (asked_before, sent) == ([0], Sent("t-1", 0, MS, MS, False))
    assert Sent.read(sent.write()) == sent


async def test_what_a_vendor_works_on_already_is_not_sent_again(fake: FakeVendor) -> None:
    fake.on("GET", "/v2/transcript/t-1", Say({"status": "processing"}), assemblyai_says("t-1"))
    engine = hearing(fake, "assemblyai")
    chunk, end = await hear(engine, TWO_CITIES, sent=Sent("t-1", 0, MS, MS, True))
    assert isinstance(chunk, HeardChunk)
    assert (chunk.end_ms, chunk.copy_id, end) == (MS, "t-1", End(MS, MS, True))
    assert fake.count("POST") == 0


async def test_after_a_part_that_was_sent_the_rest_follows(fake: FakeVendor) -> None:
    fake.on("GET", "/v2/transcript/t-1", assemblyai_says("t-1"))
    fake.on("POST", "/v2/upload", Say({"upload_url": "u"}))
    fake.on("POST", "/v2/transcript", Say({"id": "t-2"}))
    fake.on("GET", "/v2/transcript/t-2", assemblyai_says("t-2"))
    heard = await hear(hearing(fake, "assemblyai"), TWO_CITIES, sent=Sent("t-1", 0, 30_000))
    assert [type(one) for one in heard] == [HeardChunk, Sent, HeardChunk, End]
    assert heard[1] == Sent("t-2", 30_000, MS, MS, False)


async def test_what_a_vendor_has_forgotten_is_sent_again(fake: FakeVendor) -> None:
    fake.on("POST", "/v2/upload", Say({"upload_url": "u"}))
    fake.on("POST", "/v2/transcript", Say({"id": "t-2"}))
    fake.on("GET", "/v2/transcript/t-2", assemblyai_says("t-2"))
    heard = await hear(hearing(fake, "assemblyai"), TWO_CITIES, sent=Sent("t-1", 0, MS, MS))
    assert [type(one) for one in heard] == [Sent, HeardChunk, End]


async def test_silence_and_what_is_too_short_or_too_long_is_not_sent(fake: FakeVendor, tmp_path: Path) -> None:
    engine = hearing(fake, "deepgram")
    silence = write_wav(tmp_path / "silence.wav", tones(16_000, 5_000, ()))
    assert await hear(engine, silence) == [Progress(5_000, 5_000), End(5_000, 5_000)]
    short = write_wav(tmp_path / "short.wav", tones(16_000, 500, ((0, 500),)))
    assert await hear(engine, short) == [Progress(500, 500), End(500, 500)]
    with pytest.raises(HearingError) as raised:
        await hear(engine, TWO_CITIES, max_ms=20_000)
    assert raised.value.code == "audio_too_long"
    assert fake.got == []


@pytest.mark.parametrize(("content", "code"), [(b"", "audio_corrupt"), (b"no audio at all" * 99, "unsupported_format")])
async def test_what_is_no_audio_is_not_sent(fake: FakeVendor, tmp_path: Path, content: bytes, code: str) -> None:
    path = tmp_path / "file"
    path.write_bytes(content)
    with pytest.raises(HearingError) as raised:
        await hear(hearing(fake, "deepgram"), path)
    assert raised.value.code in (code, "unsupported_format")
    assert (raised.value.is_temporary, fake.got) == (False, [])


async def test_whoever_stops_listening_ends_the_request_and_both_processes(fake: FakeVendor) -> None:
    fake.on("POST", "/v1/listen", HANG)
    before = children()
    listening = asyncio.create_task(hear(hearing(fake, "deepgram"), TWO_CITIES))
    async with asyncio.timeout(30):
        while not fake.got:
            await asyncio.sleep(0.01)
    listening.cancel()
    with pytest.raises(asyncio.CancelledError):
        await listening
    assert children() == before


async def test_the_encoder_can_open_nothing_and_write_no_files() -> None:
    read_fd, write_fd = os.pipe()
    try:
        async with encoding(read_fd, channels=1, start_ms=0, part_ms=2_000, max_ms=60_000) as parts:
            os.write(write_fd, TWO_CITIES.read_bytes()[44 : 44 + 60_000])
            os.write(write_fd, TWO_CITIES.read_bytes()[44 : 44 + 60_000])
            assert (await anext(parts)).size_bytes > 0  # it is at work
            (child,) = children()
            limits = Path(f"/proc/{child}/limits").read_text(encoding="utf-8")
            for name in ("Max open files", "Max file size", "Max core file size"):
                (line,) = [one for one in limits.splitlines() if one.startswith(name)]
                assert line.removeprefix(name).split()[:2] == ["0", "0"]
    finally:
        os.close(read_fd)
        os.close(write_fd)


async def test_an_encoder_that_dies_is_an_engine_that_crashed(
    fake: FakeVendor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(process, "_MEMORY_BYTES", 1 << 20)  # too little to begin with
    with pytest.raises(HearingError) as raised:
        await hear(hearing(fake, "deepgram"), TWO_CITIES)
    assert (raised.value.code, raised.value.is_temporary, fake.got) == ("engine_crashed", True, [])


def children() -> set[str]:
    """Return this process's encoding processes."""
    tasks = Path("/proc/self/task").glob("*/children")
    pids = {pid for task in tasks for pid in task.read_text(encoding="utf-8").split()}
    return {pid for pid in pids if b"speech.encoding" in Path(f"/proc/{pid}/cmdline").read_bytes()}


# ---- where it is cut -------------------------------------------------------------------------------


def test_the_cut_lies_in_the_quietest_part_of_the_window() -> None:
    noise = np.random.default_rng(1).integers(-8_000, 8_000, 10 * 16_000).astype(np.int16)
    noise[5 * 16_000 : 6 * 16_000] = 3
    assert 5.1 < quietest(noise) / 16_000 < 5.9
    assert quietest(noise[:100]) == 100


@pytest.mark.parametrize("block", [1, 777, 50_000, 10**6])
def test_parts_hold_every_sample_once_and_none_is_too_long(block: int) -> None:
    samples = np.arange(20_000 if block == 1 else 1_000_000).astype(np.int16)
    cutter, parts = Cutter(6_400), [[]]
    for start in range(0, len(samples), block):
        for piece in cutter.take(samples[start : start + block]):
            parts[-1].append(piece.samples)
            if piece.ends_part:
                parts.append([])
    parts[-1].append(cutter.finish().samples)
    joined = [np.concatenate(one) for one in parts]
    assert np.array_equal(np.concatenate(joined), samples)
    assert max(map(len, joined)) <= 6_401
    assert all(len(one) for one in joined)
