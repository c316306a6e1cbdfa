"""Damaged and hostile files: what can be read is decoded, nothing else is opened, and the limits hold."""

from __future__ import annotations

import random
import socket
import struct
import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from earmark.speech.decoding.probe import probe
from earmark.speech.decoding.process import decoding
from earmark.speech.decoding.types import DecodingLimits, UndecodableError
from tests.speech.media_files import (
    DURATION_MS,
    KINDS,
    LENGTHS_OF_THEMSELVES,
    MAX_MS,
    TONES_MS,
    decoded,
    pieces,
    problem_of,
    sounding_ms,
    tones,
    undecodable,
    write,
    write_wav,
)  # fmt: skip

pytestmark = pytest.mark.anyio
FLIPPED = ("wav", "mp3", "m4a", "flac", "webm", "ogg-opus")
PROBLEMS = {None, "audio_corrupt", "unsupported_format", "audio_too_long"}
AT_THE_END = ("m4a", "m4a-alac", "mp4", "mov", "3gp", "caf")
"""Kinds whose index, without which nothing is readable, is written last."""


async def assert_ends(path: Path) -> None:
    """Decode and probe: either something comes out, with a report, or there is a problem; nothing else is raised."""
    assert await undecodable(_assert_decoded(path)) in PROBLEMS
    with path.open("rb") as file:
        assert await undecodable(probe(file)) in PROBLEMS


async def _assert_decoded(path: Path) -> None:
    done = await decoded(path, max_ms=600_000, limits=DecodingLimits(base_cpu_s=5))
    assert done.report.problem in PROBLEMS
    assert done.report.problem != "audio_corrupt" or done.report.is_partial
    assert len(done.pcm) <= 600_000 * 16


# ---- what is not audio -----------------------------------------------------------------------------


async def test_an_empty_file_is_corrupt(tmp_path: Path) -> None:
    (tmp_path / "media").write_bytes(b"")
    assert await problem_of(tmp_path / "media") == "audio_corrupt"


@pytest.mark.parametrize("size", [1, 3, 100, 300_000])
async def test_garbage_is_of_an_unsupported_format(tmp_path: Path, size: int) -> None:
    (tmp_path / "media").write_bytes(b"\x13" + random.Random(4).randbytes(size - 1))
    assert await problem_of(tmp_path / "media") == "unsupported_format"


async def test_text_under_the_name_of_an_mp3_is_of_an_unsupported_format(tmp_path: Path) -> None:
    (tmp_path / "talk.mp3").write_text("Ada: Shall we move the launch?\n" * 400)
    assert await problem_of(tmp_path / "talk.mp3") == "unsupported_format"


@pytest.mark.parametrize("start", [b"RIFF", b"OggS", b"fLaC", b"ID3\x04", b"\x1aE\xdf\xa3", b"\0\0\0\x18ftypM4A "])
async def test_a_file_that_only_starts_like_audio_is_corrupt(tmp_path: Path, start: bytes) -> None:
    (tmp_path / "media").write_bytes(start + bytes(5_000))
    assert await problem_of(tmp_path / "media") == "audio_corrupt"


@pytest.fixture
def listener() -> Iterator[tuple[int, list[object]]]:
    """A port of this machine, and the connections that were made to it."""
    made: list[object] = []
    with socket.create_server(("127.0.0.1", 0)) as server:

        def accept() -> None:
            while True:
                try:
                    made.append(server.accept())
                except OSError:
                    return

        thread = threading.Thread(target=accept)
        thread.start()
        yield server.getsockname()[1], made
        server.shutdown(socket.SHUT_RDWR)
        thread.join()


LISTS = {
    "m3u8": "#EXTM3U\n#EXT-X-VERSION:3\n#EXT-X-TARGETDURATION:10\n#EXTINF:10,\n{target}\n#EXT-X-ENDLIST\n",
    "ffconcat": "ffconcat version 1.0\nfile '{target}'\n",
    "concat": "file '{target}'\n",
    "dash": '<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static" '
    'mediaPresentationDuration="PT10S"><Period><AdaptationSet mimeType="audio/mp4"><Representation id="0" '
    'bandwidth="1"><BaseURL>{target}</BaseURL></Representation></AdaptationSet></Period></MPD>',
    "sdp": "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\nm=audio {port} RTP/AVP 0\n",
    "pls": "[playlist]\nFile1={target}\nNumberOfEntries=1\n",
    "asx": '<ASX version="3.0"><ENTRY><REF HREF="{target}"/></ENTRY></ASX>',
    "smil": '<smil><body><audio src="{target}"/></body></smil>',
    "ffmetadata": ";FFMETADATA1\ntitle={target}\n",
    "srt": "1\n00:00:00,000 --> 00:00:10,000\n{target}\n",
    "rtsp": "[Reference]\nRef1={target}\n",
    "image2": "{target}",
}


@pytest.mark.parametrize("name", LISTS)
async def test_a_list_that_names_other_files_opens_none_of_them(
    tmp_path: Path, listener: tuple[int, list[object]], name: str
) -> None:
    port, made = listener
    wav = write(tmp_path / "other.wav", KINDS["wav-16k"])
    for target in ("/etc/hostname", f"file:{wav}", f"http://127.0.0.1:{port}/a.ts"):
        (tmp_path / "media").write_text(LISTS[name].format(target=target, port=port))
        assert await problem_of(tmp_path / "media") == "unsupported_format"
    assert made == []


async def test_a_movie_whose_samples_are_in_another_file_gives_nothing_of_it(tmp_path: Path) -> None:
    path = write(tmp_path / "media", KINDS["mov"])
    data = path.read_bytes()
    other = write(tmp_path / "other.wav", KINDS["wav"])
    alias = str(other).encode()
    entry = struct.pack(">I4sI", 12 + len(alias), b"url ", 0) + alias
    old = struct.pack(">I4sI", 12, b"url ", 1)
    if old not in data:
        old = struct.pack(">I4sI", 12, b"alis", 1)
    assert old in data
    (tmp_path / "media").write_bytes(data.replace(old, entry))
    await assert_ends(tmp_path / "media")


# ---- headers that lie ------------------------------------------------------------------------------


def wav_bytes(samples: bytes, *, rate: int = 16_000, channels: int = 1, claimed: int | None = None) -> bytes:
    size = len(samples) if claimed is None else claimed
    head = struct.pack("<HHIIHH", 1, channels, rate, rate * channels * 2 & 0xFFFFFFFF, channels * 2 & 0xFFFF, 16)
    start = b"RIFF" + struct.pack("<I", min(0xFFFFFFFF, size + 36)) + b"WAVEfmt " + struct.pack("<I", len(head)) + head
    return start + b"data" + struct.pack("<I", size) + samples


def pcm_of(duration_ms: int = DURATION_MS) -> bytes:
    return bytes((tones(16_000, duration_ms)[0] * 32767).astype("<i2").tobytes())


async def test_a_header_that_claims_hours_changes_nothing(tmp_path: Path) -> None:
    (tmp_path / "media").write_bytes(wav_bytes(pcm_of(), claimed=30 * 3600 * 32_000))
    done = await decoded(tmp_path / "media", max_ms=3_600_000)
    assert (len(done.pcm), done.report.problem, done.report.is_partial) == (DURATION_MS * 16, None, True)
    assert done.header.duration_ms == pytest.approx(DURATION_MS, abs=10)


async def test_a_header_that_claims_a_hundred_hours_is_not_taken_for_too_long(tmp_path: Path) -> None:
    rate = 8_000
    samples = bytes((tones(rate)[0] * 127 + 128).astype("u1").tobytes())
    claimed = 100 * 3_600 * rate
    head = struct.pack("<HHIIHH", 1, 1, rate, rate, 1, 8)
    start = b"RIFF" + struct.pack("<I", claimed + 36) + b"WAVEfmt " + struct.pack("<I", len(head)) + head
    (tmp_path / "media").write_bytes(start + b"data" + struct.pack("<I", claimed) + samples)
    done = await decoded(tmp_path / "media", refuses_long=True)
    assert done.report.decoded_ms == pytest.approx(DURATION_MS, abs=10)
    assert (done.report.problem, done.report.is_partial) == (None, True)
    assert done.header.duration_ms == pytest.approx(DURATION_MS, abs=20)


@pytest.mark.parametrize("claimed", [0xFFFFFFFF, 0x7FFFFFFF, 0x7FFFF000])
async def test_a_header_written_before_the_length_was_known_is_no_damage(tmp_path: Path, claimed: int) -> None:
    (tmp_path / "media").write_bytes(wav_bytes(pcm_of(), claimed=claimed))
    done = await decoded(tmp_path / "media")
    assert (len(done.pcm), done.report.is_partial) == (DURATION_MS * 16, False)


@pytest.mark.parametrize("rate", [1, 100, 4_000_000_000])
async def test_a_header_with_an_impossible_rate_is_corrupt(tmp_path: Path, rate: int) -> None:
    (tmp_path / "media").write_bytes(wav_bytes(pcm_of(), rate=rate))
    assert await problem_of(tmp_path / "media") == "audio_corrupt"


@pytest.mark.parametrize("channels", [0, 64, 65_535])
async def test_a_header_with_many_channels_ends(tmp_path: Path, channels: int) -> None:
    (tmp_path / "media").write_bytes(wav_bytes(pcm_of(), channels=channels))
    await assert_ends(tmp_path / "media")


HUGE = {
    "wav": b"RIFF\xff\xff\xff\xffWAVEfmt \xff\xff\xff\x7f",
    "mp4": b"\0\0\0\x18ftypM4A \0\0\0\0M4A isom\x7f\xff\xff\xffmoov\x7f\xff\xff\xf0trak",
    "mp4-table": b"\0\0\0\x18ftypM4A \0\0\0\0M4A isom\0\0\x10\0moov\0\0\x0f\0trak\0\0\x0e\0mdia\0\0\x0d\0minf"
    b"\0\0\x0c\0stbl\x7f\xff\xff\xf0stsz\0\0\0\0\0\0\0\1\x7f\xff\xff\xff",
    "flac": b"fLaC\x04\xff\xff\xff\xff\xff\xff\xff",
    "matroska": b"\x1aE\xdf\xa3\x01\x00\xff\xff\xff\xff\xff\xff",
    "id3": b"ID3\x04\0\0\x7f\x7f\x7f\x7f",
    "aiff": b"FORM\x7f\xff\xff\xffAIFFCOMM\x7f\xff\xff\xff",
    "ogg": b"OggS\0\2" + bytes(20) + b"\xff" + b"\xff" * 255,
    "au": b".snd\x7f\xff\xff\xff\xff\xff\xff\xff\0\0\0\3\0\0\x3e\x80\0\0\0\1",
    "avi": b"RIFF\xff\xff\xff\xffAVI LIST\xff\xff\xff\xffhdrlavih\xff\xff\xff\xff",
    "asf": bytes.fromhex("3026b2758e66cf11a6d900aa0062ce6c") + b"\xff" * 8 + b"\xff\xff\xff\xff\1\2",
}


@pytest.mark.parametrize("name", HUGE)
async def test_a_header_with_huge_sizes_ends_within_the_limits(tmp_path: Path, name: str) -> None:
    (tmp_path / "media").write_bytes(HUGE[name] + bytes(100_000))
    assert await problem_of(tmp_path / "media") is not None


async def test_a_decoder_without_enough_memory_is_a_problem_of_the_file(tmp_path: Path) -> None:
    path = write(tmp_path / "media", KINDS["m4a"])
    with pytest.raises(UndecodableError) as caught:
        await decoded(path, limits=DecodingLimits(memory_bytes=190 << 20))
    assert caught.value.problem == "audio_corrupt"


@pytest.mark.slow
async def test_a_decoder_that_takes_too_long_leaves_what_it_has_decoded(tmp_path: Path) -> None:
    path = write_wav(tmp_path / "media", np.zeros((1, 16_000 * 3_600)))
    with path.open("r+b") as file:
        file.truncate(4 << 30)  # a hole, which is silence
        file.seek(0)
        file.write(wav_bytes(b"", claimed=0xFFFFFFFF))
    done = await decoded(path, max_ms=10**9, limits=DecodingLimits(base_cpu_s=1, cpu_s_per_hour=0))
    assert (done.report.problem, done.report.is_partial) == ("audio_corrupt", True)
    assert 0 < done.report.decoded_ms <= len(done.pcm) // 16


# ---- damage ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name",
    [
        name if name in FLIPPED else pytest.param(name, marks=pytest.mark.slow)
        for name in KINDS
        if name not in AT_THE_END
    ],
)
async def test_a_file_cut_in_the_middle_gives_what_is_before(tmp_path: Path, name: str) -> None:
    path = write(tmp_path / "media", KINDS[name])
    data = path.read_bytes()
    path.write_bytes(data[: len(data) * 6 // 10])
    done = await decoded(path)
    assert done.report.problem is None
    assert done.report.is_partial or name not in LENGTHS_OF_THEMSELVES
    assert done.report.decoded_ms >= 2_000
    assert sounding_ms(done.pcm[:, 0])[0] == pytest.approx(TONES_MS[0], abs=50)


@pytest.mark.parametrize("name", AT_THE_END)
async def test_a_file_cut_before_its_index_is_corrupt(tmp_path: Path, name: str) -> None:
    path = write(tmp_path / "media", KINDS[name])
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 2])
    assert await problem_of(path) == "audio_corrupt"


@pytest.mark.slow
@pytest.mark.parametrize("name", ["mp3", "flac", "ogg-opus", "webm", "mpegts", "wav"])
async def test_a_hole_in_the_middle_leaves_what_is_around_it(tmp_path: Path, name: str) -> None:
    path = write(tmp_path / "media", KINDS[name])
    data = path.read_bytes()
    middle = len(data) * 45 // 100
    path.write_bytes(data[:middle] + random.Random(7).randbytes(len(data) // 20) + data[middle + len(data) // 20 :])
    done = await decoded(path)
    assert done.report.problem is None
    found = sounding_ms(done.pcm[:, 0])
    assert found[0] == pytest.approx(TONES_MS[0], abs=50)
    assert found[-1] == pytest.approx(TONES_MS[-1], abs=1_000)


@pytest.mark.parametrize("name", ["mp3", "aac", "amr"])  # kinds whose end is the end of the file
async def test_a_file_that_grows_while_it_is_decoded_is_read_as_it_was(tmp_path: Path, name: str) -> None:
    kind = KINDS[name]
    path = write(tmp_path / "media", kind, np.tile(tones(kind.rate), 20))  # far more than a pipe and buffers hold
    was = await decoded(path)
    with path.open("rb") as file:
        async with decoding(file, max_ms=MAX_MS) as stream:
            first = await stream.read()  # the decoder waits for its reader, most of the file is unread
            with path.open("ab") as more:
                more.write(path.read_bytes())
            rest = [piece async for piece in pieces(stream)]
            report = await stream.report()
    assert first + b"".join(rest) == was.pcm.tobytes()
    assert (report.is_partial, report.decoded_ms) == (was.report.is_partial, was.report.decoded_ms)
    assert len((await decoded(path)).pcm) > len(was.pcm)


async def test_where_the_file_was_read_before_does_not_matter(tmp_path: Path) -> None:
    path = write(tmp_path / "media", KINDS["wav"])
    with path.open("rb") as file:
        file.seek(1_000)
        assert (await probe(file)).container == "wav"
        assert file.tell() == 1_000


@pytest.mark.slow
@pytest.mark.parametrize("name", FLIPPED)
async def test_flipped_bits_never_break_more_than_the_file(tmp_path: Path, name: str) -> None:
    await _flip(tmp_path, name, rounds=2)


@pytest.mark.slow
@pytest.mark.parametrize("name", KINDS)
async def test_many_flipped_bits_never_break_more_than_the_file(tmp_path: Path, name: str) -> None:
    await _flip(tmp_path, name, rounds=40)


async def _flip(folder: Path, name: str, rounds: int) -> None:
    path = write(folder / "media", KINDS[name])
    data = path.read_bytes()
    chance = random.Random(name)
    for number in range(rounds):
        damaged = bytearray(data)
        near = 400 if number % 2 else len(data)  # headers are the most dangerous
        for _ in range(chance.choice([1, 10, 100])):
            damaged[chance.randrange(min(near, len(data)))] ^= 1 << chance.randrange(8)
        path.write_bytes(damaged)
        await assert_ends(path)


@pytest.mark.slow
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    start=st.sampled_from(
        [b"", b"RIFF", b"OggS", b"fLaC", b"\x1aE\xdf\xa3", b"ID3", b"\0\0\0 ftyp", b"FORM", b"FLV\1"]
    ),
    rest=st.binary(max_size=2_000),
)
async def test_any_bytes_end_with_a_report_or_a_problem(tmp_path: Path, start: bytes, rest: bytes) -> None:
    (tmp_path / "media").write_bytes(start + rest)
    await assert_ends(tmp_path / "media")
