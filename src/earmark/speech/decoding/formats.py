"""Which containers and decoders are used, how containers are named, and how a damaged one is recognised."""

from __future__ import annotations

from typing import Final

from earmark.speech.decoding.source import Source

DEMUXERS: Final = (
    "aac,ac3,aiff,amr,ape,asf,au,avi,caf,dss,dts,eac3,flac,flv,loas,matroska,mov,mp3,mpc,mpc8,mpeg,mpegts,ogg,"
    "tak,tta,voc,w64,wav,wv"
)
"""Demuxers of files that contain their audio themselves. Playlists, manifests, captions and image sequences are no
such files: they name others."""

ESTIMATED: Final = frozenset({"aac", "ac3", "amr", "dts", "eac3", "loas", "mpeg", "mpegts"})
"""Demuxers that estimate a file's duration from its size, which says nothing about whether the file is whole."""

_PCM: Final = (
    "alaw bluray dvd f32be f32le f64be f64le lxf mulaw s16be s16be_planar s16le s16le_planar s24be s24le s24le_planar "
    "s32be s32le s32le_planar s64be s64le s8 s8_planar u16be u16le u24be u24le u32be u32le u8"
)
DECODERS: Final = frozenset(
    "aac aac_latm ac3 adpcm_g722 adpcm_ima_qt adpcm_ima_wav adpcm_ms adpcm_swf adpcm_yamaha alac amrnb amrwb ape dca "
    "dss_sp eac3 flac g722 g723_1 g726 g726le g729 gsm gsm_ms ilbc libopencore_amrnb libopencore_amrwb libopus mp1 "
    "mp1float mp2 mp2float mp3 mp3float mpc7 mpc8 nellymoser opus qcelp qdm2 speex tak truespeech tta vorbis wavpack "
    "wmalossless wmapro wmav1 wmav2 wmavoice".split()
) | {f"pcm_{kind}" for kind in _PCM.split()}  # fmt: skip
"""Decoders that may run. There is none of video among them: pictures are never decoded, not even to probe a file."""

_MOV_BRANDS: Final = {"M4A": "m4a", "M4B": "m4a", "qt": "mov", "3gp": "3gp", "3g2": "3g2", "3ge": "3gp"}
_HEAD_BYTES: Final = 64
_MAX_WAV_HEAD_BYTES: Final = 1 << 20
_STARTS: Final = (
    b"RIFF", b"RF64", b"riff", b"OggS", b"fLaC", b"\x1aE\xdf\xa3", b"ID3", b"FORM", b".snd", b"#!AMR", b"caff",
    b"0&\xb2u", b"FLV", b"\x00\x00\x01\xba", b"wvpk", b"MAC ", b"TTA", b"MPCK", b"MP+", b"tBaK",
)  # fmt: skip
_ISO_BOXES: Final = (b"ftyp", b"moov", b"mdat", b"wide", b"free")
_UNKNOWN_SIZES: Final = (range(1), range(0x7FFF0000, 0x80000000), range(0xFFFF0000, 0x100000000))
"""What programs write as a WAV file's size if they don't know it yet and can't go back."""
_TS_PACKET_BYTES: Final = 188
_TS_SYNC: Final = 0x47


def container_name(demuxer: str, brand: str, head: bytes) -> str:
    """Return a format's usual name.

    Args:
        demuxer: FFmpeg's name, which may list several (`mov,mp4,m4a,…`).
        brand: the major brand of an ISO file.
        head: the first bytes of the file, which tell WebM from Matroska.
    """
    if demuxer.startswith("mov,"):
        return next((name for start, name in _MOV_BRANDS.items() if brand.startswith(start)), "mp4")
    if demuxer.startswith("matroska"):
        return "webm" if b"webm" in head else "matroska"
    return demuxer


def looks_like_media(head: bytes) -> bool:
    """Whether a file that can't be opened starts like one of a known container: it is damaged, not of another kind."""
    is_stream = len(head) > 1 and head[0] == 0xFF and head[1] & 0xE0 == 0xE0
    is_transport = len(head) > _TS_PACKET_BYTES and head[0] == head[_TS_PACKET_BYTES] == _TS_SYNC
    return head.startswith(_STARTS) or head[4:8] in _ISO_BOXES or is_stream or is_transport


def head_of(source: Source) -> bytes:
    """Return the bytes from which `container_name` and `looks_like_media` judge."""
    return source.peek(_TS_PACKET_BYTES + _HEAD_BYTES)


def ends_inside_wav_data(source: Source) -> bool:
    """Whether a WAV file ends before its samples do; the demuxer takes what is there for all."""
    at = 12
    while at + 8 <= min(source.size_bytes, _MAX_WAV_HEAD_BYTES):
        head = source.peek(8, at)
        size = int.from_bytes(head[4:], "little")
        if head.startswith(b"data"):
            is_known = not any(size in unknown for unknown in _UNKNOWN_SIZES)
            return is_known and at + 8 + size > source.size_bytes
        at += 8 + size + size % 2
    return False


def ends_inside_ogg_page(source: Source) -> bool:
    """Whether an Ogg file ends before its last page does, which the demuxer doesn't say."""
    tail_at = max(0, source.size_bytes - (128 << 10))
    tail = source.peek(128 << 10, tail_at)
    page = tail[tail.rfind(b"OggS") :]
    count = page[26] if len(page) > 26 else 0
    table = page[27 : 27 + count]
    return len(page) < 27 or len(table) < count or len(page) < 27 + count + sum(table)
