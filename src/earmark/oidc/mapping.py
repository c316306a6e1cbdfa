"""Decides whom claims stand for: the first rule of the settings that matches."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from earmark.config import ClaimRule
from earmark.oidc.types import Claims, Match
from earmark.text import trim, utf16_length

_LONGEST: Final = 255
_MISSING: Final = object()


def match_rules(rules: Sequence[ClaimRule], claims: Claims) -> Match | None:
    """Return whom the first rule that matches names; None if none does, or its person has no usable name."""
    rule = next((one for one in rules if _matches(one, claims)), None)
    if rule is None:
        return None
    name, email = _text(claims.get("name")), _text(_value_of(claims, "email"))
    if rule.role == "owner":
        return Match(rule.project, rule.mode, None, may_create=False, name=name, email=email)
    given = _value_of(claims, rule.external_id_claim)
    external_id = _text(given) if given == _text(given) else None  # " bob" at the provider is somebody else than "bob"
    if external_id is None:
        return None
    return Match(rule.project, rule.mode, external_id, may_create=rule.create, name=name, email=email)


def _matches(rule: ClaimRule, claims: Claims) -> bool:
    value = _value_of(claims, rule.claim)
    if rule.contains is not None:
        return isinstance(value, list) and rule.contains in value
    return type(value) is type(rule.equals) and value == rule.equals


def _value_of(claims: Claims, name: str) -> Any:
    """Return a claim's value; dots lead into claims that hold others, unless one has the whole name.

    An e-mail address that the provider has not verified is nobody's: whoever signs up there could name another's.
    """
    if name == "email" and claims.get("email_verified") is not True:
        return _MISSING
    if name in claims:
        return claims[name]
    value: Any = claims
    for part in name.split("."):
        if not isinstance(value, Mapping) or part not in value:
            return _MISSING
        value = value[part]
    return value


def _text(value: Any) -> str | None:
    """Return a text that an end user may have as a name or an id, else None."""
    text = trim(value) if isinstance(value, str) else ""
    return text if text.isprintable() and 1 <= utf16_length(text) <= _LONGEST else None


def missing_claims(rules: Sequence[ClaimRule], claims: Claims) -> bool:
    """Whether the rules name a claim that is not there, and that the provider may tell elsewhere."""
    named = {name for rule in rules for name in (rule.claim, rule.external_id_claim)}
    return any(name.partition(".")[0] not in claims and name not in claims for name in named)
