"""What a question asks for (a time, a number, a person, a reason, a summary), and whether a sentence has it."""

from __future__ import annotations

import re
from typing import Final

from earmark.retrieval.analysis import analyze, analyze_query

_MONTHS: Final = (
    "january|february|march|april|june|july|august|september|october|november|december|"
    "januar|februar|märz|mai|juni|juli|oktober|dezember|janvier|février|mars|avril|juin|juillet|août|septembre|octobre|"
    "novembre|décembre|enero|febrero|marzo|abril|mayo|junio|julio|agosto|septiembre|octubre|noviembre|diciembre"
)
_ORDINALS: Final = (
    "first|second|third|fourth|fifth|sixth|seventh|eighth|ninth|tenth|eleventh|twelfth|thirteenth|fourteenth|"
    "fifteenth|sixteenth|seventeenth|eighteenth|nineteenth|twentieth|thirtieth|twenty|thirty"
)
_CARDINALS: Final = (
    "two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|\\w+teen|twenty|thirty|forty|fifty|sixty|seventy|eighty|"
    "ninety|hundred|thousand|million|half|quarter|percent|euros?|dollars?|pounds?|zwei|drei|vier|fünf|hundert|deux|"
    "trois|quatre|cinq|cent|dos|tres|cuatro|cinco|cien"
)

_ASKS_WHEN: Final = re.compile(
    r"\b(?:when|what (?:date|day|time|month|year)|which (?:date|day|month|year|monday|weekday)|how long|how soon|"
    r"by when|until when|since when|wann|quand|cuándo|quando)\b",
    re.IGNORECASE,
)
_ASKS_NUMBER: Final = re.compile(
    r"\b(?:how (?:much|many|big|large|far|high|old|heavy|long|often)|"
    r"what (?:price|percentage|number|amount|profit|pace|fee)|"
    r"(?:what|which) .{0,40}\b(?:cost|costs|charge|charges|rent|price|worth|pay|paid|budget|earn|salary)|"
    r"wie ?viele?|combien|cuánt[oa]s?|quant[oa]s?)\b",
    re.IGNORECASE,
)
_ASKS_WHO: Final = re.compile(
    r"^\W*(?:and |but )?(?:who|whom|whose|wer|wem|wen|qui|quién|chi|quem|wie)\b", re.IGNORECASE
)
_ASKS_WHY: Final = re.compile(
    r"\b(?:why|what (?:was|is|were) the reasons?|how come|warum|pourquoi|por qué)\b", re.IGNORECASE
)
_HAS_TIME: Final = re.compile(
    rf"\d|\b(?:monday|tuesday|wednesday|thursday|friday|saturday|sunday|today|tomorrow|tonight|yesterday|weeks?|months?|"
    rf"years?|days?|morning|evening|afternoon|noon|midnight|easter|christmas|spring|summer|autumn|winter|"
    rf"o'clock|half past|"
    rf"montag|dienstag|mittwoch|donnerstag|freitag|samstag|sonntag|lundi|mardi|mercredi|jeudi|vendredi|samedi|dimanche|"
    rf"lunes|martes|miércoles|jueves|viernes|sábado|domingo|in may|of may|{_MONTHS}|{_ORDINALS})\b",
    re.IGNORECASE,
)
_HAS_NUMBER: Final = re.compile(rf"\d|\b(?:one|{_CARDINALS})\b", re.IGNORECASE)
_HAS_REASON: Final = re.compile(
    r"\b(?:because|since|so that|as|reason|due to|cause[sd]?|that's why|otherwise|or else|weil|da|denn|"
    r"parce|car|porque|perché)\b",
    re.IGNORECASE,
)
_HAS_PERSON: Final = re.compile(
    r"(?<=[a-z,;'’“\"] )[A-Z][\w'’]+|\b(?:I|I'm|I'll|I've|I'd|he|she|they|we|my|his|her|mum|dad|doctor)\b"
)

_GOES_ON: Final = re.compile(
    r"\W*(?:from|to|on|in|at|by|for|until|till|before|after|between|because|since|and|or|then|"
    r"von|bis|am|im|um|weil|und|depuis|jusqu|parce|et|desde|hasta|porque|y|dal|fino|perché|e)\b",
    re.IGNORECASE,
)
"""How a sentence begins that only goes on with the one before."""

_OF_A_SUMMARY: Final = frozenset(
    """
    summarise summarize summary sum recap overview gist outline tldr key main important point topic theme subject
    highlight takeaway content whole entire everything thing happen talk discuss say tell explain give
    bullet short brief
    meeting call conversation recording discussion note chat session interview today lecture
    please bitte worum zusammenfassung fasse zusammen zusammenfassen
    ging geht gesprach besprechung aufnahme wichtigsten punkte thema themen
    resume resumer reunion appel conversation sujet sujets principaux points
    resumen resumir resumeme reunion llamada conversacion tema temas principales puntos riassunto riassumi riunione
    """.split()
)
"""Words of questions that ask for all there is; one other word, and the question is about something."""
_SUMMARY_TERMS: Final = frozenset(term for word in _OF_A_SUMMARY for term in analyze(word, "en"))

_KINDS: Final = (
    (_ASKS_WHEN, _HAS_TIME),
    (_ASKS_NUMBER, _HAS_NUMBER),
    (_ASKS_WHO, _HAS_PERSON),
    (_ASKS_WHY, _HAS_REASON),
)


def asks_for_summary(question: str) -> bool:
    """Whether a question asks what a recording is about and for nothing in it: "Summarise the call"."""
    words = [concept.word for concept in analyze_query(question).concepts]
    return bool(words) and all(_SUMMARY_TERMS.issuperset(analyze(word, "en")) for word in words)


def fits(question: str, sentence: str) -> bool | None:
    """Whether a sentence holds what the question asks for; None where any sentence may do."""
    wanted = _wanted(question)
    return any(has.search(sentence) for has in wanted) if wanted else None


def completes(question: str, sentence: str, following: str) -> bool:
    """Whether the next sentence holds something asked for that this one lacks, or goes on with it ("From May to …")."""
    goes_on = _GOES_ON.match(following) is not None
    return any(has.search(following) and (goes_on or not has.search(sentence)) for has in _wanted(question))


def _wanted(question: str) -> list[re.Pattern[str]]:
    return [has for asks, has in _KINDS if asks.search(question)]
