"""Recognises `Ada: words`: decides from the whole file which texts before a colon are names.

One line can't tell "Ines: the hive is full" from "Cause of death: the frost". A file can: names are written
like names, they come back, and most lines have one.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Final

_MAX_CHARS: Final = 128
_MAX_WORDS: Final = 12
_BRACKETS: Final = re.compile(r"[\[<]([^\[\]<>]{1,80})[\]>]:? *(?=\S)")
_MARKED_OFF: Final = re.compile(r"([^\t|–—:]{1,60}?)(?:\t| ?\| | [–—-]{1,2} )(?=\S)")
_COLON: Final = re.compile("[:：]")
# Characters that names don't contain and clauses before a colon often do.
_UNNAMELY: Final = frozenset(';!?…"<>{}=、。！？[]')
_PARENTHESES: Final = re.compile(r"\([^()]*\)")
_BESIDE_NAME: Final = re.compile(r"\s[|•·–—-]\s|[|/]")
_PHONE: Final = re.compile(r"\+?[\d ().*-]{5,24}", re.ASCII)
_NUMERIC_DATE: Final = re.compile(r"\d{1,4}[.-]\d{1,2}[.-]\d{1,4}(?: .*)?")
_LABEL: Final = re.compile(
    r"(?:speaker|spk|channel|participant|person|caller|guest|host|interviewer|interviewee|moderator|operator|agent"
    r"|customer|client|patient|doctor|user|assistant|sprecher(?:in)?|teilnehmer(?:in)?|locuteur|intervenant|hablante"
    r"|orador|relatore)[ _#-]{0,2}\w{0,4}",
    re.IGNORECASE,
)
_PARTICLES: Final = frozenset(
    "a af al am an and av ben bin bint da dal de del della den der des di do dos du e el en et i ibn la las le les lo"
    " los of op san st ten ter the 't und y van vom von vor y zu zum zur".split()
)
# Words that begin a clause or a heading and no name; English, German, French, Spanish, Italian.
_STARTERS: Final = frozenset(
    "step part chapter section rule lesson phase option item page slide"
    " a an the this that these those my your his her its our their we you they it i one here there what when where why"
    " who how which so and but or if then now first second third finally also because der die das den dem ein eine"
    " einer unser unsere mein meine dein deine sein seine ihr ihre wir sie es ich was wann wo warum wer wie und aber"
    " oder wenn dann jetzt le la les un une des notre mon ma mes votre nous vous il elle ce cette que quand où"
    " pourquoi qui comment et mais ou si puis el los las una unos nuestra nuestro mi tu su nosotros ellos esto que"
    " cuando donde por quien como y pero o il lo gli uno nostro questo".split()
)
_HEADINGS: Final = frozenset(
    "note notes nb ps warning caution important remember example examples question answer summary conclusion result"
    " results reason problem solution tip hint update action actions decision decisions agenda topic date time"
    " duration location subject title attendees participants meeting recorded transcript language source url link"
    " hinweis achtung wichtig beispiel frage antwort ergebnis grund fazit datum thema teilnehmer remarque exemple"
    " réponse résultat conclusion ordre nota ejemplo pregunta respuesta resultado fecha tema".split()
)
# What people say that is written like a name: alone, or before a colon.
_INTERJECTIONS: Final = frozenset(
    "yes no yeah yep nope ok okay good great right well so hi hello hey bye thanks thank sure really exactly oh ah"
    " hm hmm um uh wow please sorry agreed correct true fine perfect maybe absolutely indeed"
    " cool nice anyway ja nein genau gut"
    " danke"
    " hallo tschüss stimmt klar oui non merci bonjour bien sí si no gracias hola bueno sì grazie ciao".split()
)
_STAMP_IN_PREFIX: Final = re.compile(r" ?[\[(]\d{1,3}:\d{2}(?::\d{2})?[\])](?=:)")
_COMMON: Final = 1 / 3
_DOMINANT: Final = 0.8


class Names:
    """The names that a file writes before a colon, or else in brackets, before a dash, a bar or a tab."""

    def __init__(self, accepted: frozenset[str], beside: frozenset[str] = frozenset()) -> None:
        self.accepted = accepted
        self._beside = beside

    def with_names(self, names: Iterable[str]) -> Names:
        """Return these names and others."""
        return Names(self.accepted | frozenset(names), self._beside)

    def split(self, line: str) -> tuple[str | None, str]:
        """Return the speaker a line names and the words; (None, line) if none."""
        found = split_prefix(line)
        if found is not None and found[0] in self.accepted:
            return found
        if self._beside and (other := split_beside(line)) is not None and other[0] in self._beside:
            return other
        return None, line


def split_beside(line: str) -> tuple[str, str] | None:
    """Return the name in brackets, or before a dash, a bar or a tab, and the words; None if there is none."""
    match = _BRACKETS.match(line) or _MARKED_OFF.match(line)
    if match is None:
        return None
    name, words = " ".join(match[1].split()), line[match.end() :].strip()
    return (name, words) if name and words else None


def _learn_beside(lines: Sequence[str]) -> frozenset[str]:
    """Learn names that no colon follows: most lines must have one, and they must come back."""
    found = Counter(prefix[0] for line in lines if (prefix := split_beside(line)) is not None)
    if found.total() * 5 < len(lines) * 4 or found.total() < 2:
        return frozenset()
    likely = {name: count for name, count in found.items() if is_name(name) or count > 1}
    comes_back = len(likely) < sum(likely.values()) or all(line[:1] in "[<" for line in lines)
    return frozenset(likely) if comes_back and sum(likely.values()) * 5 >= len(lines) * 4 else frozenset()


def learn_names(lines: Iterable[str]) -> Names:
    """Decide which texts before a colon are names.

    Args:
        lines: the first line of every cue, row or paragraph of the file.

    Written like a name, a prefix is one if it comes back, or if a third of the lines have such a prefix; in a script
    without capitals, it must come back or nearly every line must have one. Written otherwise ("interviewer 2",
    "Question"), it must come back in a file of which four lines in five have a prefix.
    """
    said = list(lines)
    total = len(said)
    counts = Counter(found[0] for line in said if (found := split_prefix(line)))
    is_dominant = sum(counts.values()) >= total * _DOMINANT
    likely = {prefix: count for prefix, count in counts.items() if is_name(prefix)}
    accepted = {prefix for prefix, count in likely.items() if count > 1 or _is_shouted(prefix)}
    if accepted:  # the others' full names, too
        accepted |= {prefix for prefix in likely if prefix.istitle() and 1 < len(prefix.split()) < 4}
    if sum(likely.values()) >= total * _COMMON:
        accepted |= {prefix for prefix in likely if is_dominant or prefix != prefix.swapcase()}
    if is_dominant:
        accepted |= {prefix for prefix, count in counts.items() if count > 1 or _is_lone_word(prefix)}
        accepted |= _capitals(counts) | (_short(counts) if any(count > 1 for count in counts.values()) else set())
    return Names(frozenset(accepted), frozenset() if accepted else _learn_beside(said))


def _capitals(counts: Counter[str]) -> set[str]:
    """Return the prefixes of a file whose words all begin with capitals, if most do: "An Nguyen" is a name there."""
    found = {prefix for prefix in counts if all(map(_is_capital, prefix.split())) and prefix.lower() not in _HEADINGS}
    return found if len(found) * 5 >= len(counts) * 4 else set()


def _short(counts: Counter[str]) -> set[str]:
    return {prefix for prefix in counts if len(prefix.split()) < 4 and prefix.split()[0].lower() not in _STARTERS}


def split_prefix(line: str) -> tuple[str, str] | None:
    """Return the text before a line's first separating colon, and the text after it; None if there is none.

    `Name (00:01): words` has its stamp taken off, and `[Name]: words` its brackets.
    """
    line = _STAMP_IN_PREFIX.sub("", line, count=1) if line[:1] not in "0123456789([" else line
    colon = _COLON.search(line, 0, _MAX_CHARS + 2)
    if colon is None:
        return None
    prefix = " ".join(line[: colon.start()].split()).strip("*_ ")
    if len(prefix) > 2 and prefix[0] in "[<" and prefix[-1] in "]>":
        prefix = prefix[1:-1].strip()
    if not prefix or len(prefix) > _MAX_CHARS or not _UNNAMELY.isdisjoint(prefix):
        return None
    if len(prefix.split()) > _MAX_WORDS or not _is_spaced(line, colon.end()):
        return None
    if prefix[0].isdigit() and not _is_phone(prefix):
        return None
    return prefix, line[colon.end() :].lstrip("*_").strip()


def is_name(text: str) -> bool:
    """Whether a text is written like a person's name, a role with a number, or a phone number."""
    if _is_phone(text) or _LABEL.fullmatch(text):
        return True
    bare = _BESIDE_NAME.split(_PARENTHESES.sub("", text))[0].strip()
    words = bare.split()
    if not words or len(words) > 7 or not _UNNAMELY.isdisjoint(bare) or _COLON.search(text) or bare.count(",") > 1:
        return False
    first = words[0].lower().rstrip(".,")
    if first in _STARTERS or (len(words) == 1 and (first in _HEADINGS or first in _INTERJECTIONS)):
        return False
    if bare[-1] == "." and len(words[-1]) > 5:
        return False
    return words[0][0].isalpha() and _is_capital(words[0]) and all(_fits_name(word) for word in words[1:])


def _fits_name(word: str) -> bool:
    return _is_capital(word) or word.lower() in _PARTICLES or word.strip("#()-").isdecimal()


def _is_capital(word: str) -> bool:
    """Whether a word begins with a capital, or with a letter of a script that has none (a short word then)."""
    letter = next((character for character in word if character.isalpha()), "")
    return bool(letter) and (letter.isupper() or letter.istitle() or (not letter.islower() and len(word) <= 12))


def _is_shouted(prefix: str) -> bool:
    """Whether a name is in capitals, as captions write who speaks off the screen."""
    return prefix.isupper() and sum(map(str.isalpha, prefix)) > 2


def _is_lone_word(prefix: str) -> bool:
    return " " not in prefix and prefix.lower() not in _HEADINGS and prefix.lower() not in _STARTERS


def _is_phone(text: str) -> bool:
    return _PHONE.fullmatch(text) is not None and sum(map(str.isdigit, text)) >= 5 and not _NUMERIC_DATE.fullmatch(text)


def _is_spaced(line: str, at: int) -> bool:
    """Whether the colon before `at` is a separator, unlike those of 10:30 and https://."""
    follower = line[at : at + 1]
    return not follower or line[at - 1] == "：" or follower.isspace() or follower == "*" or follower > "\u2e80"
