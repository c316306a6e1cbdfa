"""Deep merging of what the levels of a configuration set."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def merge_deep(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    """Return `below` with what `above` sets; objects are merged key by key, other values replaced."""
    merged = dict(below)
    for name, value in above.items():
        under = below.get(name)
        is_both = isinstance(value, Mapping) and isinstance(under, Mapping)
        merged[name] = merge_deep(under, value) if is_both else value  # type: ignore[arg-type]
    return merged


def apply_changes(own: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a level sets after changes: null unsets a key, and an object that sets nothing is left out."""
    changed = dict(own)
    for name, change in changes.items():
        inner = own.get(name)
        if isinstance(change, Mapping):
            change_in = apply_changes(inner if isinstance(inner, Mapping) else {}, change)
            changed[name] = change_in or None
        else:
            changed[name] = change
    return {name: value for name, value in changed.items() if value is not None}
