"""Rules of the code that no linter checks."""

from __future__ import annotations

import ast
import inspect
import itertools
import re
from collections.abc import Iterator, Mapping
from itertools import chain, combinations
from typing import Any

import pytest
from sqlalchemy import bindparam, delete, exists, select, update
from sqlalchemy.dialects import sqlite
from sqlalchemy.dialects.postgresql.asyncpg import PGDialect_asyncpg

from earmark.api.edge.app import ROUTES
from earmark.api.pipeline.pipeline import ANY_SCOPE
from earmark.api.pipeline.registry import Route
from earmark.ask.types import SessionFilters
from earmark.errors import EarmarkError
from earmark.library.types import RecordingFilters
from earmark.sharing.types import ShareFilters
from earmark.storage import dump
from earmark.storage.errors import UnguardedQueryError
from earmark.storage.query import Compiled, Compiler, Guard, Query, query
from earmark.storage.tables import CUSTOMER_TABLES, OWNER_COLUMN, ask_messages, ask_sessions, recordings
from earmark.summaries.types import ItemFilters, SummaryFilters
from earmark.webhooks.types import DeliveryFilters
from tests.meta.sources import modules, nodes, place, source_files, text_of, tree_of

FILE_LINES, FUNCTION_LINES = 300, 40

# ---- the environment, exceptions, transactions -----------------------------------------------------


def test_only_config_reads_the_environment() -> None:
    found = []
    for file, node in nodes(outside=("config/loading.py",)):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "os":
            found += [place(file, node)] if node.attr in ("environ", "environb", "getenv", "putenv") else []
        elif isinstance(node, ast.ImportFrom) and node.module == "os":
            found += [place(file, node)] if {one.name for one in node.names} & {"environ", "getenv"} else []
    assert found == []


def test_only_one_module_gives_work_to_threads_so_that_all_of_it_knows_its_request() -> None:
    found = []
    for file, node in nodes(outside=("contexts.py",)):
        if isinstance(node, ast.Attribute) and node.attr in ("run_in_executor", "submit"):
            found.append(place(file, node))
    assert found == []


CATCH_ALL = (
    "api/edge/app.py", "computing/__main__.py", "mcp/server.py", "storage/migrate.py", "llm/vendor.py", "jobs/outcomes.py",
    "supervision.py",
)  # fmt: skip
"""Where any exception becomes an answer, a refused start, a provider's failure, a failed job, a restarted task, or a
fault of a computation that the server is told of."""


def test_only_the_places_that_must_survive_any_bug_catch_every_exception() -> None:
    found = []
    for file, node in nodes(outside=CATCH_ALL):
        if isinstance(node, ast.ExceptHandler):
            caught = (
                {one.id for one in ast.walk(node.type) if isinstance(one, ast.Name)} if node.type else {"Exception"}
            )
            found += [place(file, node)] if "Exception" in caught else []
    assert found == []


def test_code_that_catches_cancellation_raises_it_again() -> None:
    found = []
    for file, node in nodes():
        if isinstance(node, ast.ExceptHandler) and isinstance(node.type, ast.Name) and node.type.id == "BaseException":
            last = node.body[-1]
            found += [] if isinstance(last, ast.Raise) and last.exc is None else [place(file, node)]
    assert found == []


def test_only_jobs_do_something_after_a_commit_and_a_job_does_it_too() -> None:
    found = {
        file
        for file, node in nodes(outside=("storage/tenant.py",))
        if isinstance(node, ast.Attribute) and node.attr == "after_commit"
    }
    assert found == {"jobs/queue.py"}


def test_only_storage_begins_and_ends_transactions() -> None:
    found = []
    for file, node in nodes(outside=("storage/",)):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            found += [place(file, node)] if re.search(r"\b(BEGIN|COMMIT|ROLLBACK|SAVEPOINT)\b", node.value) else []
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            found += [place(file, node)] if node.func.attr in ("commit", "rollback", "begin") else []
    assert found == []


def test_only_two_files_make_compiled_queries() -> None:
    makers = set()
    for file, node in nodes():
        if isinstance(node, ast.Call):
            name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            makers |= {file} if name == "Compiled" else set()
    assert makers == {"storage/query.py", "storage/credentials.py"}


# ---- every query is its tenant's -------------------------------------------------------------------


def _subsets(names: tuple[str, ...]) -> Iterator[frozenset[str]]:
    for chosen in chain.from_iterable(combinations(names, size) for size in range(len(names) + 1)):
        yield frozenset(chosen)


def _pages(filters: tuple[str, ...]) -> list[Mapping[str, Any]]:
    return [{"filters": one, "is_continued": more} for one in _subsets(filters) for more in (False, True)]


_UNTITLED = tuple(name for name in SessionFilters.names() if name != "q")
_SAME_SUMMARY = [
    {"made_by": made_by, "has_provider": named} for made_by in ("template", "prompt") for named in (False, True)
]
_FEW = [frozenset(some) for some in ((), *((name,) for name in RecordingFilters.names()), RecordingFilters.names())]
"""Filters alone and all together, where every combination with each order would be thousands."""
SHAPES: dict[str, list[Mapping[str, Any]]] = {
    "ask.select_session_state": [{}, {"for_update": True}],
    "ask.select_sessions": _pages(_UNTITLED),
    "ask.select_sessions_titled": _pages(_UNTITLED),
    "ask.select_sessions_titled_near": _pages(_UNTITLED),
    "ask.select_sessions_titled_among": [
        {**shape, "is_indexed": is_indexed} for shape in _pages(_UNTITLED) for is_indexed in (False, True)
    ],
    "ask.select_title_counter": [{"for_update": False}, {"for_update": True}],
    "identity.select_access_tokens": [{"is_continued": False}, {"is_continued": True}],
    "corrections.select_revisions": [{"is_continued": False}, {"is_continued": True}],
    "identity.select_devices": [{"is_continued": False}, {"is_continued": True}],
    "identity.select_newest_keys": [{"is_continued": False}, {"is_continued": True}],
    "identity.select_newest_audit_events": [{"is_continued": False}, {"is_continued": True}],
    "identity.select_audit_events": [{"is_continued": False}, {"is_continued": True}],
    "identity.select_audit_head": [{"for_update": False}, {"for_update": True}],
    "ask.select_unindexed": [{"for_update": False}, {"for_update": True}],
    "ask.select_word_blocks": [{"for_update": False}, {"for_update": True}],
    "ask.select_indexed_of": [{"is_one": False}, {"is_one": True}],
    **{
        f"ask.select_messages_{which}": [{"is_continued": False}, {"is_continued": True}]
        for which in ("near", "numbered", "unindexed")
    },
    "ask.select_titles_of": [{"whose": "session"}, {"whose": "end_user"}],
    "ask.select_messages": [
        {"is_continued": more, "is_descending": back} for more in (False, True) for back in (False, True)
    ],
    "ask.select_usage": [
        {"filters": frozenset(some)}
        for count in range(5)
        for some in itertools.combinations(("after", "since", "until", "end_user_id"), count)
    ],
    "library.select_end_users": [{"is_continued": False}, {"is_continued": True}],
    "library.select_recording": [{}, {"for_update": True}],
    "library.select_end_user": [{}, {"for_update": True}],
    "library.select_folder": [{}, {"for_update": True}],
    "media.select_media_of_recording": [{}, {"for_update": True}],
    "imports.select_import": [{}, {"for_update": True}],
    "imports.select_imports_page": [
        {"filters": filters, "is_continued": is_continued}
        for filters in (frozenset(), frozenset({"end_user_id"}))
        for is_continued in (False, True)
    ],
    "summaries.select_summary": [{}, {"for_update": True}],
    "summaries.select_open": _SAME_SUMMARY,
    "summaries.delete_replaced": _SAME_SUMMARY,
    "summaries.select_summaries": _pages(SummaryFilters.names()),
    "summaries.select_items": _pages(ItemFilters.names()),
    "media.select_media": [{"for_update": False}, {"for_update": True}],
    "library.select_folders": _pages(("end_user_id",)),
    "library.select_recordings": _pages(RecordingFilters.names()),
    "library.select_recordings_named": _pages(RecordingFilters.names()),
    "library.select_recordings_ordered": [
        {"filters": filters, "by": by, "is_ascending": up, "is_continued": more}
        for filters in _FEW
        for by in ("created_us", "recorded_us", "name_folded", "duration_ms")
        for up in (False, True)
        for more in (False, True)
    ],
    "library.select_recordings_without": [
        {"filters": filters, "by": by, "is_continued": more}
        for filters in _FEW
        for by in ("recorded_us", "name_folded", "duration_ms")
        for more in (False, True)
    ],
    "library.select_transcribed": [{"is_narrowed": True}, {"is_narrowed": False}],
    "library.select_speakers": [{"is_one": True}, {"is_one": False}],
    "library.select_transcripts_of_speaker": [{"is_narrowed": True}, {"is_narrowed": False}],
    "library.select_transcriptions": _pages(("recording_id",)),
    "storage._insert_row": [{"name": name} for name in dump.CUSTOMERS],
    "storage._insert_system": [{"name": name} for name in dump.SYSTEM],
    "storage._select_page": [
        {"name": name, "is_continued": is_continued} for name in dump.CUSTOMERS for is_continued in (False, True)
    ],
    "storage._delete_system": [{"name": name} for name in ("installation", "event_readers")],
    "sharing.select_shares": _pages(ShareFilters.names()),
    "webhooks.select_endpoint": [{}, {"for_update": True}],
    "oauth.select_grants": _pages(("end_user_id",)),
    "webhooks.select_endpoints": [{"is_continued": False}, {"is_continued": True}],
    "webhooks.select_delivery": [{}, {"for_update": True}],
    "webhooks.select_deliveries": _pages(DeliveryFilters.names()),
    "processing.select_project_config": [{}, {"for_update": True}],
    "processing.select_end_user_config": [{}, {"for_update": True}],
    **{
        f"processing.select_old_{name}": [{"of_one": False}, {"of_one": True}]
        for name in ("audio", "transcripts", "sessions")
    },
    "jobs.select_reader": [{"for_update": False}, {"for_update": True}],
    "jobs.select_due": [{"whose": whose} for whose in ("one", "none", "any")],
    "jobs.select_jobs_listed": [{"has_state": False}, {"has_state": True}],
    "storage._select_system": [{"name": name} for name in dump.SYSTEM],
    "storage.select_packed": [{"is_narrowed": True}, {"is_narrowed": False}],
    "storage.select_products": [{"is_narrowed": True}, {"is_narrowed": False}],
}
"""Every shape of every query that has any. A query's shapes are the keyword arguments of its builder."""


def _queries() -> dict[str, Query]:
    """Return every query of the program, by its room (the package that it is written in) and name."""
    made = {one for module in modules() for one in vars(module).values() if isinstance(one, Query)}
    return {f"{one.build.__module__.split('.')[1]}.{one.name}": one for one in made}


QUERIES = _queries()


POSTGRESQL_ONLY = {"storage.select_packed", "storage.select_products"}
"""pgvector's: SQLite has no such functions."""


def _compiler() -> Compiler:
    return Compiler(sqlite.dialect(paramstyle="qmark"))


def _compilers(name: str) -> list[Compiler]:
    postgresql = Compiler(PGDialect_asyncpg())  # type: ignore[no-untyped-call]
    return [postgresql] if name in POSTGRESQL_ONLY else [_compiler(), postgresql]


def _is_tenants(compiled: Compiled) -> bool:
    """Whether the SQL itself restricts every customers' table to its tenant."""
    read = set(re.findall(r"(?:FROM|JOIN|UPDATE) (\w+)", compiled.sql)) & CUSTOMER_TABLES
    written = set(re.findall(r"INSERT INTO (\w+)", compiled.sql)) & CUSTOMER_TABLES
    bound = len(re.findall(r"tenant_id = (?:\?|\$\d+)", compiled.sql))
    return bound >= len(read) and ("tenant_id" in compiled.bound or not read | written)


def test_queries_are_written_in_the_rooms_queries_files_only() -> None:
    files = set()
    for file, node in nodes(outside=("storage/",)):
        if isinstance(node, ast.FunctionDef):
            marks = {one.id for one in node.decorator_list if isinstance(one, ast.Name)}
            files |= {file} if marks & {"query", "long_query"} else set()
    assert files
    assert [file for file in files if not file.endswith("queries.py")] == []


def test_there_are_queries_to_check() -> None:
    assert len(QUERIES) > 50


def test_every_query_that_has_shapes_is_listed_with_them_and_no_other() -> None:
    shaped = {name for name, one in QUERIES.items() if len(inspect.signature(one.build).parameters) > 1}
    assert shaped == set(SHAPES)


@pytest.mark.parametrize("scoped", [False, True])
@pytest.mark.parametrize("name", sorted(QUERIES))
def test_a_query_compiles_guarded_in_each_of_its_shapes(name: str, scoped: bool) -> None:
    for compiler in _compilers(name):
        for shape in SHAPES.get(name, [{}]):
            asked = QUERIES[name]
            compiled = compiler.compile(asked, scoped=scoped, shape=shape, is_operator=asked.is_operators)
            assert asked.is_operators or _is_tenants(compiled), compiled.sql


_NEW_OWNERS = {"end_users"}
"""Inserting an end user names nobody who is there already."""


@pytest.mark.parametrize("name", sorted(name for name, asked in QUERIES.items() if not asked.is_operators))
def test_a_query_of_one_end_users_caller_names_that_end_user(name: str) -> None:
    compiler = _compilers(name)[0]
    for shape in SHAPES.get(name, [{}]):
        compiled = compiler.compile(QUERIES[name], scoped=True, shape=shape)
        touched = set(re.findall(r"(?:FROM|JOIN|UPDATE|INTO) (\w+)", compiled.sql)) & CUSTOMER_TABLES
        if {table for table in touched if OWNER_COLUMN.get(table, "end_user_id") is not None} - _NEW_OWNERS:
            assert {"caller_end_user_id", "caller_end_user_no"} & set(compiled.names), compiled.sql


@query
def _select_all(own: Guard) -> Any:
    return select(ask_sessions.c.id)


@query
def _select_by_id(own: Guard) -> Any:
    return select(ask_sessions.c.id).where(ask_sessions.c.id == bindparam("session_id"))


@query
def _update_all(own: Guard) -> Any:
    return update(ask_sessions).values(title=bindparam("new_title"))


@query
def _delete_all(own: Guard) -> Any:
    return delete(ask_sessions)


@query
def _join_forgets_one(own: Guard) -> Any:
    joined = ask_messages.c.session_id == ask_sessions.c.id
    return select(ask_messages.c.id).join(ask_sessions, joined).where(own(ask_messages))


@query
def _subquery_forgets(own: Guard) -> Any:
    others = select(recordings.c.end_user_id)
    return select(ask_sessions.c.id).where(own(ask_sessions), ask_sessions.c.end_user_id.in_(others))


@query
def _exists_forgets(own: Guard) -> Any:
    return select(ask_sessions.c.id).where(own(ask_sessions), exists().where(recordings.c.id == ask_sessions.c.id))


@query
def _alias_hides(own: Guard) -> Any:
    hidden = ask_sessions.alias()
    return select(hidden.c.id).where(own(ask_sessions))


@query
def _column_alone(own: Guard) -> Any:
    return select(ask_sessions.c.id, recordings.c.id).where(own(ask_sessions))


@query
def _predicate_thrown_away(own: Guard) -> Any:
    own(ask_sessions)
    return select(ask_sessions.c.id)


@query
def _guarded_outside_forgotten_inside(own: Guard) -> Any:
    others = select(ask_sessions.c.end_user_id).correlate(None)
    return select(ask_sessions.c.id).where(own(ask_sessions), ask_sessions.c.end_user_id.in_(others))


FORGETFUL = [_select_all, _select_by_id, _update_all, _delete_all, _join_forgets_one, _subquery_forgets,
             _exists_forgets, _alias_hides, _column_alone, _predicate_thrown_away,
             _guarded_outside_forgotten_inside]  # fmt: skip


@pytest.mark.parametrize("scoped", [False, True])
@pytest.mark.parametrize("asked", FORGETFUL, ids=lambda one: one.name)
def test_a_query_that_forgets_its_tenant_is_stopped_before_it_runs(asked: Query, scoped: bool) -> None:
    with pytest.raises(UnguardedQueryError):
        _compiler().compile(asked, scoped=scoped, shape={})


# ---- errors ----------------------------------------------------------------------------------------

CONTRACT = {
    400: {"invalid_request"},
    401: {"unauthorized"},
    403: {"forbidden"},
    404: {"not_found"},
    405: {"method_not_allowed"},
    406: {"not_acceptable"},
    409: {"resource_already_exists", "transcription_not_ready", "conflict", "idempotency_in_progress"},
    413: {"payload_too_large", "context_too_large"},
    415: {"unsupported_media_type"},
    416: {"range_not_satisfiable"},
    422: {"idempotency_key_reused"},
    425: {"upload_not_verified"},
    429: {"rate_limit_exceeded"},
    500: {"internal_error"},
    502: {"provider_error"},
    503: {"unavailable"},
}
"""The table of errors of the wire contract, section 1."""


def _descendants(kind: type[EarmarkError]) -> set[type[EarmarkError]]:
    return {kind}.union(*(_descendants(one) for one in kind.__subclasses__()))


def _errors() -> list[type[EarmarkError]]:
    assert modules()
    return sorted((one for one in _descendants(EarmarkError) if one.__module__.startswith("earmark.")),
                  key=lambda one: one.__qualname__)  # fmt: skip


@pytest.mark.parametrize("kind", _errors(), ids=lambda one: one.__name__)
def test_an_error_has_a_status_and_code_of_the_contract(kind: type[EarmarkError]) -> None:
    assert kind.code in CONTRACT[kind.status]


@pytest.mark.parametrize("kind", _errors(), ids=lambda one: one.__name__)
def test_an_error_says_in_its_docstring_when_it_occurs(kind: type[EarmarkError]) -> None:
    assert "__doc__" in vars(kind)
    assert kind.__doc__


def test_only_bugs_are_internal_errors() -> None:
    assert {one.__name__ for one in _errors() if one.status == 500} == {
        "EarmarkError", "InternalError", "UnguardedQueryError"}  # fmt: skip


# ---- sizes -----------------------------------------------------------------------------------------


def test_no_file_is_too_long() -> None:
    lengths = {file: text_of(file).count("\n") for file in source_files()}
    assert {file: length for file, length in lengths.items() if length > FILE_LINES} == {}


def test_no_function_is_longer_than_a_screen() -> None:
    found = []
    for file in source_files():
        for node in ast.walk(tree_of(file)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                length = (node.end_lineno or node.lineno) - node.lineno + 1
                found += [f"{place(file, node)} {node.name}: {length}"] if length > FUNCTION_LINES else []
    assert found == []


# ---- routes ----------------------------------------------------------------------------------------

OPEN_ROUTES = {"/oauth/authorize", "/oauth/token", "/oauth/revoke", "/oauth/register",
               "/.well-known/oauth-protected-resource/mcp", "/.well-known/oauth-authorization-server",
               "/v1/console/sign-in", "/v1/console/setup", "/v1/media/{media_id}",
               "/v1/imports/{import_id}/content", "/auth/{provider}/start", "/auth/{provider}/callback",
               "/auth/sign-out", "/s/{token}", "/s/{token}/audio"}  # fmt: skip
"""Routes without authentication: each is listed here, so that none becomes one by mistake."""


def _id_of(route: Route) -> str:
    return f"{route.operation.method} {route.operation.path}"


@pytest.mark.parametrize("route", ROUTES, ids=_id_of)
def test_a_route_has_a_summary_in_its_docstring(route: Route) -> None:
    summary = (inspect.getdoc(route.endpoint.handler) or "").split("\n")[0]
    assert summary.endswith(".")


@pytest.mark.parametrize("route", ROUTES, ids=_id_of)
def test_a_route_says_the_prefix_of_each_id_in_its_path(route: Route) -> None:
    rules = route.endpoint.rules
    named = set(re.findall(r"{(\w+)}", route.operation.path)) - {
        "section",
        "token",
        "provider",
    }  # words, a secret: no ids
    assert set(rules.path_prefixes) == named


@pytest.mark.parametrize("route", ROUTES, ids=_id_of)
def test_a_route_asks_for_a_scope_of_the_contract(route: Route) -> None:
    areas = "recordings|transcriptions|end_users|summaries|config|ask|folders|webhooks"
    scope = route.endpoint.rules.scope
    if route.operation.path in OPEN_ROUTES:
        assert scope is None
    elif route.operation.path == "/mcp":
        assert scope == ANY_SCOPE, "each tool asks for its own scopes: tests/http/test_mcp_isolation.py"
    elif route.operation.path.startswith("/v1/shares"):
        assert scope == ANY_SCOPE, "what is shared decides: tests/http/test_shares.py"
    elif route.endpoint.rules.is_persons or route.endpoint.rules.is_unrestricted:
        assert scope == ANY_SCOPE, "the kind of key decides"
    else:
        assert re.fullmatch(rf"({areas}):(read|write)", scope or "none")


@pytest.mark.parametrize("route", ROUTES, ids=_id_of)
def test_a_route_with_query_or_body_checks_its_objects_first(route: Route) -> None:
    rules = route.endpoint.rules
    reads = route.endpoint.query or route.endpoint.takes_body
    assert rules.exists is not None or not (rules.path_prefixes and reads)
