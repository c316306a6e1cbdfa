"""`/v1/end-users`."""

from __future__ import annotations

from earmark.api.pipeline.call import Call
from earmark.api.pipeline.paging import asked_filters, page_reply
from earmark.api.pipeline.pipeline import Rules
from earmark.api.pipeline.registry import Routes
from earmark.api.pipeline.reply import Reply, json_reply, no_content
from earmark.api.wire.end_users import (
    EndUserBody,
    EndUserListQuery,
    EndUserPage,
    EndUserShown,
    end_user_to_wire,
)
from earmark.errors import ConflictError, NotFoundError
from earmark.library import end_users
from earmark.library.types import EndUser, EndUserFilters, Page

routes = Routes("End users")
BY_ID = {"end_user_id": "eu"}


async def end_user_exists(call: Call, end_user_id: str) -> None:
    """Raise 404 unless the caller has this end user."""
    await end_users.get_end_user(call.tenant, end_user_id)


@routes.add("POST", "/end-users", Rules("end_users:write", is_project_wide=True), answers={201: EndUserShown},
            errors=[ConflictError])  # fmt: skip
async def create_end_user(call: Call, body: EndUserBody) -> Reply:
    """Create an end user; all fields are optional."""
    user = await end_users.create_end_user(
        call.tenant, external_id=body.external_id, email=body.email, name=body.name, metadata=body.metadata
    )
    return json_reply(end_user_to_wire(user, call.tenant.key.project_id), 201)


@routes.add("GET", "/end-users", Rules("end_users:read"), answers={200: EndUserPage})
async def list_end_users(call: Call, query: EndUserListQuery) -> Reply:
    """List end users, newest first; with `external_id` that one, or an empty page."""
    filters = asked_filters(query, EndUserFilters)

    async def fetch(page: Page) -> list[EndUser]:
        if query.external_id is None:
            return await end_users.list_end_users(call.tenant, page)
        found = await end_users.find_end_user(call.tenant, query.external_id)
        return [] if found is None or page.after is not None or page.offset else [found]

    return await page_reply(
        call,
        "end_users",
        query,
        filters,
        fetch=fetch,
        position_of=lambda user: (user.created_us, user.id),
        to_wire=lambda user: end_user_to_wire(user, call.tenant.key.project_id),
    )


@routes.add("GET", "/end-users/{end_user_id}", Rules("end_users:read", BY_ID), answers={200: EndUserShown},
            errors=[NotFoundError])  # fmt: skip
async def get_end_user(call: Call, end_user_id: str) -> Reply:
    """Show an end user."""
    user = await end_users.get_end_user(call.tenant, end_user_id)
    return json_reply(end_user_to_wire(user, call.tenant.key.project_id))


@routes.add("PATCH", "/end-users/{end_user_id}",
            Rules("end_users:write", BY_ID, end_user_exists, is_project_wide=True),
            answers={200: EndUserShown}, errors=[NotFoundError, ConflictError])  # fmt: skip
async def update_end_user(call: Call, end_user_id: str, body: EndUserBody) -> Reply:
    """Update an end user; omitted fields are unchanged, null clears a field."""
    user = await end_users.update_end_user(call.tenant, end_user_id, body.model_dump(exclude_unset=True))
    return json_reply(end_user_to_wire(user, call.tenant.key.project_id))


@routes.add("DELETE", "/end-users/{end_user_id}", Rules("end_users:write", BY_ID, is_project_wide=True),
            answers={204: None}, errors=[NotFoundError])  # fmt: skip
async def delete_end_user(call: Call, end_user_id: str) -> Reply:
    """Delete an end user and all its data, at once and permanently."""
    await call.runtime.deletion.erase_end_user(call.tenant, end_user_id, actor=call.caller.key_id)
    return no_content()
