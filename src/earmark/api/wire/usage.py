"""Wire models of `/v1/usage`."""

from __future__ import annotations

import re
from datetime import date
from typing import Annotated, Any

from pydantic import AfterValidator, Field, WithJsonSchema, model_validator

from earmark.api.wire.common import EndUserIdField, Query, Shown
from earmark.ask.turns.usage import UsageDay
from earmark.errors import InvalidError

_DAY = re.compile(r"\d{4}-\d{2}-\d{2}\Z", re.ASCII)


def _check_day(text: str) -> str:
    try:
        if _DAY.match(text) is None:  # `fromisoformat` accepts further formats
            raise ValueError("not a day")
        date.fromisoformat(text)
    except ValueError:
        raise ValueError("must be a day such as 2026-05-20") from None
    return text


Day = Annotated[str, AfterValidator(_check_day), WithJsonSchema({"type": "string", "format": "date"})]


class UsageQuery(Query):
    """The period and the end user."""

    since: Day | None = Field(None, alias="from", description="From this day on (UTC).")
    until: Day | None = Field(None, alias="to", description="Up to and including this day (UTC).")
    end_user_id: EndUserIdField | None = None

    @model_validator(mode="after")
    def _check_order(self) -> UsageQuery:
        if self.since is not None and self.until is not None and self.since > self.until:
            raise InvalidError("from must not be after to.", param="from")
        return self


class UsageCounts(Shown):
    """Answers and their tokens."""

    answers: int
    input_tokens: int
    output_tokens: int
    cached_tokens: int


class UsageDayShown(UsageCounts):
    """One end user's use of one model on one day."""

    day: str = Field(examples=["2026-05-20"])
    end_user_id: str = Field(examples=["eu_abc123"])
    provider: str = Field(examples=["gemini"])
    model: str = Field(examples=["gemini-2.0-flash"])


class UsageShown(Shown):
    """Use by day, end user and model, and its totals."""

    data: list[UsageDayShown]
    totals: UsageCounts


_COUNTS = ("answers", "input_tokens", "output_tokens", "cached_tokens")


def usage_to_wire(days: list[UsageDay]) -> dict[str, Any]:
    """Return the response of `GET /v1/usage`."""
    return {
        "data": [day._asdict() for day in days],
        "totals": {name: sum(getattr(day, name) for day in days) for name in _COUNTS},
    }
