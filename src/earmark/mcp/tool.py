"""What a tool is, and how one is run: scopes, arguments, the person it acts for, then its work."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, TypeVar

import orjson
from pydantic import BaseModel, ConfigDict, ValidationError

from earmark.api.pipeline.call import Call
from earmark.api.pipeline.errors import invalid_request
from earmark.api.pipeline.reply import Reply, json_reply
from earmark.api.pipeline.retries import RetryKind, answer_once
from earmark.api.wire.common import EndUserIdField
from earmark.identity.access import require_scope
from earmark.identity.types import Caller
from earmark.library.end_users import narrow_to_end_user
from earmark.mcp.cleaning import cleaned

M = TypeVar("M", bound=BaseModel)
Report = Callable[[float, str], Awaitable[None]]


class Arguments(BaseModel):
    """The arguments of a tool. Unknown ones are ignored; nothing is coerced."""

    model_config = ConfigDict(extra="ignore", frozen=True, strict=True)


class PersonArgument(Arguments):
    """The person whose data a tool reads; required from project-wide callers, ignored from others."""

    end_user_id: EndUserIdField


@dataclass(frozen=True, slots=True)
class ToolCall:
    """A tool's request in progress.

    Args:
        call: the caller, its handles and the server's parts, as a route's handler gets them.
        report: tells the client how far the work is: a number that grows, and a sentence.
        cancels_turns: whether a request that is cancelled stops the answer that is being written.
    """

    call: Call
    report: Report
    cancels_turns: bool


Work = Callable[[ToolCall, Any], Awaitable[Any]]


@dataclass(frozen=True, slots=True)
class Tool:
    """One tool.

    Args:
        text: what it does, for the model that chooses among tools.
        takes, gives: the models of its arguments and of its result.
        scopes: those that the caller needs.
        is_project_wide: whether only project-wide callers have it; others act for one person.
        changes: whether it stores something.
        limits: the rate limits that it counts against, beside that of every request.
        retry: how a tool that changes something keeps its result for the Idempotency-Key of its request.
    """

    name: str
    title: str
    text: str
    takes: type[Arguments]
    gives: type[BaseModel]
    scopes: tuple[str, ...]
    work: Work
    is_project_wide: bool
    changes: bool
    limits: tuple[str, ...] = ()
    retry: RetryKind = "together"

    def is_offered_to(self, caller: Caller) -> bool:
        """Whether this kind of credential has the tool, whatever its scopes."""
        return not self.is_project_wide or caller.end_user_id is None

    def is_listed_for(self, caller: Caller) -> bool:
        """Whether the caller has the tool and its scopes."""
        return self.is_offered_to(caller) and all(caller.may(scope) for scope in self.scopes)

    def needs_person(self, caller: Caller) -> bool:
        """Whether the caller must name the person whose data it reads."""
        return not self.is_project_wide and caller.end_user_id is None


class Tools:
    """The tools of one file."""

    def __init__(self) -> None:
        self.all: list[Tool] = []

    def add(
        self,
        name: str,
        title: str,
        *scopes: str,
        takes: type[Arguments],
        gives: type[BaseModel],
        is_project_wide: bool = False,
        changes: bool = False,
        limits: tuple[str, ...] = (),
        retry: RetryKind = "together",
    ) -> Callable[[Work], Work]:
        """Register a function as a tool; its docstring is the tool's description."""

        def decorate(work: Work) -> Work:
            text = " ".join((inspect.getdoc(work) or "").split())
            self.all.append(
                Tool(name, title, text, takes, gives, scopes, work, is_project_wide, changes, limits, retry)
            )
            return work

        return decorate


def authorise(tool: Tool, caller: Caller, arguments: Mapping[str, Any]) -> None:
    """Check the scopes that the tool needs for these arguments.

    Raises: ScopeMissingError.
    """
    for scope in tool.scopes:
        require_scope(caller, scope)
    if "folder_id" in tool.takes.model_fields and arguments.get("folder_id") is not None:
        require_scope(caller, "folders:read")


async def run_tool(tool: Tool, asked: ToolCall, arguments: Mapping[str, Any]) -> Any:
    """Return the tool's result, as JSON values.

    Raises: EarmarkError, as the route that does the same.
    """
    call = asked.call
    authorise(tool, call.caller, arguments)
    person = parse_arguments(PersonArgument, arguments) if tool.needs_person(call.caller) else None
    given = parse_arguments(tool.takes, arguments)
    async with call.working():
        if person is not None:
            await act_for(call, person.end_user_id)
        if tool.changes and b"idempotency-key" in call.headers:
            return await _run_once(tool, asked, arguments, given)
        return cleaned(await tool.work(asked, given))


async def _run_once(tool: Tool, asked: ToolCall, arguments: Mapping[str, Any], given: Arguments) -> Any:
    """Do the work, or return the result of the request that was sent with the same key before."""

    async def work() -> Reply:
        return json_reply(cleaned(await tool.work(asked, given)))

    said = {"tool": tool.name, "arguments": dict(arguments)}
    return orjson.loads((await answer_once(asked.call, tool.retry, said, work)).body)


def parse_arguments(model: type[M], arguments: Mapping[str, Any]) -> M:
    """Return the arguments as their model.

    Raises: InvalidError.
    """
    try:
        return model.model_validate(arguments)
    except ValidationError as error:
        raise invalid_request(error, where="The arguments") from error


async def act_for(call: Call, end_user_id: str) -> None:
    """Narrow a project-wide caller's request to one end user: from here on it sees what that end user sees.

    Raises: EndUserNotFoundError.
    """
    call.tenant = await narrow_to_end_user(call.tenant, end_user_id)
    call.caller = replace(call.caller, tenant=call.tenant.key)
    call.acting_for = end_user_id
