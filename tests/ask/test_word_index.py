"""Finding words in chats gives what looking at every message gives, through writes, new answers and deletions."""

from __future__ import annotations

import random
import string
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from earmark.ask.sessions import message_search, word_index
from earmark.ask.sessions.message_search import search_messages
from earmark.ask.sessions.message_words import SNIPPET_CHARS, Wanted, terms_of
from earmark.ask.sessions.messages import MessagePage, insert_messages, list_messages
from earmark.ask.sessions.sessions import create_session, delete_session
from earmark.ask.types import Message, Scope, TextPart, Tokens
from earmark.identity.projects import create_project, get_tenant
from earmark.library.end_users import create_end_user
from earmark.library.types import Page
from earmark.runtime import Runtime
from earmark.storage.query import Guard, query
from earmark.storage.tables import ask_words
from earmark.storage.tenant import Tenant
from tests.jobs.running import run_waiting

WORDS = ["launch", "Launches", "budget", "Straße", "会議の議事録", "Ωμέγα", "price", "of", "the", "a"]
ASKED = [
    "launch",
    "laun",
    "straße",
    "STRASSE",
    "会議",
    "録",
    "price of",
    "the bud",
    "zzz",
    "ωμέγα a",
    "unch",
    "of of",
    "?!",
]


@query
def _terms(own: Guard) -> Any:
    return select(ask_words.c.term).where(own(ask_words))


@given(st.text(max_size=60), st.text(min_size=1, max_size=12))
def test_a_message_that_is_found_has_a_term_that_begins_with_each_word(text: str, asked: str) -> None:
    wanted = Wanted(asked)
    if wanted.words and wanted.is_in(text):
        terms = terms_of(text)
        assert all(any(term.startswith(start) for term in terms) for start in wanted.terms)


@pytest.mark.parametrize(
    ("text", "asked", "is_found"),
    [
        ("The launch is in June.", "LAUNCH june", True),
        ("The launch is in June.", "lau jun", True),
        ("The launch is in June.", "aunch", False),
        ("The launch is in June.", "launch july", False),
        ("Die Straße ist gesperrt.", "STRASSE", True),
        ("明日の会議は延期です", "会議", True),
        ("明日の会議は延期です", "議会", False),
        ("We paid 1,250 euros.", "1,250", True),
        ("nothing", "?!", True),  # no word, so nothing that is not there
    ],
)
def test_words_are_found_by_how_they_begin_in_any_case(text: str, asked: str, is_found: bool) -> None:
    assert Wanted(asked).is_in(text) == is_found


def test_a_snippet_shows_the_first_word_that_was_found_and_is_short() -> None:
    text = " ".join(["before"] * 100 + ["lantern"] + ["after\n"] * 100)
    snippet = Wanted("lantern").snippet_of(text)
    assert "lantern" in snippet
    assert "\n" not in snippet
    assert snippet.startswith("… before")
    assert snippet.endswith("after …")
    assert len(snippet) <= SNIPPET_CHARS + 4
    assert Wanted("lantern").snippet_of("A lantern.") == "A lantern."


def message(number: int, ordinal: int, content: str) -> Message:
    role = "user" if ordinal % 2 == 0 else "assistant"
    return Message(f"msg_{number:024}", ordinal, role, content, (TextPart(content),), None, None, None, 1_000 + number // 2,
                   Tokens())  # type: ignore[arg-type]  # fmt: skip


async def everything(tenant: Tenant, asked: str) -> list[str]:
    found: list[str] = []
    after = None
    while True:
        rows = await search_messages(tenant, Page(7, after), asked)
        found += [row.message_id for row in rows]
        if len(rows) < 7:
            return found
        after = (rows[-1].created_us, rows[-1].message_id)


@pytest.fixture
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(word_index, "BLOCK", 16)
    monkeypatch.setattr(message_search, "_REACH", 5)
    monkeypatch.setattr(message_search, "_FAR_REACH", 9)
    monkeypatch.setattr(message_search, "_MAX_UNINDEXED", 40)
    monkeypatch.setattr(message_search, "_MAX_CANDIDATES", 50)


@pytest.mark.usefixtures("small_blocks")
async def test_search_agrees_with_looking_at_every_message_through_writes_and_deletions(runtime: Runtime) -> None:
    dice = random.Random(11)

    def text() -> str:
        tail = "".join(dice.choice(string.ascii_lowercase) for _ in range(dice.randrange(5)))
        return " ".join([*dice.choices(WORDS, k=dice.randint(1, 4)), tail]).strip()

    project = await create_project(runtime.operator, "chats")
    tenant = await get_tenant(runtime.operator, project.id, "live")
    users = [await create_end_user(tenant) for _ in range(2)]
    owners = [tenant.acting_for(user.id, user.number) for user in users]
    sessions: dict[str, tuple[int, dict[str, tuple[int, str]]]] = {}
    number = 0
    for step in range(60):
        at = dice.randrange(2)
        session = await create_session(owners[at], Scope("library"))
        written = [message(number + one, one, text()) for one in range(dice.randint(1, 9))]
        number += len(written)
        async with owners[at].writing() as work:
            await insert_messages(work, session.id, users[at].id, written)
        sessions[session.id] = (at, {one.id: (one.created_us, one.content) for one in written})
        if step % 7 == 3:
            for one in users:
                await run_waiting(runtime, tenant, f"{word_index.INDEX_MESSAGES}:{one.id}")
        if step % 5 == 4:
            gone = dice.choice(sorted(sessions))
            await delete_session(tenant if step % 2 else owners[sessions[gone][0]], runtime.deletion, gone)
            del sessions[gone]
        if step % 10 == 9:
            for asked in ASKED:
                for each, owner in enumerate(owners):
                    theirs = {key: one for of, those in sessions.values() if of == each for key, one in those.items()}
                    wanted = Wanted(asked)
                    right = sorted(
                        ((us, key) for key, (us, content) in theirs.items() if wanted.words and wanted.is_in(content)),
                        reverse=True,
                    )
                    assert await everything(owner, asked) == [key for _, key in right], asked
    assert await tenant.fetch_all(_terms)


@pytest.mark.usefixtures("small_blocks")
async def test_nothing_of_a_deleted_session_or_person_stays_in_the_index(runtime: Runtime) -> None:
    project = await create_project(runtime.operator, "chats")
    tenant = await get_tenant(runtime.operator, project.id, "live")
    user = await create_end_user(tenant)
    owner = tenant.acting_for(user.id, user.number)
    made = [await create_session(owner, Scope("library")) for _ in range(2)]
    for which, session in enumerate(made):
        async with owner.writing() as work:
            written = [
                message(which * 10 + one, one, f"{'secret' if which else 'plain'} word{one}") for one in range(8)
            ]
            await insert_messages(work, session.id, user.id, written)
    await run_waiting(runtime, tenant, f"{word_index.INDEX_MESSAGES}:{user.id}")
    assert ("secret",) in await tenant.fetch_all(_terms)
    await delete_session(tenant, runtime.deletion, made[1].id)
    left = {term for (term,) in await tenant.fetch_all(_terms)}
    assert left == {"plain", *(f"word{one}" for one in range(8))}
    assert len(await list_messages(owner, made[0].id, MessagePage(limit=20))) == 8
    await runtime.deletion.erase_end_user(tenant, user.id)
    assert await tenant.fetch_all(_terms) == []
