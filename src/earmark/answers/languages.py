"""Detects languages. The detector's model is loaded on first use.

Source: Lui and Baldwin, ACL 2012 demo, "langid.py: An Off-the-shelf Language Identification Tool".
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from functools import lru_cache
from typing import Any, Final

ENGLISH: Final = "en"
_KNOWN: Final = (
    "ar", "cs", "da", "de", "el", "en", "es", "fi", "fr", "he", "hi", "hu", "it", "ja", "ko", "nl", "no", "pl", "pt",
    "ro", "ru", "sv", "th", "tr", "uk", "zh",
)  # fmt: skip
"""Languages the detector distinguishes; fewer make short texts more reliable."""
_NAMES: Final = {
    "ar": "Arabic", "cs": "Czech", "da": "Danish", "de": "German", "el": "Greek", "en": "English", "es": "Spanish",
    "fi": "Finnish", "fr": "French", "he": "Hebrew", "hi": "Hindi", "hu": "Hungarian", "it": "Italian",
    "ja": "Japanese", "ko": "Korean", "nl": "Dutch", "no": "Norwegian", "pl": "Polish", "pt": "Portuguese",
    "ro": "Romanian", "ru": "Russian", "sv": "Swedish", "th": "Thai", "tr": "Turkish", "uk": "Ukrainian",
    "zh": "Chinese",
}  # fmt: skip
_ENGLISH_ONLY: Final = frozenset(
    "the and that with you it's what they this but not would from there which about your she when how don't i'm i've "
    "that's we're you're didn't can't doesn't isn't because should could think know".split()
)
_NEVER_ENGLISH: Final = frozenset(
    "und nicht ist das der wir ich les des est pas nous une que los las una pero con het een niet og ikke och inte "
    "jest não uma che della sono".split()
)
_ENGLISH_SHARE: Final = 0.15
_SURE: Final = 0.85
_MOST_CHARS: Final = 2_000
_ASKS: Final = {
    "en": "who whom whose what when where why how which did does do is are was were the".split(),
    "de": "wer wem wen wessen was wann wo warum wieso wie welche welcher hat haben ist sind war der das".split(),
    "fr": "qui que quoi quand où pourquoi comment combien quel quelle est-ce le la les".split(),
    "es": "quién quiénes qué cuándo dónde cuánto cuánta cuántos cuál el los las".split(),
}
_ASKING: Final = {word: language for language, words in _ASKS.items() for word in words}


def language_of_question(question: str) -> str | None:
    """Return the language of a question; None if it is uncertain."""
    words = re.findall(r"[\w’'-]+", question.casefold())
    votes = Counter(_ASKING[word] for word in words if word in _ASKING)
    ranked = votes.most_common(2)
    if ranked and (len(ranked) == 1 or ranked[0][1] > ranked[1][1]):
        return ranked[0][0]
    return language_of_text(question)


def languages_of(texts: Iterable[str]) -> list[str]:
    """Return the languages of passages, most frequent first; uncertain ones are skipped."""
    return [language for language, _ in Counter(filter(None, map(language_of_text, texts))).most_common()]


@lru_cache(maxsize=4_096)
def language_of_text(text: str) -> str | None:
    """Return the language of a passage; None if it is uncertain.

    Plain English is recognised by its function words without the model, which takes 80 MB and half a second to load.
    """
    if _is_plain_english(text):
        return ENGLISH
    found, chance = _detector().classify(text[:_MOST_CHARS])
    return str(found) if chance >= _SURE else None


def _is_plain_english(text: str) -> bool:
    words = re.findall(r"[\w']+", text[:_MOST_CHARS].casefold().replace("’", "'"))
    found = [word for word in words if word in _ENGLISH_ONLY]
    return len(set(found)) >= 2 and len(found) >= _ENGLISH_SHARE * len(words) and _NEVER_ENGLISH.isdisjoint(words)


def name_of(language: str) -> str:
    """Return a language's English name."""
    return _NAMES.get(language, language)


@lru_cache(maxsize=1)
def _detector() -> Any:
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    detector = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
    detector.set_languages(list(_KNOWN))
    return detector
