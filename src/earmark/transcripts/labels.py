"""Tells labels that machines and call software write for a speaker from people's names.

A label is given anew in each recording: `SPEAKER_0` of one is another person than `SPEAKER_0` of the next.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final

from earmark.text import fold

_ROLES: Final = (
    "speaker|spkr?|talker|voice|channel|track|audio|microphone|participant|attendee|person|caller|callee|guest|host"
    "|interviewer|interviewee|moderator|operator|agent|representative|customer|client|patient|doctor|clinician|user"
    "|assistant|bot|visitor|sprecher(?:in)?|stimme|kanal|teilnehmer(?:in)?|anrufer(?:in)?|locuteur|locutrice"
    "|intervenante?|hablante|orador(?:a)?|participante|relatore|parlante|oratore|spreker|falante|mówca"
)
_NUMBERED_ROLES: Final = (
    "ch|chan|mic|line|stream|man|woman|male|female|rep|member|spur|gast|invitée?|canal|voix|voz|voce|ospite"
)
"""Of which some are names or words of their own: Chan, Line, Gast."""
_NOBODY: Final = (
    "unknown|unidentified|unnamed|unlabell?ed|unassigned|undefined|anonymous|unk|none|null|others?|them|someone"
    "|somebody|various|multiple|system|left|right|unbekannt(?:er|e)?|unbenannt|jemand|inconnue?|anonyme"
    "|desconocid[oa]|anónim[oa]|sconosciut[oa]|onbekend|desconhecid[oa]"
)
_GAP: Final = r"[ _#.:()\[\]-]"
_NUMBER: Final = rf"(?:{_GAP}{{0,3}}\d{{1,4}}|{_GAP}{{1,3}}(?:[a-z]|[ivx]{{1,4}}|one|two|three|four|five|six))"
_FORMS: Final = re.compile(
    rf"(?:(?:{_ROLES}){_NUMBER}?|(?:{_NUMBERED_ROLES}){_NUMBER}"  # Speaker 1, spk_0, Guest, ch_0
    rf"|(?:{_NOBODY})(?:{_GAP}{{0,3}}(?:{_ROLES}))?{_NUMBER}?"  # Unknown, Unknown speaker 2, Left channel
    rf"|(?:{_ROLES}){_GAP}{{1,3}}(?:{_NOBODY}){_NUMBER}?"  # SPEAKER_UNKNOWN, channel_left
    r"|[a-z]\d{0,4}|\d{1,4}"  # A, S1, 0
    r"|(?:系統|系统|说话人|說話人|发言人|發言人|讲者|話者|スピーカー|화자|참석자|спикер|говорящий|участник|неизвестный"
    rf"|ομιλητής|المتحدث|متحدث|דובר|वक्ता|konuşmacı){_GAP}{{0,3}}(?:\d{{0,4}}|\w))"
)
_BRACKETS: Final = " []<>()*_:.-#"


def is_machine_label(name: str) -> bool:
    """Whether a speaker's name is a label that stands for whoever spoke in one recording: `SPEAKER_0`, `Guest 2`.

    Roles without a number (`Host`, `Customer`) and placeholders (`Unknown`) are labels too; a role before a name
    (`Doctor Ruiz`) is not.
    """
    plain = " ".join(unicodedata.normalize("NFKC", name).casefold().split()).strip(_BRACKETS)
    return not plain or _FORMS.fullmatch(plain) is not None


def is_called(asked: str, name: str | None) -> bool:
    """Whether a speaker is the one asked for: in any case, by the whole name or the first of its names."""
    return name is not None and f"{fold(name)} ".startswith(f"{fold(asked)} ")  # "Bo" is "Bo Lindqvist"
