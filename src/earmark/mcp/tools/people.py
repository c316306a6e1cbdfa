"""Tools for the end users of a project."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field

from earmark.api.routes import end_users as routes
from earmark.api.wire.common import EndUserIdField
from earmark.api.wire.end_users import EndUserListQuery, EndUserPage, EndUserShown
from earmark.lengths import check_length
from earmark.mcp.tool import Arguments, ToolCall, Tools
from earmark.mcp.tools.shared import PageArguments, answer_of, to_query

tools = Tools()


class EndUsersArguments(PageArguments):
    """Filters of the end users."""

    external_id: Annotated[str, check_length(1, 255)] | None = Field(None, description="Exactly this external id.")


class EndUserArguments(Arguments):
    """One end user."""

    id: EndUserIdField


@tools.add("list_end_users", "List end users", "end_users:read", takes=EndUsersArguments, gives=EndUserPage,
           is_project_wide=True)  # fmt: skip
async def list_end_users(asked: ToolCall, given: EndUsersArguments) -> Any:
    """List the people of the project, newest first; their ids are the end_user_id of the other tools."""
    return await answer_of(routes.list_end_users, asked, query=to_query(EndUserListQuery, given))


@tools.add("get_end_user", "Get an end user", "end_users:read", takes=EndUserArguments, gives=EndUserShown,
           is_project_wide=True)  # fmt: skip
async def get_end_user(asked: ToolCall, given: EndUserArguments) -> Any:
    """Get one person of the project by id."""
    return await answer_of(routes.get_end_user, asked, {"end_user_id": given.id})
