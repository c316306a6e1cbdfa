"""Parses and normalises language tags (BCP 47)."""

from __future__ import annotations

import re
from typing import Final

_MAX_CHARS: Final = 35
# The first subtag has two or three letters: longer ones are allowed by the grammar but not registered.
_TAG: Final = re.compile(
    r"[a-z]{2,3}(?:-[a-z]{3}){0,3}(?:-[a-z]{4})?(?:-(?:[a-z]{2}|\d{3}))?"
    r"(?:-(?:[a-z0-9]{5,8}|\d[a-z0-9]{3}))*(?:-[a-wyz0-9](?:-[a-z0-9]{2,8})+)*(?:-x(?:-[a-z0-9]{1,8})+)?"
    r"|x(?:-[a-z0-9]{1,8})+",
    re.ASCII | re.IGNORECASE,
)
# Common language names of whisper, and codes that speech services write differently.
_NAMES_TEXT: Final = (
    "afrikaans=af albanian=sq arabic=ar armenian=hy azerbaijani=az basque=eu belarusian=be bengali=bn"
    " bosnian=bs bulgarian=bg burmese=my cantonese=yue castilian=es catalan=ca chinese=zh croatian=hr"
    " czech=cs danish=da dutch=nl english=en estonian=et finnish=fi flemish=nl french=fr galician=gl"
    " georgian=ka german=de greek=el gujarati=gu hebrew=he hindi=hi hungarian=hu icelandic=is"
    " indonesian=id italian=it japanese=ja javanese=jv kannada=kn kazakh=kk khmer=km korean=ko lao=lo"
    " latin=la latvian=lv lithuanian=lt macedonian=mk malay=ms malayalam=ml mandarin=zh maori=mi"
    " marathi=mr mongolian=mn nepali=ne norwegian=no nynorsk=nn persian=fa polish=pl portuguese=pt"
    " punjabi=pa romanian=ro russian=ru serbian=sr sinhala=si slovak=sk slovenian=sl somali=so"
    " spanish=es swahili=sw swedish=sv tagalog=tl tamil=ta telugu=te thai=th tibetan=bo turkish=tr"
    " ukrainian=uk urdu=ur uzbek=uz valencian=ca vietnamese=vi welsh=cy yiddish=yi yoruba=yo"
    " jw=jv iw=he en-uk=en-GB und="
)
_NAMES: Final = dict(pair.split("=") for pair in _NAMES_TEXT.split())


def parse_language(tag: str) -> str | None:
    """Return a well-formed tag in its usual case (`pt-BR`, `zh-Hant`), else None.

    Source: RFC 5646, sections 2.1 (grammar) and 2.1.1 (case).
    """
    if len(tag) > _MAX_CHARS or not _TAG.fullmatch(tag):
        return None
    first, *rest = tag.lower().split("-")
    parts = [first]
    for part in rest:
        after_singleton = len(parts[-1]) == 1
        if len(part) == 2 and not after_singleton:
            part = part.upper()
        elif len(part) == 4 and part.isalpha() and not after_singleton:
            part = part.title()
        parts.append(part)
    return "-".join(parts)


def parse_vendor_language(value: object) -> str | None:
    """Return the tag for a speech service's language name (`english`, `en_us`), None if unknown."""
    if not isinstance(value, str):
        return None
    name = value.strip().lower().replace("_", "-")
    return parse_language(_NAMES.get(name, name))
