"""`/v1/config`, and the configuration of a project and of an end user."""

from __future__ import annotations

from earmark.api.pipeline.call import Call
from earmark.api.pipeline.pipeline import Rules
from earmark.api.pipeline.registry import Routes
from earmark.api.pipeline.reply import Reply, json_reply
from earmark.api.routes.end_users import BY_ID, end_user_exists
from earmark.api.wire.config import (
    ConfigBody,
    ConfigShown,
    ProcessingBody,
    RetentionBody,
    SectionShown,
    SectionsShown,
    config_to_wire,
    section_to_wire,
)
from earmark.errors import NotFoundError
from earmark.processing.config import resolve, set_for_end_user, set_for_project
from earmark.processing.errors import OtherProjectError
from earmark.processing.sections import PROCESSING, RETENTION, SECTIONS, get_section
from earmark.processing.types import Section
from earmark.summaries.templates import get_template

routes = Routes("Configuration")
BY_PROJECT = {"project_id": "proj"}


async def project_is_own(call: Call, project_id: str, section: str = "") -> None:
    """Raise 404 unless the project is the caller's."""
    if project_id != call.tenant.key.project_id:
        raise OtherProjectError


async def _end_user_exists(call: Call, end_user_id: str, section: str = "") -> None:
    await end_user_exists(call, end_user_id)


# ---- schema ----------------------------------------------------------------------------------------


@routes.add("GET", "/config/schema", Rules("config:read"), answers={200: SectionsShown})
async def list_config_sections(call: Call) -> Reply:
    """List the sections of the configuration."""
    return json_reply({"data": [section_to_wire(one) for one in SECTIONS.values()]})


@routes.add("GET", "/config/schema/{section}", Rules("config:read"), answers={200: SectionShown})
async def get_config_section(call: Call, section: str) -> Reply:
    """Show a section of the configuration."""
    return json_reply(section_to_wire(get_section(section)))


# ---- reading ---------------------------------------------------------------------------------------


async def _show(call: Call, section: Section, end_user_id: str | None) -> Reply:
    return json_reply(config_to_wire(await resolve(call.tenant, section, end_user_id)))


@routes.add("GET", "/config/processing", Rules("config:read"), answers={200: ConfigShown})
async def get_processing_config(call: Call) -> Reply:
    """Show automatic processing of the project, or of the end user whose credential is used."""
    return await _show(call, PROCESSING, call.acting_for)


@routes.add("GET", "/config/retention", Rules("config:read"), answers={200: ConfigShown})
async def get_retention_config(call: Call) -> Reply:
    """Show retention periods of the project, or of the end user whose credential is used."""
    return await _show(call, RETENTION, call.acting_for)


@routes.add("GET", "/end-users/{end_user_id}/config/processing", Rules("config:read", BY_ID, _end_user_exists),
            answers={200: ConfigShown}, errors=[NotFoundError])  # fmt: skip
async def get_end_user_processing_config(call: Call, end_user_id: str) -> Reply:
    """Show automatic processing of an end user."""
    return await _show(call, PROCESSING, end_user_id)


@routes.add("GET", "/end-users/{end_user_id}/config/retention", Rules("config:read", BY_ID, _end_user_exists),
            answers={200: ConfigShown}, errors=[NotFoundError])  # fmt: skip
async def get_end_user_retention_config(call: Call, end_user_id: str) -> Reply:
    """Show retention periods of an end user."""
    return await _show(call, RETENTION, end_user_id)


# ---- changing --------------------------------------------------------------------------------------


async def _check_template(call: Call, body: ProcessingBody) -> None:
    """Raise TemplateNotFoundError for a template that no summary could be made by."""
    if body.auto_summary is not None and body.auto_summary.template is not None:
        await get_template(call.tenant, body.auto_summary.template, param="auto_summary.template")


async def _change_project(call: Call, section: Section, body: ConfigBody) -> Reply:
    changes = body.model_dump(exclude_unset=True)
    changed = await set_for_project(call.tenant, section, changes, actor=call.caller.key_id)
    return json_reply(config_to_wire(changed))


async def _change_end_user(call: Call, section: Section, end_user_id: str, body: ConfigBody) -> Reply:
    changes = body.model_dump(exclude_unset=True)
    changed = await set_for_end_user(call.tenant, section, end_user_id, changes, actor=call.caller.key_id)
    return json_reply(config_to_wire(changed))


@routes.add("PUT", "/projects/{project_id}/config/processing",
            Rules("config:write", BY_PROJECT, project_is_own, is_project_wide=True),
            answers={200: ConfigShown}, errors=[NotFoundError])  # fmt: skip
async def set_project_processing_config(call: Call, project_id: str, body: ProcessingBody) -> Reply:
    """Set automatic processing of the project, for data of the key's mode (live or test)."""
    await _check_template(call, body)
    return await _change_project(call, PROCESSING, body)


@routes.add("PUT", "/projects/{project_id}/config/retention",
            Rules("config:write", BY_PROJECT, project_is_own, is_project_wide=True),
            answers={200: ConfigShown}, errors=[NotFoundError])  # fmt: skip
async def set_project_retention_config(call: Call, project_id: str, body: RetentionBody) -> Reply:
    """Set retention periods of the project, for data of the key's mode (live or test)."""
    return await _change_project(call, RETENTION, body)


@routes.add("PUT", "/end-users/{end_user_id}/config/processing", Rules("config:write", BY_ID, _end_user_exists),
            answers={200: ConfigShown}, errors=[NotFoundError])  # fmt: skip
async def set_end_user_processing_config(call: Call, end_user_id: str, body: ProcessingBody) -> Reply:
    """Set automatic processing of an end user."""
    await _check_template(call, body)
    return await _change_end_user(call, PROCESSING, end_user_id, body)


@routes.add("PUT", "/end-users/{end_user_id}/config/retention",
            Rules("config:write", BY_ID, _end_user_exists, is_project_wide=True),
            answers={200: ConfigShown}, errors=[NotFoundError])  # fmt: skip
async def set_end_user_retention_config(call: Call, end_user_id: str, body: RetentionBody) -> Reply:
    """Set retention periods of an end user; only the project may."""
    return await _change_end_user(call, RETENTION, end_user_id, body)


# ---- sections that don't exist: 400, and not a path that is unknown ----------------------------------


@routes.add("GET", "/config/{section}", Rules("config:read"), answers={200: ConfigShown}, is_described=False)
async def get_unknown_config(call: Call, section: str) -> Reply:
    """Refuse a section that doesn't exist."""
    return await _show(call, get_section(section), call.acting_for)


@routes.add("GET", "/end-users/{end_user_id}/config/{section}", Rules("config:read", BY_ID, _end_user_exists),
            answers={200: ConfigShown}, errors=[NotFoundError], is_described=False)  # fmt: skip
async def get_unknown_end_user_config(call: Call, end_user_id: str, section: str) -> Reply:
    """Refuse a section that doesn't exist."""
    return await _show(call, get_section(section), end_user_id)


@routes.add("PUT", "/projects/{project_id}/config/{section}",
            Rules("config:write", BY_PROJECT, project_is_own, is_project_wide=True),
            answers={200: ConfigShown}, errors=[NotFoundError], is_described=False)  # fmt: skip
async def set_unknown_config(call: Call, project_id: str, section: str) -> Reply:
    """Refuse a section that doesn't exist."""
    return json_reply(section_to_wire(get_section(section)))


@routes.add("PUT", "/end-users/{end_user_id}/config/{section}", Rules("config:write", BY_ID, _end_user_exists),
            answers={200: ConfigShown}, errors=[NotFoundError], is_described=False)  # fmt: skip
async def set_unknown_end_user_config(call: Call, end_user_id: str, section: str) -> Reply:
    """Refuse a section that doesn't exist."""
    return json_reply(section_to_wire(get_section(section)))
