"""`POST /mcp`: the Model Context Protocol, by streamable HTTP. Imported with the SDK when it is first used."""

from __future__ import annotations

import asyncio
import importlib
from types import ModuleType
from urllib.parse import urlsplit

from earmark.api.pipeline.admission import MCP_PATH
from earmark.api.pipeline.call import Call
from earmark.api.pipeline.pipeline import ANY_SCOPE, Rules
from earmark.api.pipeline.registry import Routes
from earmark.api.pipeline.reply import Reply
from earmark.errors import ForbiddenError

PATH = MCP_PATH


class OriginRefusedError(ForbiddenError):
    """A page of another origin sent the request."""

    def __init__(self) -> None:
        super().__init__("Pages of this origin may not use MCP here; EARMARK_CORS_ORIGINS lists those that may.")


routes = Routes("MCP", prefix="")
_loaded: list[ModuleType] = []
"""The module that answers, once it has been needed."""


@routes.add("POST", PATH, Rules(ANY_SCOPE, retry="none"), answers={200: None}, is_described=False)
async def answer_mcp(call: Call, body: bytes) -> Reply:
    """Answer one message of the Model Context Protocol."""
    refuse_other_origins(call)
    if not _loaded:  # it takes a second of a thread, and 27 MB
        _loaded.append(await asyncio.to_thread(importlib.import_module, "earmark.mcp.http"))
    reply: Reply = await _loaded[0].answer(call, body)
    return reply


def refuse_other_origins(call: Call) -> None:
    """Refuse requests that a browser sends for a page of another origin.

    Source: Model Context Protocol, "Transports", security warning on DNS rebinding.

    Raises: OriginRefusedError.
    """
    origin = call.headers.get(b"origin")
    if origin is None:
        return
    own = urlsplit(call.base_url)
    allowed = {one.strip().rstrip("/") for one in call.runtime.settings.cors_origins.split(",")}
    if not {origin.decode("latin-1"), "*"} & {f"{own.scheme}://{own.netloc}", *allowed - {""}}:
        raise OriginRefusedError
