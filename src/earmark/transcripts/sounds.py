"""Recognises audio and video by a file's first bytes; nothing of it is parsed, so this is safe for any file."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

HEAD_BYTES: Final = 4_096


@dataclass(frozen=True, slots=True)
class Sound:
    """What a file begins like: for people ("an MP3 file"), and as a content type of uploads."""

    name: str
    content_type: str


_MP3: Final = Sound("an MP3 file", "audio/mpeg")
_AAC: Final = Sound("an AAC file", "audio/aac")
_WAV: Final = Sound("a WAV file", "audio/wav")
_AIFF: Final = Sound("an AIFF file", "audio/aiff")
_QUICKTIME: Final = Sound("a QuickTime file", "video/quicktime")
_MPEG: Final = Sound("an MPEG video", "video/mpeg")
_SIGNATURES: Final = (
    (b"ID3", _MP3),
    (b"fLaC", Sound("a FLAC file", "audio/flac")),
    (b"OggS", Sound("an Ogg file", "audio/ogg")),
    (b"#!AMR", Sound("an AMR file", "audio/amr")),
    (b"caff", Sound("a CAF file", "audio/x-caf")),
    (b"0&\xb2u\x8ef\xcf\x11", Sound("a Windows Media file", "video/x-ms-asf")),
    (b"FLV\x01", Sound("a Flash video", "video/x-flv")),
    (b"\x00\x00\x01\xba", _MPEG),
    (b"wvpk", Sound("a WavPack file", "audio/x-wavpack")),
    (b".snd\x00", Sound("a Sun audio file", "audio/basic")),
    (b"riff\x2e\x91\xcf\x11", Sound("a Wave64 file", "audio/x-w64")),
    (b"TTA1", Sound("a True Audio file", "audio/x-tta")),
    (b"MPCK", Sound("a Musepack file", "audio/x-musepack")),
    (b"Creative Voice File\x1a", Sound("a Creative Voice file", "audio/x-voc")),
)
_FORMS: Final = {b"WAVE": _WAV, b"AVI ": Sound("an AVI video", "video/x-msvideo"), b"AIFF": _AIFF, b"AIFC": _AIFF}
_FORM_STARTS: Final = (b"RIFF", b"FORM", b"RF64")
_EBML: Final = b"\x1aE\xdf\xa3"
_OLD_QUICKTIME: Final = (b"moov", b"mdat", b"wide", b"free")
_BRANDS: Final = (
    ((b"M4A", b"M4B"), Sound("an M4A file", "audio/mp4")),
    ((b"qt  ",), _QUICKTIME),
    ((b"3gp", b"3g2", b"3ge"), Sound("a 3GP file", "video/3gpp")),
)
_TRANSPORT: Final = Sound("an MPEG transport stream", "video/mp2t")
_TRANSPORT_PACKET_BYTES: Final = 188
_PICTURES: Final = (b"heic", b"heix", b"heim", b"heis", b"mif1", b"avif", b"avis", b"crx ")
"""Brands of images that are ISO files, such as a phone's photos."""
_FRAME: Final = re.compile(rb"\xff[\xe2-\xe7\xf2-\xf7\xfa\xfb\xf1\xf9]")
_CONTROLS: Final = bytes(range(9))  # no text has many of them
_FEWEST_CONTROLS: Final = 20


def find_sound(head: bytes) -> Sound | None:
    """Return what audio or video a file begins like, None if like none.

    Args:
        head: its first 4,096 bytes, or more.
    """
    if head.startswith(_EBML):
        return Sound("a Matroska or WebM file", "video/webm" if b"webm" in head[:64] else "video/x-matroska")
    if head.startswith(_FORM_STARTS):
        return _FORMS.get(head[8:12])
    if head[4:8] == b"ftyp":
        return _of_brand(head[8:12])
    if head[:1] == b"\x00" and head[4:8] in _OLD_QUICKTIME:
        return _QUICKTIME
    if _count_controls(head) >= _FEWEST_CONTROLS:
        if _FRAME.match(head):
            return _AAC if head[1] in (0xF1, 0xF9) else _MP3
        if head[: HEAD_BYTES // 2 : _TRANSPORT_PACKET_BYTES].replace(b"G", b"") == b"":
            return _TRANSPORT
    return next((sound for start, sound in _SIGNATURES if head.startswith(start)), None)


def _of_brand(brand: bytes) -> Sound | None:
    if brand in _PICTURES:
        return None
    return next((sound for starts, sound in _BRANDS if brand.startswith(starts)), Sound("an MP4 file", "video/mp4"))


def _count_controls(head: bytes) -> int:
    sample = head[:HEAD_BYTES]
    return len(sample) - len(sample.translate(None, _CONTROLS))
