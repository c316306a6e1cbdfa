"""The languages of multilingual Whisper models, by their primary BCP 47 tags."""

from __future__ import annotations

from typing import Final

_CODES: Final = (
    "en zh de es ru ko fr ja pt tr pl ca nl ar sv it id hi fi vi he uk el ms cs ro da hu ta no th ur hr bg lt la mi ml "
    "cy sk te fa lv bn sr az sl kn et mk br eu is hy ne mn bs kk sq sw gl mr pa si km sn yo so af oc ka be tg sd gu am "
    "yi lo uz fo ht ps tk nn mt sa lb my bo tl mg as tt haw ln ha ba su"
).split()
_TO_WHISPER: Final = {"jv": "jw", "nb": "no", "fil": "tl", "cmn": "zh", "iw": "he", "in": "id"}
_FROM_WHISPER: Final = {"jw": "jv"}
_UNSPACED: Final = frozenset({"zh", "ja", "th", "lo", "my", "bo", "km", "yue"})

LANGUAGES: Final = frozenset(_CODES) | frozenset(_TO_WHISPER)
"""Cantonese (`yue`) is left out: only the largest models know it."""


def to_whisper(tag: str) -> str:
    """Return Whisper's code of a BCP 47 tag's language."""
    primary = tag.lower().split("-")[0]
    return _TO_WHISPER.get(primary, primary)


def from_whisper(code: str) -> str:
    """Return the BCP 47 tag of Whisper's code."""
    return _FROM_WHISPER.get(code, code)


def has_spaces(code: str) -> bool:
    """Whether a language, by Whisper's code, separates its words."""
    return code not in _UNSPACED
