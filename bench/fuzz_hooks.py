"""Hooks that give schemathesis existing ids and rules that JSON Schema can't express."""

from __future__ import annotations

import json
import os
import random
from pathlib import Path
from typing import Any
from uuid import uuid4

import schemathesis
from schemathesis import Case, HookContext, SerializationContext
from schemathesis.generation import GenerationMode

SEEDED: dict[str, Any] = json.loads(Path(os.environ["EARMARK_FUZZ_SEEDED"]).read_text())
_chance = random.Random(7)


@schemathesis.serializer("text/vtt", "application/x-subrip")
def _as_text(ctx: SerializationContext, value: Any) -> bytes:
    return str(value).encode("utf-8", "replace")


@schemathesis.hook
def before_call(context: HookContext, case: Case, kwargs: dict[str, Any]) -> None:
    """Put existing ids into requests meant to be valid; leave the others unchanged."""
    if case.meta is None or case.meta.generation.mode != GenerationMode.POSITIVE:
        return
    _use_living_paths(case)
    if case.query:  # the first two can't be guessed; `to` must not be before `from`
        case.query = {name: value for name, value in case.query.items() if name not in ("cursor", "provider", "to")}
    if case.path.endswith("/ask/suggestions"):  # whose recordings: needed with a key of the whole project
        case.query = {**(case.query or {}), "end_user_id": SEEDED["end_user_id"]}
    if case.headers and "Idempotency-Key" in case.headers and _chance.random() < 0.8:
        case.headers = {**case.headers, "Idempotency-Key": uuid4().hex}  # otherwise nearly all would be reused
    if isinstance(case.body, dict):
        case.body = _living_body(case, case.body)
    elif case.method == "POST" and case.path in SEEDED["names_end_user"]:
        case.body, case.media_type = {"end_user_id": SEEDED["end_user_id"]}, "application/json"


def _use_living_paths(case: Case) -> None:
    """Take the ids to delete, replace or file from a pool, most of the time."""
    if case.path == "/v1/media/{media_id}":
        case.path_parameters = {"media_id": SEEDED["media_id"]}
        case.query = {"token": SEEDED["tokens"][case.method]}
        return
    if case.path.endswith("/regenerate"):
        case.path_parameters = dict(SEEDED["last_turn"])
        return
    names = list(case.path_parameters or {})
    for name in names:
        known = SEEDED.get(name)
        if case.method in ("DELETE", "PUT") and name == names[-1] and name in SEEDED["stock"]:
            known = _chance.choice(SEEDED["stock"][name])
        elif known is None or _chance.random() < 0.2:
            continue
        case.path_parameters = {**case.path_parameters, name: known}


def _living_body(case: Case, body: dict[str, Any]) -> dict[str, Any]:
    body = dict(body)
    if case.path in SEEDED["names_end_user"]:
        body["end_user_id"] = SEEDED["end_user_id"]
    if "started_at" in body and "recorded_at" in body:
        del body["started_at"]  # both, and different, is 400
    if case.path.endswith("/tokens"):
        body.pop("expires_at", None)  # must be in the future
    if isinstance(body.get("scope"), dict):
        body["scope"] = _living_scope(body["scope"])
    if body.get("media_id"):
        body["media_id"] = SEEDED["media_id"]
    for question in (body, body.get("initial_message")):
        if isinstance(question, dict) and ("context_refs" in question or "provider" in question):
            question.update(provider=None, context_refs=None)
    if "recording_ids" in body:
        body["recording_ids"] = [SEEDED["recording_id"]]
    if body.get("folder_id"):
        body["folder_id"] = SEEDED["folder_id"]
    return body


def _living_scope(scope: dict[str, Any]) -> dict[str, Any]:
    if "recording_ids" in scope:
        return {**scope, "recording_ids": [SEEDED["recording_id"]]}
    return {name: SEEDED.get(name, value) for name, value in scope.items()}
