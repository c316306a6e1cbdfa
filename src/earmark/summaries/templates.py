"""Templates of summaries: those that come with the program, and the operator's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import orjson

from earmark.clock import now_us
from earmark.ids import new_id
from earmark.storage.tenant import Tenant
from earmark.summaries import queries
from earmark.summaries.built_in_templates import BUILT_IN
from earmark.summaries.errors import BuiltInTemplateError, TemplateNotFoundError, TooManyTemplatesError
from earmark.summaries.schemas import check_schema
from earmark.summaries.types import Template

MOST_TEMPLATES: Final = 100


async def list_templates(tenant: Tenant) -> list[Template]:
    """Return the built-in templates, then the operator's, newest first."""
    rows = await tenant.fetch_all(queries.select_templates, {"most": MOST_TEMPLATES})
    return [*BUILT_IN.values(), *map(_template, rows)]


async def get_template(tenant: Tenant, template_id: str, *, param: str | None = None) -> Template:
    """Return a template.

    Raises: TemplateNotFoundError.
    """
    if template_id in BUILT_IN:
        return BUILT_IN[template_id]
    row = await tenant.fetch_one(queries.select_template, {"template_id": template_id})
    if row is None:
        raise TemplateNotFoundError(param=param)
    return _template(row)


async def create_template(tenant: Tenant, name: str, instructions: str, schema: Mapping[str, Any]) -> Template:
    """Store a template of the operator.

    Raises: SchemaError; TooManyTemplatesError.
    """
    check_schema(schema)
    now = now_us()
    one = Template(new_id("tmpl"), name, instructions, schema, now, now)
    row = {
        "id": one.id, "name": name, "instructions": instructions, "schema_json": orjson.dumps(schema).decode(),
        "created_us": now, "updated_us": now,
    }  # fmt: skip
    async with tenant.writing() as work:
        if len(await work.fetch_all(queries.select_templates, {"most": MOST_TEMPLATES})) == MOST_TEMPLATES:
            raise TooManyTemplatesError(MOST_TEMPLATES)
        await work.execute(queries.insert_template, row)
    return one


async def change_template(
    tenant: Tenant,
    template_id: str,
    *,
    name: str | None = None,
    instructions: str | None = None,
    schema: Mapping[str, Any] | None = None,
) -> Template:
    """Change what is given; summaries made before stay as they are.

    Raises: TemplateNotFoundError; BuiltInTemplateError; SchemaError.
    """
    if schema is not None:
        check_schema(schema)
    async with tenant.writing() as work:
        old = await _own(work, template_id)
        one = Template(
            old.id, name or old.name, instructions or old.instructions, schema or old.schema, old.created_us, now_us()
        )
        changed = {
            "new_name": one.name, "new_instructions": one.instructions,
            "new_schema_json": orjson.dumps(one.schema).decode(), "new_updated_us": one.updated_us,
        }  # fmt: skip
        await work.execute(queries.update_template, {"template_id": template_id, **changed})
    return one


async def delete_template(tenant: Tenant, template_id: str) -> None:
    """Delete a template of the operator; summaries that were made by it stay.

    Raises: TemplateNotFoundError; BuiltInTemplateError.
    """
    async with tenant.writing() as work:
        await _own(work, template_id)
        await work.execute(queries.delete_template, {"template_id": template_id})


async def _own(work: Tenant, template_id: str) -> Template:
    one = await get_template(work, template_id)
    if one.is_built_in:
        raise BuiltInTemplateError
    return one


def _template(row: Sequence[Any]) -> Template:
    template_id, name, instructions, schema_json, created_us, updated_us = row
    return Template(template_id, name, instructions, orjson.loads(schema_json), created_us, updated_us)
