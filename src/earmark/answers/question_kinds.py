"""Classifies questions: kind, what a matching answer contains, whether the latest state is wanted."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from functools import cache, lru_cache
from typing import Final

from earmark.llm.types import Passage
from earmark.retrieval.index.analysis import analyze, analyze_query, terms_of_name, topic_terms


class Kind(StrEnum):
    """Kinds of questions, each answered differently."""

    SUMMARY = "summary"
    DECIDED = "decided"
    PROMISED = "promised"
    OPEN = "open"
    COMPARE = "compare"
    FIRST = "first"
    CHANGED = "changed"
    ATTENDED = "attended"
    WHO_SAID = "who_said"
    WHO = "who"
    WHEN = "when"
    HOW_LONG = "how_long"
    HOW_MUCH = "how_much"
    WHY = "why"
    EITHER_OR = "either_or"
    YES_NO = "yes_no"
    LIST = "list"
    OTHER = "other"


_I: Final = re.IGNORECASE
_AUX: Final = (
    "is|are|was|were|am|do|does|did|has|have|had|will|would|can|could|should|shall|may|might|must|isn't|aren't|wasn't|"
    "didn't|doesn't|don't|hasn't|haven't|won't|ist|sind|war|waren|hat|haben|hatte|wird|werden|kann|können|soll|sollen|"
    "darf|muss|est-ce que|est-ce qu|sont|hay|está|están"
)
_PATTERNS: Final = (
    (Kind.COMPARE, r"\b(?:differ(?:s|ed|ence|ences|ent)?|compar(?:e|es|ed|ing|ison)|versus|vs|unterschied\w*|"
                   r"unterscheide\w*|vergleich\w*|différence\w*|diferencia\w*)\b"),
    (Kind.FIRST, r"\bfirst (?:come|came|mention|mentioned|talk|talked|hear|heard|raise|raised|bring|brought|speak|spoke|"
                 r"discuss|discussed|time (?:that |we |you |they |he |she |i |anyone )?)|\bcome up first\b|"
                 r"\bzum ersten mal\b|\bzuerst\b|\bpremière fois\b|\bprimera vez\b"),
    (Kind.OPEN, r"\b(?:still (?:open|unclear|undecided|unresolved|to be (?:decided|settled|done))|unresolved|unanswered|"
                r"unsettled|undecided|(?:open|loose) (?:question|point|issue|item|end)s?|(?:left|stayed|remain(?:s|ed)?) "
                r"(?:open|hanging)|up in the air|where (?:have|had|did) we (?:got|gotten|get) to|outstanding|"
                r"not (?:yet )?(?:been )?(?:decided|settled|clear|resolved)|offene?n?|ungeklärt|"
                r"en suspens|pendientes?)\b"),
    (Kind.DECIDED, r"\b(?:decid(?:e|es|ed|ing)|decisions?|agree(?:d|ment)?s?|conclu(?:de|ded|sion|sions)|settle(?:d)? on|"
                   r"resol(?:ve|ved|ution|utions)|beschlossen|beschließ\w*|beschluss|beschlüsse|entschieden|entscheidung\w*|"
                   r"vereinbart|décid\w*|décision\w*|decidi\w*|decisi\w*|acord\w*)\b"),
    (Kind.PROMISED, r"\b(?:promis(?:e|es|ed|ing)|commit(?:s|ted|ment|ments)?|action (?:item|point)s?|to-?dos?|next steps?|"
                    r"(?:take|took|taken) on|volunteer(?:s|ed)?|sign(?:s|ed)? up for|supposed to do|who(?:'s| is|) does? what|"
                    r"who(?:'s| is) doing what|(?:tell|told) \w+ (?:i|he|she|we|they)(?:'d| would)|still owe|"
                    r"(?:tasks|jobs|duties) (?:are|were) (?:mine|ours|his|hers|theirs)|"
                    r"versproch\w*|verspr[ei]ch\w*|zugesagt|aufgaben|promet\w*|"
                    r"promess\w*|promis|compromet\w*|who (?:is|was|will|has) (?:going to|to) )\b"),
    (Kind.CHANGED, r"\b(?:what(?:'s| has| have|) changed|how (?:has|have|did) .{1,60} chang\w+|changed? (?:since|between)|"
                   r"was hat sich geändert)\b"),
    (Kind.WHO_SAID, r"\bwho (?:\w+ )?(?:said|says|mention\w*|suggest\w*|propos\w*|ask\w*|told|tells|point\w* out|think\w*|"
                    r"thought|object\w*|disagree\w*|agree\w*|complain\w*|worr\w+|want\w*|warn\w*|claim\w*|argu\w*)\b|"
                    r"\bwer (?:hat )?.{0,60}(?:gesagt|vorgeschlagen|gefragt|dagegen|meint\w*)\b"),
    (Kind.WHY, r"\b(?:why|how come|what (?:was|is|were|are) the reasons?|for what reason|what (?:made|makes|caused)|warum|"
               r"wieso|weshalb|pourquoi|por qué|perché)\b"),
    (Kind.HOW_LONG, r"\b(?:how long|for how (?:many )?(?:long|days|weeks|months|years|hours)|wie lange|combien de temps|"
                    r"cuánto tiempo|quanto tempo)\b"),
    (Kind.WHEN, r"\b(?:when|what (?:date|day|time|month|year)|which (?:date|day|month|year|monday|weekday)|how soon|"
                r"by when|until when|since when|wann|quand|cuándo|quando|an welchem tag)\b"),
    (Kind.HOW_MUCH, r"\b(?:how (?:much|many|big|large|far|high|old|heavy|often|tight|wide|fast|deep)|(?:what|which|at what) "
                    r"(?:price|percentage|number|amount|profit|pace|fee|rate|share|sum|budget|salary|discount|size|"
                    r"temperature|score)|(?:what|which) .{0,40}\b(?:cost|costs|charge|charges|rent|price|worth|pay|paid|"
                    r"budget|earn|salary)|wie ?viele?|wie (?:teuer|hoch|groß|alt|weit|oft)|was (?:kostet|kosten|kostete)|"
                    r"combien|cuánt[oa]s?|quant[oa]s?)\b"),
    (Kind.WHO, r"^\W*(?:(?:and|but|so|to|with|by|from|for|und|et|y) )?(?:who|whom|whose|wer|wem|wen|wessen|qui|quién|"
               r"quiénes|chi|quem)\b"),
    (Kind.LIST, r"^\W*(?:list|name|give me|zähl\w*)\b|\b(?:all (?:the|of the|of)|which (?:\w+ ){1,3}(?:are|were|did|do|have|"
                r"has)|what (?:are|were) (?:the|our|their|his|her|my) (?:\w+ ){0,3}\w+s|what else|welche)\b"),
)  # fmt: skip
_KINDS: Final = tuple((kind, re.compile(pattern, _I)) for kind, pattern in _PATTERNS)
_YES_NO: Final = re.compile(rf"^\W*(?:(?:and|but|so|und|aber) )?(?:{_AUX})\b", _I)
_OR: Final = re.compile(r"\b(?:or|oder|ou|o)\b", _I)
_ENGLISH_OR_GERMAN_OR: Final = re.compile(r"\b(?:or|oder)\b", _I)
"""In open questions the short words of French and Spanish too often mean something else."""
_LATEST: Final = re.compile(
    r"\b(?:now|still|currently|current|finally|final|latest|last|newest|most recent(?:ly)?|in the end|at last|by now|"
    r"these days|today|end(?:ed)? up|eventually|jetzt|mittlerweile|inzwischen|aktuell\w*|zuletzt|schließlich|endgültig\w*|"
    r"maintenant|finalement|ahora|finalmente)\b", _I,
)  # fmt: skip

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
    "ninety|hundred|thousand|million|half|quarter|percent|euros?|dollars?|pounds?|zwei|drei|vier|fünf|\\w*zehn|"
    "\\w*zwanzig|\\w*dreißig|\\w*hundert|deux|trois|quatre|cinq|cent|dos|tres|cuatro|cinco|cien"
)
_HAS_TIME: Final = re.compile(
    rf"\d|\b(?:monday|tuesday|wednesday|thursday|friday|saturday|sunday|today|tomorrow|tonight|yesterday|weeks?|months?|"
    rf"years?|days?|morning|evening|afternoon|noon|midnight|easter|christmas|spring|summer|autumn|winter|"
    rf"o'clock|half past|minutes?|hours?|"
    rf"montag|dienstag|mittwoch|donnerstag|freitag|samstag|sonntag|lundi|mardi|mercredi|jeudi|vendredi|samedi|dimanche|"
    rf"lunes|martes|miércoles|jueves|viernes|sábado|domingo|in may|of may|{_MONTHS}|{_ORDINALS}|zwei|drei|woche\w*)\b", _I,
)  # fmt: skip
_HAS_NUMBER: Final = re.compile(rf"\d|\b(?:one|{_CARDINALS})\b", _I)
_HAS_REASON: Final = re.compile(
    r"\b(?:because|since|so that|so|as|reason|due to|cause[sd]?|that's why|otherwise|or else|weil|da|denn|deshalb|"
    r"parce|car|porque|perché)\b", _I,
)  # fmt: skip
_HAS_PERSON: Final = re.compile(
    r"(?<=[a-z,;'’“\"] )[A-Z][\w'’]+|\b(?:I|I'm|I'll|I've|I'd|he|she|they|we|my|his|her|mum|dad|doctor)\b"
)
_WANTED: Final = {
    Kind.WHEN: _HAS_TIME,
    Kind.HOW_LONG: _HAS_TIME,
    Kind.HOW_MUCH: _HAS_NUMBER,
    Kind.WHO: _HAS_PERSON,
    Kind.WHY: _HAS_REASON,
}
_MISSING: Final = {
    Kind.WHEN: "when",
    Kind.HOW_LONG: "how long",
    Kind.HOW_MUCH: "how much or how many",
    Kind.WHO: "who",
    Kind.WHO_SAID: "who",
    Kind.WHY: "why",
    Kind.DECIDED: "what was decided",
    Kind.PROMISED: "who promised what",
}

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
"""Words of questions that ask for a summary; any other word makes the question about a topic."""
_SUMMARY_VERB: Final = re.compile(
    r"^\W*(?:please |can you |could you |bitte )?(?:summari[sz]e|sum up|recap|give me (?:a|an|the) (?:summary|overview|recap)|"
    r"fasse?\b.{0,80}\bzusammen|résume\w*|resum\w+)\b", _I,
)  # fmt: skip
_OF_FINDINGS: Final = frozenset(
    """
    decide decided decision decisions agree agreed agreement agreements conclude conclusion conclusions settle settled
    resolve resolved promise promised promises commit committed commitment commitments action actions item items todo
    todos task tasks next step steps open question questions point points issue issues unresolved unanswered undecided
    loose end ends left stay stayed remain remained remains still yet stand air outstanding
    job jobs duty duties thing things owe mine ours sign signed suppose supposed doing
    meeting meetings call calls conversation recording recordings discussion session week weeks month today
    list all main make made take took everyone everybody anyone people
    beschlossen entschieden entscheidung entscheidungen beschlusse vereinbart versprochen zugesagt aufgaben offen offene
    fragen punkte geblieben besprechung gesprach aufnahme aufnahmen
    decidido decision decisiones decide decisions reunion pendiente pendientes promesas promesse promesses
    """.split()
)
"""Words of questions about decisions, promises and open questions in general; others name a topic."""
_OF_ATTENDING: Final = _OF_FINDINGS | frozenset(
    "interview interviewed attend attended join joined part present war dabei beim".split()
)
_ABOUT: Final = re.compile(r"\b(?:about|regarding|concerning|as to|over|zu|zum|zur|über|wegen|sobre)\b", _I)
_TALK: Final = re.compile(
    r"\b(?:meetings?|calls?|talks?|conversations?|recordings?|memos?|weekly|session|interview|stand-?up|review|lecture|"
    r"workshop|lesson|chat|training|briefing|discussion|besprechung|gespräch|telefonat|aufnahme|sitzung)\b", _I,
)  # fmt: skip
_ATTENDED: Final = re.compile(
    r"^\W*(?:who (?:\w+ )?(?:interview(?:s|ed|ing)|attend(?:s|ed|ing)|(?:took|takes|taking) part)\b|"
    r"who(?:'s| is| was| were| else was)? (?:all )?(?:in|at|on|present|joined|joins|there)\b|"
    r"wer (?:war|ist|waren) (?:alles )?(?:in|bei|an|im|beim|dabei)\b)", _I,
)  # fmt: skip
"""Asks who speaks in a recording, if it names one: "Who was at the board call?"."""
_ABOUT_ALL: Final = frozenset({Kind.SUMMARY, Kind.DECIDED, Kind.PROMISED, Kind.OPEN, Kind.ATTENDED})


@dataclass(frozen=True, slots=True)
class Asked:
    """A classified question. `kinds` are those of its parts ("When …, and why?"), in order.

    `subject`: index terms of its topic, without the words of its kind; `wants_latest`: it asks for the current state.
    """

    text: str
    kinds: tuple[Kind, ...]
    subject: frozenset[str]
    wants_latest: bool

    @property
    def is_about_all(self) -> bool:
        """Whether it asks for a summary, decisions, promises or open questions.

        Such a question is answered from whole transcripts, unless its subject turns out to be a topic.
        """
        return self.kind in _ABOUT_ALL

    @property
    def is_about_something(self) -> bool:
        """Whether it marks its subject as a topic ("about the price") and names no recording."""
        return _ABOUT.search(self.text) is not None and _TALK.search(self.text) is None

    @property
    def kind(self) -> Kind:
        """The kind of its first part."""
        return self.kinds[0]

    def people_among(self, passages: Iterable[Passage]) -> frozenset[str]:
        """Return the terms of speakers' names that may make its subject a person.

        Empty for decisions: one person's decisions are worded differently from a group's.
        """
        if self.kind is Kind.DECIDED:
            return frozenset()
        return frozenset(term for one in passages for term in terms_of_name(one.speaker or "", None))

    @property
    def wants_several(self) -> bool:
        """Whether one quoted moment is rarely enough."""
        return any(kind in (Kind.COMPARE, Kind.LIST, Kind.CHANGED, Kind.SUMMARY) for kind in self.kinds)

    @property
    def missing(self) -> str:
        """What a doubtful answer lacks, to complete "but it doesn't say …"."""
        return _MISSING.get(self.kind, "that")


@lru_cache(maxsize=1_024)
def read_question(text: str) -> Asked:
    """Classify a question."""
    if (found := _ATTENDED.search(text)) and (_TALK.search(text) or "interview" in found.group().lower()):
        return Asked(text, (Kind.ATTENDED, Kind.WHO), topic_terms(text) - _terms_of(_OF_ATTENDING), wants_latest=False)
    if asks_for_summary(text) or _SUMMARY_VERB.search(text):
        return Asked(text, (Kind.SUMMARY,), topic_terms(text) - _terms_of(_OF_A_SUMMARY), wants_latest=False)
    kinds = tuple(dict.fromkeys(_kind_of(part) for part in _parts(text)))
    latest = _LATEST.search(text) is not None or kinds[0] in (Kind.DECIDED, Kind.CHANGED)
    return Asked(
        text, kinds, topic_terms(text) - _terms_of(_OF_FINDINGS), wants_latest=latest and Kind.FIRST not in kinds
    )


_AND: Final = re.compile(
    r"[,;]?\s+(?:and|und|et|y)\s+(?=(?:at |for |by |to |since |until )?"
    r"(?:what|who|whom|whose|when|where|why|how|which|was|wer|wann|wo|warum|wie|quand|pourquoi|combien|cuándo)\b)", _I,
)  # fmt: skip


def _parts(text: str) -> list[str]:
    return [part for part in _AND.split(text) if part.strip()] or [text]


def _kind_of(part: str) -> Kind:
    found = next((kind for kind, pattern in _KINDS if pattern.search(part)), None)
    is_closed = _YES_NO.search(part) is not None
    if is_closed and (found is None or found in (Kind.DECIDED, Kind.PROMISED, Kind.LIST, Kind.WHEN)):
        return Kind.EITHER_OR if _OR.search(part) else Kind.YES_NO
    if found is None or found is Kind.LIST:
        return Kind.EITHER_OR if _ENGLISH_OR_GERMAN_OR.search(part) else found or Kind.OTHER
    return found


def asks_for_summary(question: str) -> bool:
    """Whether a question asks only for a summary of a recording: "Summarise the call"."""
    words = [concept.word for concept in analyze_query(question).concepts]
    return bool(words) and all(_terms_of(_OF_A_SUMMARY).issuperset(analyze(word, "en")) for word in words)


def holds(kind: Kind, text: str) -> bool:
    """Whether text contains a time, number, person or reason, as the kind requires."""
    wanted = _WANTED.get(kind)
    return wanted is not None and wanted.search(text) is not None


@cache
def _terms_of(words: frozenset[str]) -> frozenset[str]:
    """Return the terms of words; only when they are needed, because the stemmers take 2 MB."""
    return frozenset(term for word in words for term in analyze(word, "en"))
