"""Reads the JSON-RPC message of a request as far as its checks need: what it calls, and with which scopes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from earmark.errors import EarmarkError, InvalidError
from earmark.identity.access import require_scope
from earmark.identity.types import Caller
from earmark.mcp import resources
from earmark.mcp.catalogue import find_tool
from earmark.mcp.tool import Tool, authorise
from earmark.strict_json import parse_json

PARSE_ERROR: Final = -32700
INVALID_REQUEST: Final = -32600
_LONGEST_ID: Final = 256
_LARGEST_ID: Final = (1 << 53) - 1


class MessageError(EarmarkError):
    """The body is no JSON-RPC message; answered as JSON-RPC says, not with the API's error body.

    Args:
        rpc_code: the code of the JSON-RPC error.
    """

    code = "invalid_request"
    status = 400

    def __init__(self, rpc_code: int, message: str) -> None:
        super().__init__(message)
        self.rpc_code = rpc_code


@dataclass(frozen=True, slots=True)
class RpcMessage:
    """A JSON-RPC request, or a notification, which has no id."""

    method: str
    params: Mapping[str, Any]

    @property
    def tool_name(self) -> object:
        """The name of the tool that it calls, if it calls one."""
        return self.params.get("name") if self.method == "tools/call" else None

    @property
    def wants_progress(self) -> bool:
        """Whether the client asked to hear how far the work is."""
        meta = self.params.get("_meta")
        return isinstance(meta, dict) and meta.get("progressToken") is not None


def parse_message(body: bytes) -> RpcMessage:
    """Return the message of a body.

    Raises: MessageError for what is not one JSON-RPC 2.0 request or notification: batches, answers, odd ids.
    """
    try:
        document = parse_json(body)
    except InvalidError as error:
        raise MessageError(PARSE_ERROR, error.message) from error
    if not isinstance(document, dict):
        raise MessageError(INVALID_REQUEST, "Send one JSON-RPC message; batches are not supported.")
    method, params = document.get("method"), document.get("params", {})
    if document.get("jsonrpc") != "2.0" or not isinstance(method, str):
        raise MessageError(INVALID_REQUEST, 'A JSON-RPC request needs "jsonrpc": "2.0" and a method.')
    if not isinstance(params, dict):
        raise MessageError(INVALID_REQUEST, "params must be an object.")
    if "id" in document and not _is_id(document["id"]):
        raise MessageError(INVALID_REQUEST, f"id must be a whole number or a text of at most {_LONGEST_ID} characters.")
    return RpcMessage(method, params)


def _is_id(value: object) -> bool:
    if isinstance(value, str):
        return len(value) <= _LONGEST_ID
    return isinstance(value, int) and not isinstance(value, bool) and abs(value) <= _LARGEST_ID


def authorise_message(message: RpcMessage, caller: Caller) -> Tool | None:
    """Check the scopes of what the message calls; return the tool if it calls one that the caller has.

    A tool that the caller doesn't have is not refused here.

    Raises: ScopeMissingError.
    """
    if message.method == "resources/read":
        for scope in resources.READ_SCOPES:
            require_scope(caller, scope)
    tool = find_tool(message.tool_name, caller)
    if tool is not None:
        arguments = message.params.get("arguments")
        authorise(tool, caller, arguments if isinstance(arguments, dict) else {})
    return tool
