"""Wire models of webhook endpoints and their deliveries."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field

from earmark.api.wire.common import Body, ListQuery, Shown, TimeField, is_whole
from earmark.api.wire.end_users import Metadata, fragment
from earmark.clock import now_us, render_time, render_time_or_none
from earmark.lengths import check_length
from earmark.webhooks.types import ALL, EVENT_NAMES, Attempt, Delivery, Endpoint

_SUBSCRIBABLE = (ALL, *EVENT_NAMES)
EventName = Annotated[Literal[_SUBSCRIBABLE], Field(examples=["transcription.completed"])]  # type: ignore[valid-type]


def _alone(names: list[str]) -> list[str]:
    if ALL in names and len(names) > 1:
        raise ValueError('must be ["*"] or names of events, not both')
    return list(dict.fromkeys(names))


Events = Annotated[list[EventName], Field(min_length=1, max_length=50), AfterValidator(_alone)]
Include = Annotated[list[Literal["text"]], Field(max_length=5)]
Url = Annotated[str, check_length(1, 2_048)]
Description = Annotated[str, check_length(1, 1_024)]


class EndpointBody(Body):
    """A new endpoint."""

    url: Url = Field(examples=["https://hooks.example.org/earmark"], description="https; to a public address.")
    events: Events = Field(examples=[["transcription.completed"]], description='Names of events, or `["*"]` for all.')
    description: Description | None = None
    metadata: Metadata | None = None
    include: Include | None = Field(
        None, description="`text`: its events carry words: transcripts, questions, answers."
    )


class EndpointChanges(Body):
    """An endpoint's new values; omitted fields are unchanged, null clears `description`, `metadata` and `include`."""

    url: Url | None = None
    events: Events | None = None
    description: Description | None = None
    metadata: Metadata | None = None
    include: Include | None = None
    status: Literal["enabled", "disabled"] | None = None


class RotationBody(Body):
    """How long the earlier secret stays valid."""

    grace_seconds: Annotated[int, Field(ge=0, le=604_800), is_whole] = 86_400
    force: bool = Field(False, description="End a running grace at once.")


class RecoveryBody(Body):
    """From when on to send again."""

    since: TimeField = Field(description="At most 30 days back.")


class DeliveryListQuery(ListQuery):
    """Filters of an endpoint's deliveries."""

    status: Literal["pending", "succeeded", "failed"] | None = None
    type: Literal[EVENT_NAMES] | None = None  # type: ignore[valid-type]


class EndpointShown(Shown):
    """Where a project is told of its events."""

    id: str = Field(examples=["we_3cDeFgH1jKlMn0pQrStUvWxY"])
    url: str
    events: list[str]
    include: list[str]
    description: str | None
    metadata: dict[str, Any] | None
    status: Literal["enabled", "disabled"]
    disabled_reason: Literal["requested", "gone", "failing"] | None = Field(
        description="`gone`: it answered 410; `failing`: 20 events or more, over 5 days or more, all failed."
    )
    secret_hint: str = Field(description="The last characters of its secret.")
    previous_secret_expires_at: str | None
    last_success_at: str | None
    last_failure_at: str | None
    created_at: str
    updated_at: str


class EndpointWithSecretShown(EndpointShown):
    """An endpoint and its secret, which is shown only once."""

    secret: str = Field(examples=["whsec_…"])


class EndpointPage(Shown):
    """A page of endpoints, newest first."""

    data: list[EndpointShown]
    has_more: bool
    next_cursor: str | None


class DeliveryShown(Shown):
    """An event on its way to an endpoint."""

    id: str = Field(examples=["dlv_8dEfGh1jKlMn0pQrStUvWxYz"])
    event_id: str
    type: str
    status: Literal["pending", "succeeded", "failed"]
    attempts: int
    last_status_code: int | None
    next_attempt_at: str | None
    created_at: str


class DeliveryPage(Shown):
    """A page of deliveries, newest first."""

    data: list[DeliveryShown]
    has_more: bool
    next_cursor: str | None


class AttemptShown(Shown):
    """One attempt: `status_code` if there was an answer, else `error`."""

    number: int
    at: str
    duration_ms: int
    status_code: int | None
    error: str | None = Field(examples=["timed_out"])
    answer: str | None = Field(description="The first KiB of the answer.")


class DeliveryWithAttemptsShown(DeliveryShown):
    """A delivery and all its attempts, first to last."""

    attempt_log: list[AttemptShown]


class RecoveryShown(Shown):
    """How many events were queued."""

    queued: int


def endpoint_to_wire(one: Endpoint) -> dict[str, Any]:
    """Return an endpoint as the contract shows it."""
    has_previous = one.previous_at(now_us()) is not None
    return {
        "id": one.id,
        "url": one.url,
        "events": one.events,
        "include": ["text"] if one.has_text else [],
        "description": one.description,
        "metadata": fragment(one.metadata_json),
        "status": one.status,
        "disabled_reason": one.disabled_reason,
        "secret_hint": one.secret_hint,
        "previous_secret_expires_at": render_time_or_none(one.previous_expires_us) if has_previous else None,
        "last_success_at": render_time_or_none(one.last_success_us),
        "last_failure_at": render_time_or_none(one.last_failure_us),
        "created_at": render_time(one.created_us),
        "updated_at": render_time(one.updated_us),
    }


def delivery_to_wire(one: Delivery) -> dict[str, Any]:
    """Return a delivery as the contract shows it."""
    return {
        "id": one.id,
        "event_id": one.event_id,
        "type": one.type,
        "status": one.status,
        "attempts": one.attempts,
        "last_status_code": one.last_status_code,
        "next_attempt_at": render_time_or_none(one.next_us),
        "created_at": render_time(one.created_us),
    }


def attempts_to_wire(attempts: Sequence[Attempt]) -> list[dict[str, Any]]:
    """Return a delivery's attempts as the contract shows them."""
    return [
        {
            "number": one.number,
            "at": render_time(one.at_us),
            "duration_ms": one.duration_ms,
            "status_code": one.status_code,
            "error": one.error_code,
            "answer": one.answer,
        }
        for one in attempts
    ]
