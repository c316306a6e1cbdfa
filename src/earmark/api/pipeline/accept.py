"""Content negotiation: chooses the response's media type from `Accept` (RFC 9110)."""

from __future__ import annotations

import math
from collections.abc import Sequence

from earmark.api.pipeline.errors import NotAcceptableError

JSON = "application/json"
HTML = "text/html"
EVENTS = "text/event-stream"


def choose_form(accept: bytes | None, forms: Sequence[str]) -> str:
    """Return the media type that the client ranks highest; of equals, the first of `forms`.

    Raises: NotAcceptableError if it accepts none of them.
    """
    if accept is None or not accept.strip():
        return forms[0]
    ranges = [_parse(one) for one in accept.decode("latin-1").split(",") if one.strip()]
    ranked = [(_quality(form, ranges), form) for form in forms]
    best = max(quality for quality, _ in ranked)
    if best <= 0:
        raise NotAcceptableError
    return next(form for quality, form in ranked if quality == best)


def _parse(media_range: str) -> tuple[str, float]:
    name, *params = (part.strip().lower() for part in media_range.split(";"))
    for param in params:
        key, _, value = param.partition("=")
        if key.strip() == "q":
            return name, _weight(value)
    return name, 1.0


def _weight(value: str) -> float:
    try:
        weight = float(value)
    except ValueError:
        return 0.0
    return 0.0 if math.isnan(weight) else min(1.0, max(0.0, weight))


def _quality(form: str, ranges: Sequence[tuple[str, float]]) -> float:
    """Return the quality of the most specific range that matches."""
    kind = form.split("/", 1)[0]
    for pattern in (form, f"{kind}/*", "*/*"):
        for name, quality in ranges:
            if name == pattern:
                return quality
    return 0.0
