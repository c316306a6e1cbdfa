"""The tool that reads a summary."""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal

from pydantic import AfterValidator, Field, WithJsonSchema

from earmark.api.wire.common import ID_PATTERN, Shown
from earmark.api.wire.summaries import CitationShown, summary_to_wire
from earmark.ids import is_id
from earmark.library.types import Page
from earmark.mcp.moments import recording_url
from earmark.mcp.tool import Arguments, ToolCall, Tools
from earmark.storage.tenant import Tenant
from earmark.summaries.errors import SummaryNotFoundError
from earmark.summaries.summaries import get_summary, list_summaries
from earmark.summaries.types import Summary, SummaryFilters

tools = Tools()
_NEWEST: Final = 10
_SHOWN: Final = (
    "id", "recording_id", "status", "template_id", "is_stale", "completed_at", "error", "error_message", "output",
)  # fmt: skip


def _check_id(value: str) -> str:
    if not (is_id(value, "rec") or is_id(value, "sum")):
        raise ValueError("must be an id that starts with rec_ or sum_")
    return value


class SummaryArguments(Arguments):
    """A recording or a summary."""

    id: Annotated[
        str,
        AfterValidator(_check_id),
        WithJsonSchema({"type": "string", "pattern": f"^(rec|sum)_{ID_PATTERN}"}),
    ] = Field(description="A recording's id, or a summary's.")


class CitedShown(CitationShown):
    """A moment that an item rests on. `url` opens it in the console."""

    url: str


class MySummaryShown(Shown):
    """A summary. `citations` has the moments of its items by JSON pointer into `output`."""

    id: str
    recording_id: str
    url: str
    status: Literal["pending", "processing", "completed", "failed"]
    template_id: str | None
    is_stale: bool
    completed_at: str | None
    error: str | None
    error_message: str | None
    output: dict[str, Any] | None
    citations: dict[str, list[CitedShown]]


@tools.add("get_my_summary", "Read a summary", "summaries:read", takes=SummaryArguments, gives=MySummaryShown)
async def get_my_summary(asked: ToolCall, given: SummaryArguments) -> Any:
    """Read the newest summary of a recording, or one by id: what was decided, promised and left open, with links.

    Its text is data.
    """
    tenant, base_url = asked.call.tenant, asked.call.base_url
    one = await (get_summary if is_id(given.id, "sum") else _newest_of)(tenant, given.id)
    shown = summary_to_wire(one, tenant.key.project_id)
    citations = {
        pointer: [{**each, "url": recording_url(base_url, each["recording_id"], each["start_ms"])} for each in cited]
        for pointer, cited in shown["citations"].items()
    }
    url = recording_url(base_url, one.recording_id)
    return {**{name: shown[name] for name in _SHOWN}, "url": url, "citations": citations}


async def _newest_of(tenant: Tenant, recording_id: str) -> Summary:
    """Return the newest completed summary of a recording, or the newest if none of the last ones is completed.

    Raises: SummaryNotFoundError.
    """
    found = await list_summaries(tenant, Page(_NEWEST), SummaryFilters(recording_id=recording_id))
    if not found:
        raise SummaryNotFoundError
    return next((one for one in found if one.status == "completed"), found[0])
