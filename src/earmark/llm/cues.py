"""Wording that shows what a question asks for and what a sentence gives, in English, German, French, Spanish.

All patterns read folded text (`analysis.fold`: small letters, no Latin accents). They are hints that
are weighed with others, never conditions: a language that is missing here loses a hint, not its answers.
"""

from __future__ import annotations

import re
from enum import StrEnum
from typing import Final


class Kind(StrEnum):
    """What a question asks for."""

    WHO = "who"
    WHEN = "when"
    WHERE = "where"
    WHY = "why"
    NUMBER = "number"
    DECISION = "decision"
    PROMISE = "promise"
    SAID = "said"
    LIST = "list"
    SUMMARY = "summary"
    YES_NO = "yes_no"


def _pattern(words: str) -> re.Pattern[str]:
    return re.compile(words, re.VERBOSE)


ASKS: Final = {
    Kind.WHO: _pattern(r"\b(who|whose|whom|wer|wem|wen|qui|quien|quienes)\b(?!\s+(est-ce|a\s+dit\s+que))"),
    Kind.WHEN: _pattern(
        r"\b(when|wann|quand|cuando|what\s(day|date|time|month|year|week)|which\s(day|date|month|week|year)"
        r"|how\s(long|soon|early|late)|wie\slange|combien\sde\stemps|cuanto\stiempo|by\swhen|until\swhen|deadlines?)\b"
    ),
    Kind.WHERE: _pattern(r"\b(where|wo|wohin|woher|ou\sest|ou\sse|donde|adonde|which\s(place|city|town|room))\b"),
    Kind.WHY: _pattern(r"\b(why|how\scome|reasons?|warum|wieso|weshalb|pourquoi|por\sque\sno|por\sque)\b"),
    Kind.NUMBER: _pattern(
        r"\b(how\s(many|much|big|large|tall|heavy|fast|far|high|old|often|tight|expensive)|wie\s?viele?|wie\s(hoch|gross|schwer)"
        r"|combien|cuant[oa]s?|what\s(number|price|percentage|amount|share|size|budget)|costs?|prices?|kostet|preis|prix"
        r"|coute|precio|cuesta)\b"
    ),
    Kind.DECISION: _pattern(
        r"\b(decid\w+|decisions?|agree[ds]?(\s(on|to|about))?|agreement|settle[ds]?|conclusions?|conclude[ds]?|outcome"
        r"|end\sup|finally|choose|chose|pick(ed)?|entschieden|entscheidung\w*|beschlossen|geeinigt"
        r"|decidi\w*|decisions?|convenu|acord\w+|decisi\w+)\b"
    ),
    Kind.PROMISE: _pattern(
        r"\b(promis\w+|commit\w*|owe|action\sitems?|to-?dos?|tasks?|next\ssteps?|supposed\sto|versprochen|zugesagt|aufgaben?"
        r"|promi[st]\w*|promet\w+|tareas?|remind\w*)\b"
    ),
    Kind.SAID: _pattern(
        r"\b(say|said|says|think|thinks|thought|opinions?|views?|attitudes?|feel|felt|mention\w*|suggest\w*|propos\w+|believe\w*"
        r"|sagt\w*|gesagt|meint\w*|denkt|hielt|halt|dit|pense\w*|dijo|dice|piensa|opina)\b"
    ),
    Kind.LIST: _pattern(
        r"^(list|name)\b|\b(which\s\w+s\b|what\sare|what\swere|all\sthe|welche|quelles|quels|cuales|lists?)\b"
    ),
    Kind.SUMMARY: _pattern(
        r"\b(summar\w+|overview|recap|main\spoints?|key\spoints?|gist|describe|discuss\w*|discussions?|talk(ed)?\sabout"
        r"|zusammenfass\w*|fasse?\b.*zusammen|uberblick|resume[rz]?|resum\w+|go\sover|introduce\w*|presentations?)\b"
    ),
    Kind.YES_NO: _pattern(
        r"^(is|are|was|were|do|does|did|has|have|had|can|could|will|would|should|hat|haben|ist|sind|war|waren|kann|wird|werden"
        r"|est-ce|hay|ha|han)\b"
    ),
}  # fmt: skip
"""What in a question asks for a kind of answer."""

_MONTHS: Final = (
    r"january|february|april|june|july|august|september|october|november|december|januar|februar|marz|mai|juni|juli"
    r"|oktober|dezember|janvier|fevrier|avril|juin|juillet|aout|septembre|octobre|novembre|decembre|enero|febrero|abril"
    r"|mayo|junio|julio|agosto|septiembre|octubre|noviembre|diciembre|(?:in|of|by|early|mid|late|next|last|end\sof)\s(?:march|may)"
    r"|(?:march|may)\s(?:the\s)?\d"
)
_DAYS: Final = (
    r"mondays?|tuesdays?|wednesdays?|thursdays?|fridays?|saturdays?|sundays?|montags?|dienstags?|mittwochs?|donnerstags?|freitags?"
    r"|samstags?|sonntags?|lundi|mardi|mercredi|jeudi|vendredi|samedi|dimanche|lunes|martes|miercoles|jueves|viernes|sabado"
    r"|domingo|tomorrow|yesterday|today|tonight|morgen|gestern|heute|ubermorgen|demain|hier|aujourd'?hui|manana|ayer|hoy"
)
_SPANS: Final = (
    r"weeks?|months?|years?|hours?|minutes?|days?|weekends?|o'?clock|noon|midnight|morning|afternoon|evening|wochen?|monate?n?"
    r"|jahre?n?|stunden?|minuten?|tage?n?|uhr|semaines?|mois|annees?|heures?|jours?|semanas?|meses|anos?|horas?|dias?|quarter"
)
_ORDINALS: Final = (
    r"\d{1,2}(?:st|nd|rd|th)|first\sof|second\sof|third\sof|fourth|fifth|sixth|seventh|eighth|ninth|tenth|eleventh|twelfth"
    r"|\w+teenth|twentieth|thirtieth|\w+-?(?:first|second|third|fourth|fifth|sixth|seventh|eighth|ninth)|\w+(?:zehnt|zigst|ssigst)e[nr]"
)
_NUMBER_WORDS: Final = (
    r"two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|\w+teen|twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety"
    r"|hundreds?|thousands?|millions?|percent|half|dozen|twice|zwei|drei|vier|funf|sechs|sieben|acht|neun|zehn|elf|zwolf|\w*zehn"
    r"|\w*(?:zig|ssig)|\w*hundert\w*|\w*tausend\w*|prozent|halfte|deux|trois|quatre|cinq|sept|huit|neuf|dix|vingt|trente"
    r"|quarante|cinquante|soixante|cent|mille|moitie|dos|tres|cuatro|cinco|seis|siete|ocho|nueve|diez|veinte|treinta"
    r"|cincuenta|cien|ciento|mil|mitad|euros?|dollars?|pounds?|cents?|grams?|kilos?|metres?|meters?"
)

GIVES: Final = {
    Kind.WHO: _pattern(r"\b(i'm|i\sam|my\sname|this\sis|i'll|i\swas|by|with|ich\sbin|je\ssuis|soy)\b"),
    Kind.WHEN: re.compile(rf"\b(?:{_MONTHS}|{_DAYS}|{_SPANS}|{_ORDINALS}|(?:19|20)\d\d|\d{{1,2}}[:.]\d\d)\b"),
    Kind.WHERE: _pattern(
        r"\b(in|at|near|from|to|behind|under|next\sto|on\sthe|im|am|bei|neben|aus|nach|dans|chez|en|cerca)\s\w"
    ),
    Kind.WHY: _pattern(
        r"\b(because|'?cause|cuz|since|so\sthat|reasons?|due\sto|that's\swhy|otherwise|in\sorder|means\sthat|which\smeans|weil|denn"
        r"|deshalb|deswegen|damit|wegen|sonst|parce\sque?|car|puisque|pour\sque|porque|ya\sque|pues|para\sque|by\saccident)\b"
    ),
    Kind.NUMBER: re.compile(rf"\d|\b(?:{_NUMBER_WORDS})\b|[%€$£]"),
    Kind.DECISION: _pattern(
        r"\b(decid\w+|decisions?|agreed?|settled?|let's|we'll|we\swill|we're\s(going|gonna)|go(ing)?\swith|then\sit's|final\w*|deal|done"
        r"|approved?|chose|chosen|picked|entschieden|beschlossen|einverstanden|wir\snehmen|abgemacht|d'accord|decide\w*|on\sprend"
        r"|de\sacuerdo|decid\w+|quedamos)\b"
    ),
    Kind.PROMISE: _pattern(
        r"\b(i'll|i\swill|i\spromis\w+|i'm\s(going\sto|gonna)|i\scan\s(send|do|get|bring|call|ask)|let\sme|leave\sit\swith\sme|i\shave\sto"
        r"|i\sneed\sto|i\sowe|mach\sich|ich\s(mache|werde|schicke|rufe|bringe|kummere|gebe)|je\s(vais|ferai|te|vous)\b|voy\sa|te\s\w+(o|e))\b"
    ),
    Kind.SAID: _pattern(
        r"\b(i\s(\w+\s)?(think|thought|like|liked|don't|feel|felt|guess|believe|find|prefer|want|suggest|hope|mean)|i'd|should|shouldn't"
        r"|my\s(view|gut|feeling|opinion|point|worry|problem)|ich\s(finde|glaube|denke|meine|wurde)|je\s(pense|crois|trouve)|creo|pienso"
        r"|me\sparece|better|worse|too\s\w+)\b"
    ),
    Kind.LIST: _pattern(r",.*(,|\b(and|und|et|y|e|or)\b)|\b(first|second|third|also|another|erstens|zweitens)\b"),
    Kind.SUMMARY: _pattern(r"\b(so|main|important|basically|overall|plan|need|want|problem|idea|point|goal|decided?|should)\b"),
    Kind.YES_NO: _pattern(r"^(yes|no|yeah|yep|nope|not|it\s(is|was|did|does)|ja|nein|doch|oui|non|si|sim)\b"),
}  # fmt: skip
"""What in a sentence gives that kind of answer."""

GENERIC: Final = frozenset(
    """
    think thinks thought thoughts say says said saying tell tells told telling talk talks talked talking discuss discusses
    discussed discussing discussion discussions mention mentions mentioned mentioning summarize summarise summary summarized
    describe explain opinion opinions attitude attitudes view views idea ideas opinion recommend recommended recommendation
    suggest suggested suggestion propose proposed proposal according regarding concerning concern concerned consider considered
    meeting meetings group team people person someone anyone everyone thing things something anything everything way ways
    make makes made making take takes took give gives gave given go goes going went come comes came know knows knew want wants
    wanted need needs needed use used using like liked happen happens happened decide decides decided decision decisions agree
    agreed agreement agree finally end ended conclude concluded conclusion reason reasons main different many much kind type
    part first last time call called recording recordings recorded conversation conversations please list name
    promise promised promises commit committed suppose supposed believe believed feel felt answer question questions
    introduce introduced presentation present presented whole content really actually exactly ever still anyway
    sagen sagte gesagt denken dachte meinte meinung besprochen gesprochen reden machen gemacht geben gab fasse zusammen
    dire dit pense penser parler parle faire fait avis decir dijo dice pensar piensa hablar hablo hacer hizo
    """.split()
)
"""Folded words of questions that stand in any of them: they tell little about where the answer is."""

FILLERS: Final = frozenset(
    """
    yeah yes yep yup no nope ok okay oh ah uh um hm hmm mm mhm huh right sure good great nice fine well so and but or the a i
    you it that is was wow cool thanks thank alright all exactly absolutely definitely hi hello hey bye goodbye disfmarker
    vocalsound gap laugh pause ja nein doch genau gut na also ach so oui non bon d'accord voila merci si vale bueno claro
    gracias hola sim pois like know mean just really see then now there here do not don't of course
    """.split()
)
"""Folded words that say nothing by themselves."""

POINTS_BACK: Final = _pattern(r"^(it|that|that's|this|they|he|she|those|these|which|das|es|ca|cela|eso)\b")
"""A sentence that begins so says more together with the one before it."""
