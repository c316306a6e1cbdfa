"""`/v1/summaries` and `/v1/summary-items`: what was decided, promised and left open."""

from __future__ import annotations

from earmark.api.pipeline.call import Call
from earmark.api.pipeline.paging import asked_filters, page_reply
from earmark.api.pipeline.pipeline import Rules
from earmark.api.pipeline.registry import Routes
from earmark.api.pipeline.reply import Reply, json_reply, no_content
from earmark.api.wire.summaries import (
    ItemListQuery,
    ItemPage,
    SummaryBody,
    SummaryChanges,
    SummaryListQuery,
    SummaryPage,
    SummaryShown,
    item_to_wire,
    summary_row,
    summary_to_wire,
)
from earmark.errors import ConflictError, NotFoundError
from earmark.summaries import summaries
from earmark.summaries.errors import TemplateOrPromptError
from earmark.summaries.items import list_items
from earmark.summaries.types import ItemFilters, Summary, SummaryFilters, Wanted

routes = Routes("Summaries")
BY_ID = {"summary_id": "sum"}


async def summary_exists(call: Call, summary_id: str) -> None:
    """Raise 404 unless the caller has this summary."""
    await summaries.get_summary(call.tenant, summary_id)


def _shown(call: Call, one: Summary, status: int = 200) -> Reply:
    return json_reply(summary_to_wire(one, call.tenant.key.project_id), status)


@routes.add("POST", "/summaries", Rules("summaries:write", limits=("overall", "summaries", "jobs")),
            answers={201: SummaryShown}, errors=[NotFoundError, ConflictError])  # fmt: skip
async def create_summary(call: Call, body: SummaryBody) -> Reply:
    """Start a summary of a completed transcript, by a template or a prompt.

    While one of the same transcript, template or prompt, and provider has not ended, this returns that one; otherwise
    the new one takes the place of the earlier when it completes.
    """
    if (body.template_id is None) == (body.prompt is None):
        raise TemplateOrPromptError
    call.runtime.summariser.check_provider(body.provider, call.tenant.key.project_id)
    wanted = Wanted(body.template_id, body.prompt, body.provider)
    return _shown(call, await summaries.start_summary(call.tenant, body.transcription_id, wanted), 201)


@routes.add("GET", "/summaries", Rules("summaries:read"), answers={200: SummaryPage})
async def list_summaries(call: Call, query: SummaryListQuery) -> Reply:
    """List summaries without their output, newest first."""
    filters = asked_filters(query, SummaryFilters)
    return await page_reply(
        call,
        "summaries",
        query,
        filters,
        fetch=lambda page: summaries.list_summaries(call.tenant, page, filters),
        position_of=lambda one: (one.created_us, one.id),
        to_wire=lambda one: summary_row(one, call.tenant.key.project_id),
    )


@routes.add("GET", "/summaries/{summary_id}", Rules("summaries:read", BY_ID), answers={200: SummaryShown},
            errors=[NotFoundError])  # fmt: skip
async def get_summary(call: Call, summary_id: str) -> Reply:
    """Show a summary with its output and the moments of its items."""
    return _shown(call, await summaries.get_summary(call.tenant, summary_id))


@routes.add("PATCH", "/summaries/{summary_id}", Rules("summaries:write", BY_ID, summary_exists),
            answers={200: SummaryShown}, errors=[NotFoundError, ConflictError])  # fmt: skip
async def correct_summary(call: Call, summary_id: str, body: SummaryChanges) -> Reply:
    """Correct a completed summary; a text that was changed loses its citations."""
    return _shown(call, await summaries.correct_summary(call.tenant, summary_id, body.output))


@routes.add("DELETE", "/summaries/{summary_id}", Rules("summaries:write", BY_ID), answers={204: None},
            errors=[NotFoundError])  # fmt: skip
async def delete_summary(call: Call, summary_id: str) -> Reply:
    """Delete a summary; its transcript stays."""
    await summaries.delete_summary(call.tenant, summary_id)
    return no_content()


@routes.add("POST", "/summaries/{summary_id}/cancel", Rules("summaries:write", BY_ID, summary_exists),
            answers={200: SummaryShown}, errors=[NotFoundError, ConflictError])  # fmt: skip
async def cancel_summary(call: Call, summary_id: str) -> Reply:
    """Cancel a summary that has not ended: it has failed then, with `cancelled`."""
    return _shown(call, await summaries.cancel_summary(call.tenant, summary_id))


@routes.add("GET", "/summary-items", Rules("summaries:read"), answers={200: ItemPage})
async def list_summary_items(call: Call, query: ItemListQuery) -> Reply:
    """List decisions, action items and open questions across recordings, newest recording first.

    They are those of each recording's newest summary that has any.
    """
    filters = asked_filters(query, ItemFilters)
    return await page_reply(
        call,
        "summary-items",
        query,
        filters,
        fetch=lambda page: list_items(call.tenant, page, filters),
        position_of=lambda one: (one.when_us, one.id),
        to_wire=item_to_wire,
    )
