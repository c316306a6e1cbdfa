"""`/v1/summary-templates`: the shapes that summaries have."""

from __future__ import annotations

from earmark.api.pipeline.call import Call
from earmark.api.pipeline.pipeline import Rules
from earmark.api.pipeline.registry import Routes
from earmark.api.pipeline.reply import Reply, json_reply, no_content
from earmark.api.wire.summaries import TemplateBody, TemplateChanges, TemplatePage, TemplateShown, template_to_wire
from earmark.errors import ConflictError, NotFoundError
from earmark.summaries import templates

routes = Routes("Summary templates")
BY_ID = {"template_id": "tmpl"}


async def template_exists(call: Call, template_id: str) -> None:
    """Raise 404 unless there is this template."""
    await templates.get_template(call.tenant, template_id)


@routes.add("GET", "/summary-templates", Rules("summaries:read"), answers={200: TemplatePage})
async def list_summary_templates(call: Call) -> Reply:
    """List all templates: the built-in ones, then the project's, newest first."""
    data = [template_to_wire(one) for one in await templates.list_templates(call.tenant)]
    return json_reply({"data": data, "has_more": False, "next_cursor": None})


@routes.add("POST", "/summary-templates", Rules("summaries:write", is_project_wide=True),
            answers={201: TemplateShown}, errors=[ConflictError])  # fmt: skip
async def create_summary_template(call: Call, body: TemplateBody) -> Reply:
    """Create a template of the project; at most 100."""
    one = await templates.create_template(call.tenant, body.name, body.instructions, body.output_schema)
    return json_reply(template_to_wire(one), 201)


@routes.add("GET", "/summary-templates/{template_id}", Rules("summaries:read", BY_ID), answers={200: TemplateShown},
            errors=[NotFoundError])  # fmt: skip
async def get_summary_template(call: Call, template_id: str) -> Reply:
    """Show a template."""
    return json_reply(template_to_wire(await templates.get_template(call.tenant, template_id)))


@routes.add("PATCH", "/summary-templates/{template_id}",
            Rules("summaries:write", BY_ID, template_exists, is_project_wide=True),
            answers={200: TemplateShown}, errors=[NotFoundError, ConflictError])  # fmt: skip
async def change_summary_template(call: Call, template_id: str, body: TemplateChanges) -> Reply:
    """Change a template of the project; summaries made before stay as they are."""
    one = await templates.change_template(
        call.tenant, template_id, name=body.name, instructions=body.instructions, schema=body.output_schema
    )
    return json_reply(template_to_wire(one))


@routes.add("DELETE", "/summary-templates/{template_id}", Rules("summaries:write", BY_ID, is_project_wide=True),
            answers={204: None}, errors=[NotFoundError, ConflictError])  # fmt: skip
async def delete_summary_template(call: Call, template_id: str) -> Reply:
    """Delete a template of the project; a summary that waits for it fails with `template_not_found`."""
    await templates.delete_template(call.tenant, template_id)
    return no_content()
