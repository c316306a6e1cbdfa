"""Regular expressions for how people settle, hand out and leave things; `finding_rules.py` applies them.

They add to `cues.py`, whose expressions are also signals of a learned model and so stay as they are.
"""

from __future__ import annotations

import re
from typing import Final

_I: Final = re.IGNORECASE

SETTLES: Final = re.compile(
    r"\b(?:(?:is|are|'s|'re) (?:out|off the table|dropped|approved|agreed|final|fixed|confirmed|carried|dead|settled|done)|"
    r"\w+ (?:stays?|stands)(?:[.,!;]| (?:at|with|as|where)\b)|sign(?:ing|s)? off|(?:final|provisionally|provisional)\b|"
    r"(?:i|we)(?:'m| am|'re| are) (?:for|against|in favou?r of) (?:it|that|the|this)|(?:i|we) approve|i agree\b|so be it|"
    r"(?:you|they|he|she) (?:can|may) have|go ahead|no longer|instead of|from now on|always\.|every time\.|"
    r"we(?:'ll|’ll| will|'re going to| are going to) (?!(?:see|need|have|come|get|find|be|never|probably|talk|know|look|ask)\b)\w+|"
    r"(?:nobody|no one|nothing) (?:gets?|may|must|can|mentions?|says?|leaves?|goes|touch\w*)|no more \w+|"
    r"next (?:call|meeting|session|talk|lesson|appointment) is|"
    r"(?:we|i)(?:'re| are|'ve| have) (?:moved?|moving|picked|chosen|cancell?ed|postponed|dropped|dropping|cutting|"
    r"keeping|hiring|buying|switching|going for)|"
    r"(?:bleibt|bleiben) (?:es )?(?:bei|dabei)|dabei bleib\w*|in ordnung|notiert|machen wir|geht zu|zu ihnen geht)", _I,
)  # fmt: skip
"""Says that something is settled, without the word."""
CHOOSES: Final = re.compile(
    r"\b(?:(?:we|i)(?:'ll|’ll| will|'re|’re| are|'m|’m| am)? (?:go(?:ing)?|stick(?:ing)?|stay(?:ing)?) (?:with|for|ahead|to)\b"
    r"(?! (?:you|him|her|them|sleep|bed|see|be|have|do)\b)|(?:we|i) (?:take|took|choose|chose|pick|picked|drop|dropped|"
    r"skip|skipped|cancel|cancelled|postpone|postponed|move|moved|approve|approved|agree|agreed|cap|capped|allow|allowed)\b|"
    r"(?:we|i) (?:don't|do not|won't|will not|never|always) (?:\w+ )?(?:buy|sell|print|ship|send|change|touch|do|make|take|pay|"
    r"offer|promise|open|build|order|start|launch|sign|use|say)\b|"
    r"(?:price|date|launch|deadline|limit|number|budget|order|meeting|start|delivery|discount|warranty|rule|name|plan|team)s? "
    r"(?:\w+ ){0,4}?(?:is|are) (?:now |then )?(?:moved|set|capped|postponed|cancelled|off|on|closed|raised|lowered|cut|split)\b|"
    r"(?:moves?|moved|goes|shifts?|shifted|postponed|pushed|brought forward) (?:back )?(?:to|until|from) (?:the |next )?"
    r"(?:\w+(?:th|st|nd|rd)|monday|tuesday|wednesday|thursday|friday|january|february|march|april|may|june|july|august|"
    r"september|october|november|december|\d+|week|month|year|spring|summer|autumn|winter)\b|"
    r"it(?:'s|’s| is) a (?:yes|no|deal|go)\b|(?:starting|as of|with effect from) (?:\w+ ){0,2}(?:monday|tuesday|wednesday|thursday|"
    r"friday|now|today|tomorrow|january|february|march|april|may|june|july|august|september|october|november|december|\d+)|"
    r"made up (?:my|our) minds?|(?:on|under) (?:one|the) condition|(?:unless|until) (?:somebody|someone|everybody|we|i|the board) "
    r"(?:says?|agrees?|objects?|signs?)|(?:i|we)(?:'ll|’ll| will) (?:take|keep|leave|use|have|order|drop|cut|try|stay|wait|say no)\b|"
    r"(?:i|we)(?:'m| am|'re| are) (?:taking|keeping|leaving|using|ordering|dropping|cutting|sticking|against|for)\b|"
    r"(?:so|then) (?:it's|it is|that's|it'll be|we|the)\b|(?:not|no) (?:the|to the|a) \w+|is out|my (?:choice|decision|answer) is|"
    r"(?:i|we) (?:prefer|want) (?:the|it|them|no|this|that)\b|rather than|(?:stays?|remains?) (?:as|in|on|at|the)\b)", _I,
)  # fmt: skip
"""Says what a person who speaks alone chooses, changes or rules out: nobody is there to agree."""
SETTLES_IN_GERMAN: Final = re.compile(
    r"\b(?:(?:wir|ich) (?:nehmen?|machen? (?:das|es)|bestellen?|bleiben? bei|verschieben?|verzichten?|lassen? (?:es|das|die|den)|"
    r"behalten?|streichen?|liefern?|einigen? uns)|(?:haben|habe) .{0,60}\b(?:vereinbart|beschlossen|festgelegt|ausgemacht|"
    r"geeinigt|zugesagt|zugestimmt|abgelehnt|verschoben)|(?:ist|sind|wird|werden) .{0,40}\b(?:vereinbart|beschlossen|festgelegt|"
    r"abgemacht|ausgemacht|verschoben|geliefert|bestellt|gestrichen)|(?:es|das) (?:gilt|gelten|heißt)|ab sofort|"
    r"(?:dann|also) (?:gilt|machen|nehmen|bleibt|sind|ist|haben wir)\b|so machen wir|kommt nicht in frage|zahlbar|"
    r"(?:preis|menge|termin|liefertermin|vertrag|auftrag|rabatt)\w* (?:ist|sind|bleibt|bleiben|geht|gilt)\b)", _I,
)  # fmt: skip
"""As `SETTLES`, in German."""
GRANTS: Final = re.compile(
    r"^\W*(?:(?:yes|okay|good|fine|right|sure)[\s,.]{1,3}){0,2}(?:you(?:'ll|’ll| will| can| shall)? (?:have|get|count on) (?:it|that|them|this)|"
    r"consider it done|you have my word|granted|as you (?:wish|like|say)|that(?:'s|’s| is) (?:a )?(?:deal|promise)|it's yours|"
    r"i can live with that|so do it|das (?:bekommen|kriegen) sie|versprochen)\b", _I,
)  # fmt: skip
"""Grants what was just demanded: "You'll have it."."""
SETTLES_SURELY: Final = re.compile(
    r"\b(?:(?:is|are|'s) (?:approved|carried|agreed|final|out|dropped|dead)|carried|(?<!n't )(?<!not )signed off|"
    r"(?:we|i)(?:'ve| have)? (?:landed|settled) (?:at|on)|(?:it|that) (?:stays|stands) (?:at|as|with|where)|"
    r"let(?:'s|’s| us) (?:do it like|call (?!it a day)|leave it at|put it at)|it is then|that's a deal|, agreed|agreed\.|"
    r"let's minute|a good rule|not this year|einverstanden|abgemacht|haben .{0,30}entschieden)", _I,
)  # fmt: skip
RECAPS: Final = re.compile(
    r"^\W*(?:(?:right|okay|ok|good|great|and|all right|alright|well)[\s,.]{1,3}){0,2}(?:so,? (?:to (?:repeat|sum|recap|be clear)|"
    r"actions|just to|that's|it's|launch|we)|so: |so, (?!how|what|um|uh|the plan)|to (?:sum|recap|repeat|summari[sz]e)|in short|"
    r"then (?:it's|it is|that's|the|we)|let me repeat|just to (?:be clear|confirm|repeat)|also gut|zusammengefasst)", _I,
)  # fmt: skip
"""Opens a turn that repeats what was agreed."""
ORDERS: Final = re.compile(
    r"^\W*(?:(?:okay|ok|good|great|fine|yes|yeah|right|lovely|perfect|then)[\s,.]{1,3}){0,2}(?:please )?"
    r"(?:do|keep|print|book|take|send|leave|run|go|ship|buy|hire|order|cancel|drop|move|use|start|stop|make|put|sign|try|add|"
    r"skip|test|bring|cut|merge|post|publish|stick|mach|nimm|lass|bestell)\b(?! you\b| ich\b).{0,40}[.!]$", _I,
)  # fmt: skip
"""A short order that settles what was just proposed: "Do it.", "Keep him."."""
ECHOES: Final = re.compile(
    r"^.{2,40}\b(?:it is(?: then)?|it'll be)[.!]$|^.{2,40}, (?:yes|agreed|exactly|done|deal)[.!]$|"
    r"^\W*(?:\w+ )?(?:reserved|booked|approved|noted|minuted|confirmed|granted|agreed|deal|carried)[.!]$", _I,
)  # fmt: skip
"""Words that settle what was just proposed: "Nine hundred it is.", "Agreed."."""
CONFIRMS: Final = re.compile(r", (?:yes|exactly)[.!]$", _I)
"""Ends words that say that something is so, whether or not anything was proposed."""
GUESSES: Final = re.compile(r"\b(?:i (?:think|guess|suppose|believe)|probably)\b", _I)
PLAIN_SO: Final = re.compile(r"^\W*(?:so|then) (?:it|that|we)(?:'s| is|'re| are|'ll| will)", _I)
SUGGESTS: Final = re.compile(
    r"\b(?:i(?:'d| would) (?:say|suggest|propose|take|go|move|launch|keep|do|offer|leave|put)|(?:can|could|may) (?:i|we) "
    r"(?:offer|say|do|agree|make|put|keep|move|leave)|let(?:'s|’s| us) \w+|my proposal|i propose|i suggest|i move|"
    r"what if (?:we|i)|how about|why don't we|shall we|should we|we (?:could|can|should) \w+|i think we (?:should|do|can)|"
    r"i can do|then (?:we|it)|wouldn't it|ich schlage|wir könnten|dann sag ich|sollen wir|wollen wir)\b", _I,
)  # fmt: skip
CONSENTS: Final = re.compile(
    r"^\W*.{2,40}\b(?:is|sounds|works|would be|be) (?:good|fine|great|perfect|okay|lovely|ideal)\b|"
    r"^\W*(?:(?:yes|yeah|well|hm|um|oh|so|no)\W{1,3})?(?:yes|yeah|yep|agreed|okay|ok|fine|sure|done|good|great|deal|lovely|perfect|"
    r"excellent|sounds|works|i agree|all right|alright|absolutely|exactly|makes sense|of course|will do|do (?:it|that)|same|"
    r"me too|i like|i(?:'ll| can| could) (?:live|work|do)|acceptable|that's (?:fine|fair|good|okay|worth|a good)|"
    r"i(?:'m| am) (?:for|in|okay|fine|with)|leave it|keep|(?:no|none) objection|gut|einverstanden|schön|perfekt|genau|"
    r"in ordnung|gern|sehr gern|kein problem|das ist in ordnung)\b", _I,
)  # fmt: skip
SEEKS_CONSENT: Final = re.compile(
    r"\b(?:(?:does|do|would) (?:anyone|anybody|everyone|everybody|you(?: all)?) (?:\w+ )?(?:object|agree|disagree|mind|not believe)|"
    r"any (?:objections?|worries|concerns)|(?:are|is) (?:we|you|everyone|everybody|that|this|it) (?:all )?(?:agreed|acceptable|okay|ok|"
    r"fine|happy|good)|(?:is )?(?:everyone|everybody) (?:okay|ok|happy|fine)|last chance|agreed\?|okay\?|all in favou?r|"
    r"can you live with|einverstanden\?|einwände)", _I,
)  # fmt: skip
"""Asks whether what was just said may be taken as agreed."""
ASKS_OUTRIGHT: Final = re.compile(
    r"^\W*(?:(?:and|but|so|okay|um|right|oh|well|hm|now)[\s,.]{1,3}){0,2}(?:\w+, )?(?:who|whom|whose|what|when|where|why|how|which|is|are|was|"
    r"were|do|does|did|has|have|had|will|would|can|could|should|am|isn't|aren't|don't|doesn't|haven't|wer|was|wann|wo|warum|wie|"
    r"welche\w*|ist|sind|haben|hat|können|kann|würden)\b", _I,
)  # fmt: skip
"""Opens a question that asks for something, as against one that proposes: "Thirty days, as before?"."""
UNSURE: Final = re.compile(
    r"\b(?:(?:not|haven't|hasn't|never|n't) (?:yet )?(?:decided|agreed|settled|approved|final)|(?:not|never|\w+n['’]t) (?:\w+ to )?(?:decide|agree|settle)\b|if (?:i|you|we|they|it|he|she)\b|"
    r"would(?: not|n't)? have|might|maybe|perhaps|could have|last (?:time|week|year|autumn|month)|used to|who (?:agreed|decided))\b",
    _I,
)  # fmt: skip
TELLS: Final = re.compile(r"\b(?:i(?:'ll| will)|let me) (?:tell|ask|let|remind|inform)\b", _I)
SUPPOSES: Final = re.compile(
    r"\b(?:what (?:happens |do we do |then )?if(?! we)|if (?:it|that|this) (?:fails|breaks))\b", _I
)
STRONG_RECAP: Final = re.compile(
    r"^\W*(?:(?:okay|right|good|great|all right)[\s,.]{1,3}){0,2}(?:so: |so,? to (?:repeat|sum|recap)|actions\b|to (?:sum|recap|repeat))",
    _I,
)
UNDERTAKES: Final = re.compile(
    r"\b(?:(?:i|we)(?:'ll|’ll| will| shall|'m going to| am going to|'re going to) (?!(?:be|see|say|admit|have|never|not|give you "
    r"(?:that|credit)|miss|need|get to (?:the|that|it)|know|believe|live|stop here|go (?:first|on)|die|touch|survive|start with)\b)"
    r"(?:just |also |then |gladly |happily |try to |personally |definitely |quickly |probably )?\w+|"
    r"you(?:'ll|’ll| will) (?:have|get|hear|see|find) (?:it|them|the|from|that|this|an?)\b|let me (?:think about|check|ask|look|"
    r"find out|talk|call|do|send|write|take)|(?:i|we)(?:'d)? (?:need|have|ought|had better|must|want) to "
    r"(?:ask|check|send|call|tell|write|find out|talk|book|order|speak|finish|prepare|remember|buy|fix|pay|ring|email)|"
    r"(?:i|we) (?:should|must) (?:probably |also |really )?(?:ask|check|send|call|tell|write|find out|talk|book|order|say|speak|buy|"
    r"fix|pay|ring|email|remember)|i promise|on it|leave (?:it|that) (?:to|with) me|"
    r"(?:werde|überweise|schicke|rufe|melde|kläre|frage|bringe|sage|gebe|prüfe|besorge|kümmere|schreibe|bestelle|sende|"
    r"hole|buche|kontaktiere) (?:ich|es|das|die|den|ihnen|dir|sie|an\b|ihn|mich)|ich (?:werde|überweise|schicke|rufe|melde|kläre|"
    r"bringe|sage|gebe|prüfe|besorge|kümmere|schreibe|bestelle|sende|hole|buche|mach\w*)\b|mach(?:e)? ich|(?:das )?gebe ich|"
    r"(?:bekommen|haben|kriegen|hören) sie .{0,50}\b(?:bis|mit|am|von|nächste\w*|morgen|heute))", _I,
)  # fmt: skip
HOLLOW_TOO: Final = re.compile(
    r"\b(?:that's all (?:i|we) can|i(?:'ll|’ll| will) (?:give you that|tell you (?:what|how|why)|stop|wait|say it|put it|rather|hold you|take that|let you|"
    r"come to|grant|leave you|be)|if i(?:'ll| will)|i promise\.$|(?:nobody|no one) \w+, i promise|quiet\w* .{0,20}i promise|"
    r"i'll (?:explain|start|begin|repeat|read|show you now|get to)|we'll (?:see|get to|come to|start|begin|find out)|"
    r"let me (?:put|just|be|say|tell|think\b(?! about)|see|finish|start|give you|look(?:\.\.\.|…|\W*$))|"
    r"i (?:have|want|need) to (?:say|admit)\b)", _I,
)  # fmt: skip
REQUESTS: Final = re.compile(
    r"\b(?:(?:can|could|will|would) (?:you|somebody|someone|i have)\b|please \w+|would you mind|do you mind|make sure|"
    r"don't forget|remember to|tell (?:him|her|them|\w+ (?:that|to|about|not))|ask (?:him|her|them|\w+ (?:about|whether|if|for|to))|"
    r"i(?:'d| would) like you to|i need you to|you (?:should|need to|have to|must)|(?:kannst|können|könntest|könnten) (?:du|sie)|"
    r"schicken sie|bitte)\b", _I,
)  # fmt: skip
NOTES_TO_SELF: Final = re.compile(
    r"^\W*(?:(?:so|okay|and|oh|right|also|one|two|three|four|five|six|seven|eight|first|second|third|fourth|fifth|then|"
    r"number \w+)[\s,:.]{1,3}){0,3}(?:(?:note|note to (?:me|myself|self)|to[- ]do|reminder)\b|"
    r"(?:ask|tell|call|ring|book|buy|send|write|check|remember|email|mail|pay|order|find|bring|fix|get|print|pick up|look up|"
    r"talk to|speak to|cancel|renew|return|post|prepare|schedule|text) (?!me\b|you\b|it is\b)\w+)|"
    r"\b(?:i (?:need|have|want|ought|mustn't forget|shouldn't forget)(?: to)?|i (?:should|must)|i shouldn't forget|don't forget)\b|"
    r"\bi(?:'ve)? promised \w+|\b\w+ should say (?:if|whether)", _I,
)  # fmt: skip
"""What a person who speaks alone means to do."""
DEFERS: Final = re.compile(
    r"\b(?:(?:not|n't) (?:do (?:it|that|this) )?(?:today|now|yet)\b|(?:decide|discuss|talk about|look at|come back to|confirm|fix|"
    r"settle) (?:it|that|this|them)?.{0,24}\b(?:next|later|when|after|then|once|properly|monday|tuesday|wednesday|thursday|friday)|"
    r"(?:comes?|come) back (?:in|on|next|with|to)|until (?:then|we know)|let me think|i need to (?:think|look|check|know)|"
    r"need(?:s)? to think|(?:i|we)(?:'d| would)(?: rather)? (?:wait|like to (?:see|wait)|see)|i'd rather wait|ask me (?:in|again|when)|"
    r"provisional|hasn't signed|haven't signed|isn't signed|not signed|wants? .{0,30}\bfirst\b|it's for \w+ .{0,40}to decide|"
    r"(?:members|board|boss|they|committee|council|team) decides?|have to (?:ask|check|speak|find out|talk)|need to (?:ask|check)|"
    r"show me .{0,40}\band i'll|take it offline|park(?:ed)? (?:it|that|the)|wouldn't rule (?:it|that) out|(?:still|only) (?:a )?"
    r"(?:proposal|draft|idea)|give me (?:\w+ ){1,2}(?:days|weeks)|reden wir darüber|sehen wir dann|lassen wir das|müssen wir noch|"
    r"überleg\w*)\b", _I,
)  # fmt: skip
WONDERS: Final = re.compile(
    r"\b(?<!like )(?:i (?:wonder|don't know|do not know|have no idea|can't tell|couldn't tell)|(?:i'm|i am|we're|we are) not (?:sure|certain)|"
    r"whether (?:i|we|it|they|the|he|she|you)|that's the (?:question|problem)|the question (?:is|for)|isn't finished|isn't clear|"
    r"hard to say|who knows|no(?:body)? (?:idea|knows)|or (?:we|it's|is it|the other)|it depends|depends on|should say if|"
    r"between one week and|if it's a problem|probably too late|open question|weiß (?:ich|man) (?:noch )?nicht|keine ahnung|mal sehen)\b", _I,
)  # fmt: skip
UNANSWERED: Final = re.compile(
    r"^\W*(?:(?:um|uh|hm|well|honestly|oh|so|no)\W{1,3}){0,2}(?:i (?:don't|do not) know|not (?:sure|yet|today)|i'm not sure|no idea|"
    r"good question|nobody|let me (?:think|check|ask|look)|it depends|depends|we'll see|maybe|perhaps|hard to say|who knows|"
    r"i(?:'d| would) (?:have to|need to|rather)|i (?:need|have) to|i can ask|i'll (?:ask|check|find out|think)|ask me|both|"
    r"that's the (?:question|problem)|i hope|i think so|possibly|not this|wei(?:ß|ss) (?:ich|man)|da muss ich|ich will ihnen nichts|"
    r"lassen wir|mal sehen|vielleicht)|\b(?:i don't know|i'm not sure|still open|i've not decided|says? between|if it's up to me|"
    r"i have to (?:ask|speak)|it's possible|not today|open)\b", _I,
)  # fmt: skip
