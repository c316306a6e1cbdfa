"""Files of every kind become PCM at 16 kHz whose times are true."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from earmark.speech.decoding.probe import probe
from earmark.speech.decoding.types import Probe, UndecodableError
from tests.speech.media_files import (
    DURATION_MS,
    KINDS,
    LENGTHS_OF_THEMSELVES,
    TONES_MS,
    Kind,
    decoded,
    encode,
    problem_of,
    sounding_ms,
    tones,
    write,
    write_wav,
)  # fmt: skip

pytestmark = pytest.mark.anyio
WAV = KINDS["wav-16k"]
EXACT = ("wav", "wav-8k-mulaw", "wav-16k", "wav-float", "w64", "mp3", "m4a-alac", "mov", "flac", "webm", "ogg-opus",
         "ogg-flac", "aiff", "au", "wv", "tta")  # fmt: skip
"""Kinds that say which samples of their last block are padding, or have none."""


def assert_tones(
    pcm: Any, expected: tuple[tuple[int, int], ...] = TONES_MS, off_ms: int = 0, within_ms: int = 30
) -> None:
    found = sounding_ms(pcm)
    assert len(found) == len(expected), found
    for (start, end), (wanted_start, wanted_end) in zip(found, expected, strict=True):
        assert start == pytest.approx(wanted_start + off_ms, abs=within_ms)
        assert end == pytest.approx(wanted_end + off_ms, abs=within_ms)


# ---- every kind ------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", KINDS)
async def test_a_file_of_every_kind_has_its_tones_at_their_times(tmp_path: Path, name: str) -> None:
    path = write(tmp_path / "media", KINDS[name])
    done = await decoded(path)
    # An encoder of WMA doesn't say how much silence it puts first.
    assert_tones(done.pcm[:, 0], within_ms=50 if name == "wma" else 30)
    assert done.header.channels == 1
    assert (done.report.problem, done.report.is_partial, done.report.container) == (None, False, KINDS[name].container)
    assert done.report.decoded_ms == len(done.pcm) // 16 == pytest.approx(DURATION_MS, abs=0 if name in EXACT else 100)
    with path.open("rb") as file:
        found = await probe(file)
    assert (found.container, found.channels, found.has_video) == (KINDS[name].container, 1, False)
    assert name not in LENGTHS_OF_THEMSELVES or found.duration_ms == pytest.approx(DURATION_MS, abs=100)


@pytest.mark.parametrize("name", ["wav", "mp3", "m4a", "webm"])
async def test_reading_from_a_position_gives_the_same_samples_as_reading_past_it(tmp_path: Path, name: str) -> None:
    path = write(tmp_path / "media", KINDS[name])
    whole, rest = await decoded(path), await decoded(path, skip_ms=3_333)
    assert np.array_equal(whole.pcm[3_333 * 16 :], rest.pcm)
    assert rest.report == whole.report


async def test_reading_from_behind_the_end_gives_nothing(tmp_path: Path) -> None:
    done = await decoded(write(tmp_path / "media", WAV), skip_ms=60_000)
    assert (len(done.pcm), done.report.decoded_ms, done.report.problem) == (0, DURATION_MS, None)


@pytest.mark.parametrize("name", ["wav", "m4a"])
async def test_a_file_that_is_too_long_gives_what_may_be_read_and_says_so(tmp_path: Path, name: str) -> None:
    done = await decoded(write(tmp_path / "media", KINDS[name]), max_ms=2_000)
    assert len(done.pcm) == 2_000 * 16
    assert (done.report.problem, done.report.is_partial, done.report.decoded_ms) == ("audio_too_long", True, 2_000)


async def test_a_file_of_exactly_the_greatest_length_is_not_too_long(tmp_path: Path) -> None:
    done = await decoded(write(tmp_path / "media", WAV), max_ms=DURATION_MS)
    assert (done.report.problem, done.report.decoded_ms) == (None, DURATION_MS)


async def test_a_third_of_a_second_is_decoded(tmp_path: Path) -> None:
    done = await decoded(write_wav(tmp_path / "media", tones(16_000, 300, ((100, 200),))))
    assert_tones(done.pcm[:, 0], ((100, 200),))
    assert len(done.pcm) == 300 * 16


@pytest.mark.parametrize("name", ["webm", "ogg-opus", "mp3", "mpegts", "flac"])
async def test_parts_of_a_recording_that_were_put_together_follow_one_another(tmp_path: Path, name: str) -> None:
    path = write(tmp_path / "media", KINDS[name])
    path.write_bytes(path.read_bytes() * 2)
    both = TONES_MS + tuple((start + DURATION_MS, end + DURATION_MS) for start, end in TONES_MS)
    assert_tones((await decoded(path)).pcm[:, 0], both, within_ms=70)


# ---- streams and channels --------------------------------------------------------------------------


def add_picture(file: Any, codec: str = "mpeg4") -> Any:
    stream = file.add_stream(codec, rate=25)
    stream.width, stream.height, stream.pix_fmt = 64, 64, "yuvj420p" if codec == "mjpeg" else "yuv420p"
    return stream


def show(file: Any, stream: Any, count: int) -> None:
    for number in range(count):
        picture = av.VideoFrame(64, 64, stream.pix_fmt)
        picture.pts = number
        file.mux(stream.encode(picture))
    file.mux(stream.encode(None))


async def test_a_video_gives_its_sound_at_the_times_of_the_video(tmp_path: Path) -> None:
    with av.open(str(tmp_path / "media"), "w", format="mp4") as file:
        picture, sound = add_picture(file), file.add_stream("aac", rate=44_100, layout="mono")
        show(file, picture, 200)
        encode(file, sound, tones(44_100), 700)
        file.mux(sound.encode(None))
    done = await decoded(tmp_path / "media")
    assert_tones(done.pcm[:, 0], off_ms=700)
    with (tmp_path / "media").open("rb") as opened:
        assert await probe(opened) == Probe("mp4", "aac", 8_000, 1, True)


async def test_a_video_without_sound_is_of_an_unsupported_format(tmp_path: Path) -> None:
    with av.open(str(tmp_path / "media"), "w", format="mp4") as file:
        show(file, add_picture(file), 50)
    assert await problem_of(tmp_path / "media") == "unsupported_format"


async def test_a_cover_image_is_no_video_and_does_no_harm(tmp_path: Path) -> None:
    with av.open(str(tmp_path / "media"), "w", format="mp3") as file:
        sound, cover = file.add_stream("libmp3lame", rate=44_100, layout="mono"), add_picture(file, "mjpeg")
        cover.disposition = av.stream.Disposition.attached_pic
        show(file, cover, 1)
        encode(file, sound, tones(44_100), 0)
        file.mux(sound.encode(None))
    assert_tones((await decoded(tmp_path / "media")).pcm[:, 0])
    with (tmp_path / "media").open("rb") as opened:
        assert not (await probe(opened)).has_video


@pytest.mark.parametrize("sounding", range(8))
async def test_each_of_eight_microphones_is_heard(tmp_path: Path, sounding: int) -> None:
    samples = np.zeros((8, 16_000 * 6), dtype=np.float32)
    samples[sounding] = 1.5 * tones(16_000)[0]
    done = await decoded(write_wav(tmp_path / "media", samples))
    assert done.header.channels == 1
    assert_tones(done.pcm[:, 0])


async def test_more_channels_than_any_layout_are_heard(tmp_path: Path) -> None:
    done = await decoded(write_wav(tmp_path / "media", np.repeat(tones(16_000), 11, axis=0)))
    assert_tones(done.pcm[:, 0])


async def test_surround_sound_becomes_one_channel(tmp_path: Path) -> None:
    kind = Kind("surround", "flac", "flac", "flac", 48_000)
    done = await decoded(write(tmp_path / "media", kind, np.repeat(tones(48_000), 6, axis=0), layout="5.1"))
    assert done.header.channels == 1
    assert_tones(done.pcm[:, 0])


async def test_a_call_with_a_person_a_channel_has_two_channels(tmp_path: Path) -> None:
    first, second = ((500, 2_000), (4_000, 5_000)), ((2_200, 3_800), (5_200, 5_900))
    samples = np.concatenate([tones(8_000, at=first), tones(8_000, at=second)])
    done = await decoded(write_wav(tmp_path / "media", samples, 8_000))
    assert done.header.channels == 2
    assert_tones(done.pcm[:, 0], first)
    assert_tones(done.pcm[:, 1], second)


async def test_whether_channels_carry_speakers_is_decided_alike_wherever_reading_begins(tmp_path: Path) -> None:
    first, second = ((500, 2_000),), ((2_200, 3_800),)
    samples = np.concatenate([tones(8_000, at=first), tones(8_000, at=second)])
    done = await decoded(write_wav(tmp_path / "media", samples, 8_000), skip_ms=3_000)
    assert done.header.channels == 2
    assert_tones(done.pcm[:, 1], ((0, 800),))


async def test_dual_mono_has_one_channel(tmp_path: Path) -> None:
    done = await decoded(write_wav(tmp_path / "media", np.repeat(tones(16_000), 2, axis=0)))
    assert done.header.channels == 1
    assert_tones(done.pcm[:, 0])


async def test_channels_that_cancel_each_other_out_are_heard(tmp_path: Path) -> None:
    done = await decoded(write_wav(tmp_path / "media", np.concatenate([tones(16_000), -tones(16_000)])))
    assert done.header.channels == 1
    assert_tones(done.pcm[:, 0])


# ---- times -----------------------------------------------------------------------------------------


def write_pieces(path: Path, muxer: str, codec: str, at_ms: tuple[int, ...]) -> Path:
    """Encode two seconds, with a tone in the middle second, at each of some times."""
    with av.open(str(path), "w", format=muxer) as file:
        stream = file.add_stream(codec, rate=48_000, layout="mono")
        for start in at_ms:
            encode(file, stream, tones(48_000, 2_000, ((500, 1_500),)), start)
        file.mux(stream.encode(None))
    return path


@pytest.mark.parametrize("muxer", ["webm", "matroska", "mp4"])
async def test_a_pause_of_a_recorder_becomes_silence(tmp_path: Path, muxer: str) -> None:
    done = await decoded(write_pieces(tmp_path / "media", muxer, "libopus", (0, 7_000, 300_000)))
    assert_tones(done.pcm[:, 0], ((500, 1_500), (7_500, 8_500), (300_500, 301_500)))
    assert done.report.decoded_ms == pytest.approx(302_000, abs=100)


async def test_a_pause_counts_for_the_greatest_length(tmp_path: Path) -> None:
    path = write_pieces(tmp_path / "media", "matroska", "libopus", (0, 300_000))
    done = await decoded(path, max_ms=100_000)
    assert (done.report.problem, len(done.pcm)) == ("audio_too_long", 100_000 * 16)


async def test_a_clock_that_was_set_by_a_day_adds_no_silence(tmp_path: Path) -> None:
    done = await decoded(write_pieces(tmp_path / "media", "matroska", "libopus", (0, 86_400_000)))
    assert_tones(done.pcm[:, 0], ((500, 1_500), (2_500, 3_500)))


@pytest.mark.parametrize("name", ["wav", "m4a", "mp3", "ogg-opus", "flac"])
async def test_nothing_is_decoded_of_a_file_that_has_more_than_may_be_heard(tmp_path: Path, name: str) -> None:
    with pytest.raises(UndecodableError) as raised:
        await decoded(write(tmp_path / "media", KINDS[name]), max_ms=2_000, refuses_long=True)
    assert raised.value.problem == "audio_too_long"


async def test_a_file_that_only_claims_to_be_long_is_decoded(tmp_path: Path) -> None:
    path = write(tmp_path / "media", WAV)
    content = bytearray(path.read_bytes())
    at = content.index(b"data") + 4
    content[at : at + 4] = (4_000_000_000).to_bytes(4, "little")
    path.write_bytes(content)
    done = await decoded(path, max_ms=DURATION_MS + 1_000, refuses_long=True)
    assert done.report.problem is None
    assert len(done.pcm) == DURATION_MS * 16
