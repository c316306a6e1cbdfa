"""Values of webhooks. Times are microseconds since 1970."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Final, Literal

from earmark.jobs.outbox import TYPES
from earmark.library.types import Filters

EndpointStatus = Literal["enabled", "disabled"]
DisabledReason = Literal["requested", "gone", "failing"]
DeliveryStatus = Literal["pending", "succeeded", "failed"]
ALL: Final = "*"
TEST: Final = "webhook_endpoint.test"
DISABLED: Final = "webhook_endpoint.disabled"
EVENT_NAMES: Final = TYPES
"""What an endpoint may ask for, besides `ALL`."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where a project wants to be told of events. Its secrets are sealed."""

    id: str
    url: str
    events_json: str
    has_text: int
    description: str | None
    metadata_json: str | None
    status: EndpointStatus
    disabled_reason: DisabledReason | None
    secret_sealed: str
    secret_hint: str
    previous_sealed: str | None
    previous_expires_us: int | None
    last_success_us: int | None
    last_failure_us: int | None
    failing_since_us: int | None
    created_us: int
    updated_us: int

    @property
    def events(self) -> list[str]:
        """The names of the events that it asks for, or `*`."""
        found: list[str] = json.loads(self.events_json)
        return found

    def wants(self, type_: str) -> bool:
        """Whether it asks for events of this type."""
        events = self.events
        return ALL in events or type_ in events

    def previous_at(self, now_us: int) -> str | None:
        """Return the earlier secret, sealed, if receivers may still use it."""
        is_valid = self.previous_expires_us is not None and now_us < self.previous_expires_us
        return self.previous_sealed if is_valid else None


@dataclass(frozen=True, slots=True)
class NewEndpoint:
    """What a project says of a new endpoint."""

    url: str
    events: list[str]
    has_text: bool = False
    description: str | None = None
    metadata: dict[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Delivery:
    """An event on its way to an endpoint. `step` is its number of attempts since it was last queued."""

    id: str
    endpoint_id: str
    event_id: str
    has_text: int
    type: str
    status: DeliveryStatus
    attempts: int
    step: int
    last_status_code: int | None
    next_us: int | None
    lane: int | None
    created_us: int
    ended_us: int | None


@dataclass(frozen=True, slots=True)
class Attempt:
    """One attempt of a delivery: `status_code` if there was an answer, else `error_code`."""

    number: int
    at_us: int
    duration_ms: int
    status_code: int | None
    error_code: str | None
    answer: str | None


@dataclass(frozen=True, slots=True)
class DeliveryFilters(Filters):
    """Narrows a list of deliveries."""

    endpoint_id: str | None = None
    status: str | None = None
    type: str | None = None
