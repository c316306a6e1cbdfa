"""`docs/reference/errors.md`: what errors there are, from their classes."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Iterator

import earmark
from earmark.errors import EarmarkError

_INTRO = """# Errors

Every error of the API has this body, and its `request_id` is also in the header `X-Request-Id`:

```json
{"error": {"code": "invalid_request", "message": "limit must be at most 100.", "request_id": "req_…", "param": "limit"}}
```

`code` is for programs and `message` for people. `param` names the field at fault, in dotted form, where there is one.
`details` holds more for programs where there is more. An error of a turn that had started also has `session_id` beside
`error`: the question is stored there, and sending it again answers it.

The command line prints `message` to standard error and exits with 1.

Written by `make docs` from the error classes.

## By status

| status | code | try again? |
|---|---|---|
"""
ADVICE = {
    "invalid_request": "No: change what `param` names.",
    "unauthorized": "No: send a valid key as `Authorization: Bearer …`.",
    "forbidden": "No: use a credential that may do this. For a signed address: ask for a new one.",
    "not_found": "No.",
    "method_not_allowed": "No: the header `Allow` names the methods of this path.",
    "not_acceptable": "No: send another `Accept`.",
    "resource_already_exists": "No: fetch the one that exists.",
    "transcription_not_ready": "Yes, once the recording has a transcript.",
    "conflict": "Only where the message says so; the state has to change first.",
    "idempotency_in_progress": "Yes, with the same `Idempotency-Key`, after a pause.",
    "payload_too_large": "No: send less.",
    "context_too_large": "No: ask a narrower scope, or a model with a larger context.",
    "unsupported_media_type": "No: send another `Content-Type`.",
    "416 invalid_request": "No: ask for a range within the size that `Content-Range` names.",
    "range_not_satisfiable": "No: ask for a range within the size that `Content-Range` names.",
    "idempotency_key_reused": "No: take a new `Idempotency-Key` for another request.",
    "upload_not_verified": "Yes: the same call, once all bytes are sent.",
    "rate_limit_exceeded": "Yes, after as many seconds as `Retry-After` says.",
    "internal_error": "Perhaps; report it with its `request_id`.",
    "provider_error": "Yes: the same question to the session that `session_id` names.",
    "unavailable": "Yes, after as many seconds as `Retry-After` says.",
}
"""What a client should do, by code, or by status and code; a code without a line fails the test of the page."""
_LOCAL = ("earmark.cli.", "earmark.config", "earmark.data_dir", "earmark.telemetry", "earmark.storage.migrate")
"""Modules whose errors a person meets at a terminal, and no client of the API."""


def render_errors() -> str:
    """Return the page."""
    kinds = sorted(error_classes(), key=lambda kind: (kind.status, kind.code, kind.__name__))
    pairs = {(kind.status, kind.code) for kind in kinds}
    rows = [f"| {status} | [`{code}`](#{status}-{code}) | {_advice(status, code)} |" for status, code in sorted(pairs)]
    lines = [_INTRO + "\n".join(rows), "", "## When each occurs", ""]
    for status, code in sorted(pairs):
        found = [kind for kind in kinds if (kind.status, kind.code) == (status, code) and not _is_local(kind)]
        lines += [f"### {status} {code}", "", *map(_line, found), ""]
    lines += ["## On the command line only", "", *(_line(kind) for kind in kinds if _is_local(kind))]
    return "\n".join(lines) + "\n"


def error_classes() -> Iterator[type[EarmarkError]]:
    """Yield every error class of the program that is raised, not only extended."""
    for module in pkgutil.walk_packages(earmark.__path__, "earmark."):
        if "__main__" in module.name or ".migrations.versions" in module.name:
            continue
        try:
            loaded = importlib.import_module(module.name)
        except ModuleNotFoundError:  # a vendor's SDK that is not installed; its adapter has no errors of its own
            continue
        for _, kind in inspect.getmembers(loaded, inspect.isclass):
            if issubclass(kind, EarmarkError) and kind.__module__ == module.name and kind is not EarmarkError:
                yield kind


def _is_local(kind: type[EarmarkError]) -> bool:
    return kind.__module__.startswith(_LOCAL)


def _advice(status: int, code: str) -> str:
    return ADVICE.get(f"{status} {code}") or ADVICE[code]


def _line(kind: type[EarmarkError]) -> str:
    return "- " + " ".join((kind.__doc__ or "").split("\n\n")[0].split())
