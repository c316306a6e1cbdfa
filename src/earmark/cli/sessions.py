"""`earmark sessions`: lists and shows a person's Ask sessions."""

from __future__ import annotations

from typing import Annotated

import typer

from earmark.api.wire.sessions import session_to_wire
from earmark.api.wire.turns import message_to_wire
from earmark.ask.sessions.messages import MessagePage, list_messages
from earmark.ask.sessions.sessions import get_session, list_sessions
from earmark.ask.types import CitationPart, Message, Session, SessionFilters
from earmark.cli.answer_text import AnswerText
from earmark.cli.output import EndUserOption, JsonOption, ModeOption, ProjectOption, check_mode, emit, run
from earmark.cli.owners import named_owner
from earmark.clock import render_time
from earmark.library.recordings import find_recordings
from earmark.library.types import Page
from earmark.runtime import Runtime
from earmark.storage.tenant import Tenant

sessions_cli = typer.Typer(help="List and show a person's Ask sessions.", no_args_is_help=True, rich_markup_mode=None)
_BATCH = 500
Names = dict[str, str | None]


@sessions_cli.command("list")
def list_all(
    project: ProjectOption = "",
    end_user: EndUserOption = "",
    title: Annotated[str, typer.Option("--title", help="Only those whose title contains this, in any case.")] = "",
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="Sessions at most.")] = 100,
    mode: ModeOption = "live",
    as_json: JsonOption = False,
) -> None:
    """List sessions, the latest message first."""
    check_mode(mode)

    async def work(runtime: Runtime) -> list[Session]:
        owner = await named_owner(runtime, project, mode, end_user)
        return await list_sessions(owner, Page(limit), SessionFilters(q=title))

    found = run(work)
    for one in found:
        emit(session_to_wire(one), as_json=as_json, text=f"{one.id}  {render_time(one.last_message_us)}  {one.title}")
    if not found and not as_json:
        print("No sessions.")


@sessions_cli.command("show")
def show(
    session: Annotated[str, typer.Argument(help="The session's id.", metavar="as_…")],
    project: ProjectOption = "",
    end_user: EndUserOption = "",
    mode: ModeOption = "live",
    as_json: JsonOption = False,
) -> None:
    """Show a session with its questions and answers."""
    check_mode(mode)

    async def work(runtime: Runtime) -> tuple[Session, list[Message], Names]:
        owner = await named_owner(runtime, project, mode, end_user)
        found, messages = await get_session(owner, session), await _all_messages(owner, session)
        return found, messages, await _names(owner, messages)

    found, messages, names = run(work)
    shown = {**session_to_wire(found), "messages": [message_to_wire(one) for one in messages]}
    emit(
        shown,
        as_json=as_json,
        text="\n\n".join([f"{found.id}  {found.title}", *(_text_of(one, names) for one in messages)]),
    )


async def _all_messages(owner: Tenant, session_id: str) -> list[Message]:
    found: list[Message] = []
    while True:
        page = await list_messages(owner, session_id, MessagePage(_BATCH, found[-1].ordinal if found else None))
        found += page
        if len(page) < _BATCH:
            return found


async def _names(owner: Tenant, messages: list[Message]) -> Names:
    cited = {part.recording_id for one in messages for part in one.parts if isinstance(part, CitationPart)}
    return {one.id: one.name for one in await find_recordings(owner, sorted(cited))} if cited else {}


def _text_of(message: Message, names: Names) -> str:
    if message.role == "user":
        return f"> {message.content}"
    text = AnswerText()
    shown = [
        text.add_citation(part, names.get(part.recording_id))
        if isinstance(part, CitationPart)
        else text.add_text(part.text)
        for part in message.parts
    ]
    return "".join([*shown, text.end()])
