"""Regular expressions for how people decide, promise and leave things open; `findings.py` applies them."""

from __future__ import annotations

import re
from typing import Final

_I: Final = re.IGNORECASE

DECIDES: Final = re.compile(
    r"\b(?:(?:we|they|you|everyone|everybody|the (?:board|committee|group|team|council))(?:'ve| have| had|'re| are)? "
    r"(?:all |now |finally )?(?:decid(?:ed|ing)|agreed|settled|chosen|resolved|voted|concluded|approved|going with)|"
    r"(?:it|that)(?:'s| is| was) (?:then |now )?(?:decided|agreed|settled|final|approved|a deal)|"
    r"(?:the |our |my |a )?decision (?:is|was|then)|decided (?:to|that|on|against)|motion (?:is )?carried|"
    r"(?:so|then) (?:it(?:'s| is)|that(?:'s| is)|we(?:'ll| will)|we(?:'re| are))|"
    r"we(?:'ll| will| are going to|'re going to) (?:go (?:with|for|ahead)|stick (?:with|to)|keep|take|use|order|move|drop|"
    r"buy|hire|sign|start|launch|stop|do without|pay|book|hold|postpone|cancel)|"
    r"let(?:'s|’s| us) (?:go (?:with|for)|do|say|make it|take|keep|stick|use|move|order|call it|settle|drop|fix|have|meet)|"
    r"wir (?:haben|hatten) .{0,60}(?:beschlossen|entschieden|vereinbart)|(?:ist|wurde|wird) (?:beschlossen|entschieden|"
    r"vereinbart)|wir (?:nehmen|machen|bleiben bei|bestellen|verschieben)|einverstanden|on a décidé|c'est décidé|"
    r"hemos (?:decidido|acordado))\b", _I,
)  # fmt: skip
PROPOSES: Final = re.compile(
    r"\b(?:shall we|should we|how about|what about|why don't we|why not|can we (?:say|agree|do)|could we|what if we|"
    r"(?:i|we) (?:propose|suggest|move)|i(?:'d| would) (?:say|suggest|propose|rather|like)|my proposal|"
    r"would it (?:work|be)|sollen wir|wie wäre|ich schlage vor|können wir)\b", _I,
)  # fmt: skip
AGREES: Final = re.compile(
    r"^\W*(?:(?:yes|yeah|yep|yup|ok|okay|right|oh|good|well|so|then|ja|gut|oui|sí|si)\b[\s,.!]*)*"
    r"(?:yes|yeah|yep|agreed|okay|ok|fine|sure|done|good|deal|sounds (?:good|fine)|works for (?:me|us)|i agree|all right|"
    r"alright|absolutely|exactly|perfect|let's do (?:that|it)|makes sense|of course|will do|i(?:'ll| will) do (?:that|it)|"
    r"i can do that|happy to|no problem|gladly|ja|gut|einverstanden|machen wir|in ordnung|gerne?|klar|mache ich|"
    r"oui|d'accord|vale|de acuerdo)\b", _I,
)  # fmt: skip
_DOES: Final = (
    "send|write|call|ask|check|bring|do|get|order|prepare|book|draft|find|talk|speak|make|look|update|share|email|mail|fix|"
    "finish|print|collect|phone|ring|arrange|organi[sz]e|take|sort|chase|report|pay|let|put|tell|give|come|show|set|talk|"
    "try|have|pick|drop|go|see|confirm|forward|circulate|redo|measure|count|test|read|review|add|buy|build|clean|contact|"
    "deliver|file|follow|handle|hand|join|keep|meet|move|order|plan|post|push|raise|rewrite|run|schedule|sign|start|submit|"
    "swap|visit|work"
)
PROMISES: Final = re.compile(
    rf"\b(?:i(?:'ll| will|’ll| shall| am going to|'m going to|’m going to| can) (?:just |also |then |gladly |happily |try to |"
    rf"personally |be |definitely )*(?:{_DOES})\w*|let me (?:{_DOES})|i promise\w*|i(?:'ve| have)? promised|"
    rf"i owe (?:you|him|her|them)|leave (?:it|that) (?:to|with) me|i(?:'m| am) on it|"
    rf"you(?:'ll| will) have (?:it|them|the)|ich (?:werde|schicke|rufe|mache|bringe|kümmere|schreibe|besorge|kläre|frage|"
    rf"verspreche)|je vais|j'enverrai|voy a)\b", _I,
)  # fmt: skip
ASKS_FOR: Final = re.compile(
    r"\b(?:can|could|will|would) you (?:please )?\w+|\b(?:kannst|können|könntest) (?:du|sie)\b", _I
)
HOLLOW: Final = re.compile(
    r"\bI(?:'ll| will|’ll) (?:be (?:honest|quick|brief|frank)|say|admit|tell you (?:what|how|why)|see|have (?:a|the|to)|"
    r"take (?:that|it)\b|get (?:to|back to) that|come to that)|\blet me (?:see|think|finish|say|put it|tell you|ask|be)\b|"
    r"\bI can (?:see|hear|tell|imagine|only|have)\b", _I,
)  # fmt: skip
DUE: Final = re.compile(
    r"\b(?:by|before|until|on|this|next|tomorrow|tonight|today|until|after|end of|bis|am|heute|morgen|nächste\w*)\b.{0,30}"
    r"\b(?:monday|tuesday|wednesday|thursday|friday|saturday|sunday|week|month|weekend|noon|evening|morning|afternoon|"
    r"tomorrow|tonight|\d{1,2}(?:st|nd|rd|th)?|january|february|march|april|may|june|july|august|september|october|november|"
    r"december|montag|dienstag|mittwoch|donnerstag|freitag|samstag|sonntag|woche|\w+teenth|\w+first|\w+ieth)\b|"
    r"\b(?:tomorrow|tonight|right away|straight away|today|morgen|heute|sofort)\b", _I,
)  # fmt: skip
SURELY_OPEN: Final = re.compile(
    r"\b(?:still (?:open|unclear|undecided|unresolved|to be|waiting)|(?:don't|do not|doesn't|does not|nobody|no one) knows? "
    r"(?:yet|whether|if|when)|not (?:decided|settled|agreed|resolved)|(?:haven't|hasn't|have not|has not) (?:yet )?(?:decided|"
    r"heard|agreed|settled|answered|replied)|to be (?:decided|confirmed|determined|discussed|seen)|tbd|open (?:question|point|"
    r"issue|item)s?|remains to be|(?:question|point) is (?:whether|who|how)|waiting (?:for|on|to hear)|undecided|unanswered|"
    r"postponed?|(?:leave|left|keep|leaves|stays?|remains?) (?:it |that |this )?open|come back to|noch (?:offen|unklar)|"
    r"wissen wir (?:noch )?nicht|offen(?:e|er|en)? (?:frage|punkt)|ungeklärt)\b", _I,
)  # fmt: skip
"""Unambiguous wording for open points; `OPEN` also matches figures of speech."""
OPEN: Final = re.compile(
    r"\b(?:still (?:open|unclear|undecided|unresolved|not|don't know|do not know|to be|need|needs|waiting|missing|no)|"
    r"(?:don't|do not|doesn't|does not|nobody|no one) knows? (?:yet|whether|if|how|what|when|who|where|which)|"
    r"not (?:sure|decided|clear|settled|agreed|resolved|certain)(?: yet| whether| if| how| who| what)?|"
    r"(?:haven't|hasn't|have not|has not) (?:yet )?(?:decided|heard|agreed|settled|answered|replied|found|got|been)|"
    r"to be (?:decided|confirmed|determined|discussed|seen)|tbd|open (?:question|point|issue|item)s?|"
    r"(?:leave|left|keep|leaves|stays?|remains?) (?:it |that |this )?open|remains to be|(?:question|point) is (?:whether|who|how)|"
    r"we(?:'ll| will| have to| need to| must) (?:see|come back to|find out|decide|figure|clarify|look at|talk about|discuss) "
    r"|let(?:'s|’s) (?:decide|park|leave|come back|talk about|discuss|take|put)\b.{0,40}\b(?:next|later|then|another|open|"
    r"offline|aside)|(?:decide|discuss|answer|settle|talk about) (?:it|that|this)?.{0,20}(?:next (?:time|week|meeting)|later)|"
    r"waiting (?:for|on|to hear)|no answer|undecided|unanswered|postponed?|good question|no idea|"
    r"noch (?:offen|nicht|unklar)|wissen wir (?:noch )?nicht|offen(?:e|er|en)? (?:frage|punkt)|ungeklärt|klären|"
    r"pas encore|todavía no|pendiente)\b", _I,
)  # fmt: skip
