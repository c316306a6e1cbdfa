"""`earmark search` and `earmark ask`: print search results and cited answers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

import orjson
import typer

from earmark.ask.turns.opening import NewSession, ask_in_new_session
from earmark.ask.types import AskResult, Question, ScopeType
from earmark.cli.output import JsonOption, ModeOption, ProjectOption, check_mode, emit, find_tenant, printable, run
from earmark.clock import render_offset
from earmark.errors import InvalidError
from earmark.ids import is_id
from earmark.library.end_users import find_end_user_named
from earmark.library.errors import EndUserNotFoundError, FolderNotFoundError
from earmark.library.folders import choose_recordings, find_folder, find_folder_named
from earmark.library.recordings import find_recordings
from earmark.retrieval.types import ChunkHit, SearchRequest
from earmark.retrieval.wire import chunk_to_wire
from earmark.runtime import Runtime
from earmark.storage.tenant import Tenant
from earmark.text import trim, utf16_length

EndUserOption = Annotated[str, typer.Option("--end-user", help="The end user's eu_…, or external id.")]
RecordingOption = Annotated[list[str] | None, typer.Option("--recording", help="Only this recording.", metavar="rec_…")]
FolderOption = Annotated[str | None, typer.Option("--folder", help="Only this folder (its name, or fld_…).")]


def search(
    query: Annotated[str, typer.Argument(help="What to look for.")],
    project: ProjectOption,
    end_user: EndUserOption,
    recording: RecordingOption = None,
    folder: FolderOption = None,
    limit: Annotated[int, typer.Option(min=1, max=50, help="Results at most.")] = 8,
    mode: ModeOption = "live",
    as_json: JsonOption = False,
) -> None:
    """Search a person's transcripts; best matches first."""
    check_mode(mode)
    _check_text(query, 1_000, "The query")

    async def work(runtime: Runtime) -> list[ChunkHit]:
        tenant = await _owner(runtime, project, mode, end_user)
        ids = await choose_recordings(tenant, recording, await _folder_id(tenant, folder))
        return await runtime.searcher.search(tenant, SearchRequest(query, ids, limit=limit))

    hits = run(work)
    if as_json:
        emit({"results": [chunk_to_wire(hit) for hit in hits]}, as_json=True, text="")
        return
    for hit in hits:
        print(printable(f"{_place(hit.recording_name, hit.recording_id, hit.start_ms)}  {hit.score:.3f}"))
        for segment in hit.segments:
            print(printable(f"    {segment.speaker + ': ' if segment.speaker else ''}{segment.text}"))
    if not hits:
        print("Nothing found.")


def ask(
    question: Annotated[str, typer.Argument(help="What to ask.")],
    project: ProjectOption,
    end_user: EndUserOption,
    recording: RecordingOption = None,
    folder: FolderOption = None,
    provider: Annotated[str | None, typer.Option(help="Which model answers.")] = None,
    mode: ModeOption = "live",
    as_json: JsonOption = False,
) -> None:
    """Ask a question about a person's recordings; the answer is stored as a session."""
    check_mode(mode)
    _check_text(question, 10_000, "The question")
    if recording and folder is not None:
        raise typer.BadParameter("Give either --folder or --recording, not both.")

    async def work(runtime: Runtime) -> tuple[AskResult, dict[str, str | None]]:
        tenant = await _owner(runtime, project, mode, end_user)
        ids = await choose_recordings(tenant, recording, None) or ()
        folder_id = await _folder_id(tenant, folder)
        wanted = NewSession(_scope_type(ids, folder_id), ids, folder_id)
        result = await ask_in_new_session(tenant, runtime.turns, wanted, Question(question, provider))
        return result, await _names(tenant, result)

    result, names = run(work)
    if as_json:
        emit(_result_to_wire(result), as_json=True, text="")
    else:
        print(printable(_render(result, names)))


def _check_text(text: str, limit: int, what: str) -> None:
    if not trim(text) or utf16_length(text) > limit:
        raise InvalidError(f"{what} must be 1 to {limit} characters long.")


async def _owner(runtime: Runtime, project: str, mode: str, end_user: str) -> Tenant:
    return await find_owner(await find_tenant(runtime, project, mode), end_user)


async def find_owner(tenant: Tenant, end_user: str) -> Tenant:
    """Return the handle of the end user with this id, else external id.

    Raises: EndUserNotFoundError.
    """
    user = await find_end_user_named(tenant, end_user)
    if user is None:
        raise EndUserNotFoundError
    return tenant.acting_for(user.id, user.number)


def _scope_type(ids: tuple[str, ...], folder_id: str | None) -> ScopeType:
    if folder_id is not None:
        return "folder"
    return "library" if not ids else "recording" if len(ids) == 1 else "selected"


async def _folder_id(tenant: Tenant, folder: str | None) -> str | None:
    """Return the id of the folder with this name, or else with this id.

    Raises: FolderNotFoundError.
    """
    if folder is None:
        return None
    found = await find_folder_named(tenant, folder)
    if found is None and is_id(folder, "fld"):
        found = await find_folder(tenant, folder)
    if found is None:
        raise FolderNotFoundError
    return found.id


def _parts(result: AskResult) -> list[dict[str, Any]]:
    parts: list[dict[str, Any]] = orjson.loads(result.message.parts_json)
    return parts


async def _names(tenant: Tenant, result: AskResult) -> dict[str, str | None]:
    cited = sorted({part["recording_id"] for part in _parts(result) if part["type"] == "citation"})
    return {recording.id: recording.name for recording in await find_recordings(tenant, cited)} if cited else {}


def _result_to_wire(result: AskResult) -> dict[str, Any]:
    message = result.message
    return {
        "session_id": result.session_id,
        "message": {"id": message.id, "content": message.content, "parts": _parts(result), "model": message.model,
                    "provider": message.provider, "finish_reason": message.finish_reason,
                    "answered": message.answered},
        "sources": result.sources,
    }  # fmt: skip


def _render(result: AskResult, names: dict[str, str | None]) -> str:
    """Render the answer with citations as `[Recording name @ mm:ss]`, one after each quotation."""
    shown: list[str] = []
    parts = _parts(result)
    place = ""
    for at, part in enumerate(parts):
        if part["type"] == "citation":
            place = f" [{_place(names.get(part['recording_id']), part['recording_id'], part['start_ms'])}]"
        elif place and part["text"].startswith("”"):
            shown.append("”" + place + part["text"][1:])
            place = ""
        elif place and not _is_quoted_on(parts, at):
            shown.append(place + part["text"])
            place = ""
        else:
            shown.append(part["text"])
    return "".join([*shown, place]).rstrip("\n")


def _is_quoted_on(parts: Sequence[dict[str, Any]], at: int) -> bool:
    """Whether the citation before part `at` is repeated after it, on the same line."""
    for one in parts[at:]:
        if one["type"] == "citation":
            return one == parts[at - 1]
        if "\n" in one["text"]:
            return False
    return False


def _place(name: str | None, recording_id: str, start_ms: int) -> str:
    return f"{name or recording_id} @ {render_offset(start_ms)}"
