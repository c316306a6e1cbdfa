"""Recognises the lines that tools add before or after a transcript and nobody said."""

from __future__ import annotations

import re
from typing import Final

_CREDIT: Final = re.compile(
    r"(?:(?:this |the )?(?:editable |meeting |call |video )?(?:transcri\w+|sub ?titles?|captions?|notes?|recording)"
    r"(?: \w+){0,2} (?:by|with|using|from|at|was|were)\b.*"
    r"|(?:\w+ is a transcript editor\b.*|.{1,80} was automatically transcribed\b.*)"
    r"|(?:generated|created|exported|downloaded|powered|captioned|provided|recorded|made)"
    r" (?:by|with|from|using|on)\b.*)",
    re.IGNORECASE,
)
_NOTICE: Final = re.compile(
    r"(?:(?:the )?(?:meeting|call|recording|transcription|transcript) (?:has )?(?:been )?"
    r"(?:ended|started|stopped)\b.{0,60}"
    r"|.{1,60} (?:started|stopped) (?:the )?(?:transcription|recording)\.?"
    r"|(?:end|start|beginning) of (?:the )?(?:transcript|recording|meeting|call)\.?"
    r"|\[?(?:end|fin|ende)\]?\.?"
    r"|https?://\S+"
    r"|view recording - .{0,150}|chat(?: messages?)?"
    r"|.{1,40} is (?:the|a) (?:world|most|leading|best).{0,80}(?:transcri|caption|subtitl|recording).{0,60}"
    r"|.{0,60}(?:besprechung|aufzeichnung|transkription|sitzung)\b.{0,30}(?:beendet|gestartet|begonnen).{0,40}"
    r"|.{0,60}(?:réunion|transcription|enregistrement)\b.{0,30}(?:terminée?|démarrée?|commencée?|arrêtée?).{0,40}"
    r"|.{0,60}(?:a démarré|a lancé|ha iniciado|ha avviato) la (?:transcri|trascri)\w+.{0,20}"
    r"|.{0,60}(?:reunión|transcripción|grabación)\b.{0,30}(?:finalizada?|finalizó|iniciada?|terminó).{0,40}"
    r"|.{0,60}(?:computergeneriert|automatisch erstellt|généré automatiquement|générée par ordinateur).{0,80}"
    r"|.{0,60}(?:arrêté|démarré|lancé) la transcription.{0,20}|.{0,40}встреча завершена.{0,60}"
    r"|whisper_print_timings.*|main: .*|system_info: .*|-{3,}|={3,}|\*{3,})",
    re.IGNORECASE,
)
_MENTIONS_A_TOOL: Final = re.compile(
    r"https?://|\bwww\.|\.(?:ai|com|io|org|net|app)\b|computer[- ]generated|auto(?:matically)?[- ]generated"
    r"|might contain errors|may contain errors|\b\w{0,20}[a-z][A-Z]\w+",
)


def is_footer(line: str) -> bool:
    """Whether a line is a tool's credit or a notice, such as "Transcribed by https://…" or "Meeting ended"."""
    whole = line.strip()
    bare = whole.strip("*_-–—= ()[]")
    if len(whole) > 200:
        return False
    if not bare:
        return len(whole) > 2
    if _NOTICE.fullmatch(bare):
        return True
    return _CREDIT.fullmatch(bare) is not None and _MENTIONS_A_TOOL.search(bare) is not None
