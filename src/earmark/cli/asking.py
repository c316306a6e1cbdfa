"""`earmark search` and `earmark ask`: print search results and cited answers."""

from __future__ import annotations

import sys
from typing import Annotated, Any

import typer

from earmark.api.wire.search import chunk_to_wire
from earmark.api.wire.turns import part_to_wire
from earmark.ask.answers.feed import TextAdded
from earmark.ask.sessions.sessions import list_sessions
from earmark.ask.turns.opening import NewSession, begin_new_session
from earmark.ask.turns.running import RunningTurn
from earmark.ask.turns.turn import begin_send
from earmark.ask.types import AskResult, CitationPart, Question, ScopeType
from earmark.cli.answer_text import AnswerText, place_of
from earmark.cli.named_recordings import find_recording_ids
from earmark.cli.output import EndUserOption, JsonOption, ModeOption, ProjectOption, check_mode, emit, run
from earmark.cli.owners import named_owner
from earmark.errors import InvalidError, NotFoundError
from earmark.ids import is_id
from earmark.library.errors import FolderNotFoundError
from earmark.library.folders import choose_recordings, find_folder, find_folder_named
from earmark.library.recordings import find_recordings
from earmark.library.types import Page
from earmark.retrieval.types import ChunkHit, SearchRequest
from earmark.runtime import Runtime
from earmark.storage.tenant import Tenant
from earmark.text import printable, trim, utf16_length
from earmark.transcripts.limits import MAX_SPEAKER_UNITS

RecordingOption = Annotated[
    list[str] | None, typer.Option("--recording", help="Only this recording (its name, or rec_…).", metavar="RECORDING")
]
FolderOption = Annotated[str | None, typer.Option("--folder", help="Only this folder (its name, or fld_…).")]
SpeakerOption = Annotated[str | None, typer.Option("--speaker", help="Only what this person says.", metavar="NAME")]


class NoSessionError(NotFoundError):
    """The person has no session to continue."""

    def __init__(self) -> None:
        super().__init__("This person has no session yet; ask without --continue.")


def search(
    query: Annotated[str, typer.Argument(help="What to look for.")],
    project: ProjectOption = "",
    end_user: EndUserOption = "",
    recording: RecordingOption = None,
    folder: FolderOption = None,
    speaker: SpeakerOption = None,
    limit: Annotated[int, typer.Option(min=1, max=50, help="Results at most.")] = 8,
    mode: ModeOption = "live",
    as_json: JsonOption = False,
) -> None:
    """Search a person's transcripts; best matches first."""
    check_mode(mode)
    _check_text(query, 1_000, "The query")
    _check_speaker(speaker)

    async def work(runtime: Runtime) -> list[ChunkHit]:
        tenant = await named_owner(runtime, project, mode, end_user)
        wanted = await find_recording_ids(tenant, recording)
        ids = await choose_recordings(tenant, wanted, await _folder_id(tenant, folder))
        asked = SearchRequest(query, ids, speaker=speaker, limit=limit, is_floored=True)
        return await runtime.searcher.search(tenant, asked)

    hits = run(work)
    if as_json:
        emit({"results": [chunk_to_wire(hit) for hit in hits]}, as_json=True, text="")
        return
    for hit in hits:
        print(printable(f"{place_of(hit.recording_name, hit.recording_id, hit.start_ms)}  {hit.score:.3f}"))
        for segment in hit.segments:
            print(printable(f"    {segment.speaker + ': ' if segment.speaker else ''}{segment.text}"))
    if not hits:
        print("Nothing found.")


def ask(
    question: Annotated[str, typer.Argument(help="What to ask.")],
    project: ProjectOption = "",
    end_user: EndUserOption = "",
    recording: RecordingOption = None,
    folder: FolderOption = None,
    speaker: SpeakerOption = None,
    session: Annotated[str | None, typer.Option(help="Continue this session.", metavar="as_…")] = None,
    is_continued: Annotated[bool, typer.Option("--continue", "-c", help="Continue the person's last session.")] = False,
    provider: Annotated[str | None, typer.Option(help="Which model answers.")] = None,
    mode: ModeOption = "live",
    as_json: JsonOption = False,
) -> None:
    """Ask a question about a person's recordings; the answer is printed as it is written, and stored as a session."""
    check_mode(mode)
    _check_text(question, 10_000, "The question")
    _check_speaker(speaker)
    is_narrowed = bool(recording) or folder is not None or speaker is not None
    if recording and folder is not None:
        raise typer.BadParameter("Give either --folder or --recording, not both.")
    _check_session(session, is_continued, is_narrowed)

    async def work(runtime: Runtime) -> AskResult:
        tenant = await named_owner(runtime, project, mode, end_user)
        asked = Question(question, provider)
        session_id = await _last_session(tenant) if is_continued else session
        if session_id is None:
            wanted = await _wanted(tenant, recording, folder, speaker)
            turn = await begin_new_session(tenant, runtime.turns, wanted, asked)
        else:
            turn = await begin_send(tenant, runtime.turns, session_id, asked)
        if not as_json:
            await _print_answer(tenant, turn)
        return await turn.result()

    result = run(work)
    if as_json:
        emit(_result_to_wire(result), as_json=True, text="")
    elif sys.stdout.isatty():
        print("\n`earmark ask -c …` continues this session.", file=sys.stderr)


async def _wanted(tenant: Tenant, recording: list[str] | None, folder: str | None, speaker: str | None) -> NewSession:
    """Return a session about these recordings, this folder, or all; about what one speaker says in them, if given."""
    ids = await choose_recordings(tenant, await find_recording_ids(tenant, recording), None) or ()
    folder_id = await _folder_id(tenant, folder)
    return NewSession(_scope_type(ids, folder_id), ids, folder_id, speaker=speaker)


async def _last_session(tenant: Tenant) -> str:
    """Return the id of the session with the latest message.

    Raises: NoSessionError.
    """
    found = await list_sessions(tenant, Page(1))
    if not found:
        raise NoSessionError
    return found[0].id


async def _print_answer(tenant: Tenant, turn: RunningTurn) -> None:
    """Print the answer as it is written; a failed turn prints what came before the failure."""
    text, names, has_text = AnswerText(), {}, False
    async for _, event in turn.feed.follow():
        shown = ""
        if isinstance(event, TextAdded):
            shown = text.add_text(event.text)
        elif isinstance(event, CitationPart):
            if event.recording_id not in names:
                found = await find_recordings(tenant, [event.recording_id])
                names[event.recording_id] = found[0].name if found else None
            shown = text.add_citation(event, names[event.recording_id])
        print(printable(shown), end="", flush=bool(shown))
        has_text = has_text or bool(shown)
    rest = text.end()
    if has_text or rest:
        print(printable(rest), flush=True)


def _check_text(text: str, limit: int, what: str) -> None:
    if not trim(text) or utf16_length(text) > limit:
        raise InvalidError(f"{what} must be 1 to {limit} characters long.")


def _check_session(session: str | None, is_continued: bool, is_narrowed: bool) -> None:
    if session is not None and is_continued:
        raise typer.BadParameter("Give either --session or --continue, not both.")
    if (session is not None or is_continued) and is_narrowed:
        raise typer.BadParameter(
            "A session is about what it began with; leave out --recording, --folder and --speaker."
        )


def _check_speaker(name: str | None) -> None:
    if name is not None and not 0 < utf16_length(name) <= MAX_SPEAKER_UNITS:
        raise InvalidError(f"The speaker must be 1 to {MAX_SPEAKER_UNITS} characters long.")


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


def _result_to_wire(result: AskResult) -> dict[str, Any]:
    message = result.message
    return {
        "session_id": result.session_id,
        "message": {"id": message.id, "content": message.content,
                    "parts": [part_to_wire(part) for part in message.parts],
                    "model": message.model, "provider": message.provider, "finish_reason": message.finish_reason,
                    "answered": message.answered},
        "sources": [chunk_to_wire(source) for source in result.sources],
    }  # fmt: skip
