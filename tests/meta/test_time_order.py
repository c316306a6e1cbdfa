"""What goes by the wall clock: no query that decides what is current, and no wait."""

from __future__ import annotations

import ast
import re

from tests.meta.sources import nodes
from tests.meta.test_code import QUERIES, SHAPES, _compilers

BY_TIME = {
    "media.select_newest_media": "a sample that doctor looks at",
    "ask.select_messages_near": "found messages, newest first",
    "ask.select_unindexed": "which messages stand together in the word index, whatever their order",
    "ask.select_sessions": "the list, by last activity",
    "ask.select_sessions_titled": "the list, by last activity",
    "ask.select_sessions_titled_among": "the list, by last activity",
    "ask.select_sessions_titled_near": "the list, by last activity",
    "idempotency.select_expired": "what has outlived its day",
    "identity.select_access_tokens": "a list",
    "identity.select_keys": "a list",
    "identity.select_devices": "a list",
    "identity.select_newest_keys": "a list",
    "identity.select_projects": "a list",
    "imports.select_imports": "a list",
    "imports.select_imports_page": "a list",
    "jobs.select_due_by_kind": "a metric: how long the oldest has waited",
    "jobs.select_due": "the longest due runs first",
    "jobs.select_due_end_user": "whether anything of an end user is due",
    "jobs.select_pending_groups": "whether anything of a tenant is due",
    "jobs.select_job_counts": "how long the oldest has waited",
    "jobs.select_jobs_listed": "a list",
    "library.select_end_users": "a list",
    "library.select_folder_named": "one of several folders of a name, for an import: always the same",
    "library.select_folders": "a list",
    "library.select_recordings": "a list",
    "library.select_recordings_in_folder": "a list",
    "library.select_recordings_named": "a list",
    "library.select_recordings_ordered": "a list",
    "library.select_recordings_without": "a list",
    "library.select_speakers": "when somebody last spoke, by when it was recorded",
    "library.select_transcribed": "the newest talk, by when it was recorded",
    "library.select_transcriptions": "a list of many recordings; that of one is by `seq`",
    "library.select_transcripts_of_speaker": "a list",
    "oauth.select_grants": "a list",
    "retrieval.select_indexes": "a list",
    "sharing.select_shares": "a list",
    "summaries.select_completed": "whose items are listed once another summary is deleted",
    "webhooks.select_deliveries": "a list",
    "webhooks.select_earliest": "whether its time was set before the clock stepped back",
    "webhooks.select_endpoints": "a list",
    "webhooks.select_failed": "some at a time after a place; one that the clock hides stays failed and can be resent",
    "webhooks.select_pending_totals": "a metric: the age of the oldest",
    "webhooks.select_next": "the longest due is sent first",
    "webhooks.select_next_time": "when a lane looks again; it is woken by what comes meanwhile",
    "summaries.select_items": "a list, by when the talks were recorded",
    "summaries.select_summaries": "a list",
    "summaries.select_templates": "a list",
}
"""Queries that order by a time or take the greatest, and why a clock that steps back does no harm there."""


def test_only_lists_and_lifetimes_go_by_the_clock() -> None:
    found = {}
    for name, asked in QUERIES.items():
        for compiler in _compilers(name)[:1]:
            for shape in SHAPES.get(name, [{}]):
                sql = compiler.compile(asked, scoped=False, shape=shape, is_operator=asked.is_operators).sql
                if re.search(r"ORDER BY[^)]*_us\b|\b(?:max|min)\([^)]*_us\b", sql):
                    found[name] = sql
    assert set(found) == set(BY_TIME), found


def test_the_transcriptions_of_a_recording_go_by_their_sequence() -> None:
    compiler = _compilers("library.select_transcriptions")[0]
    for is_continued in (False, True):
        shape = {"filters": frozenset({"recording_id"}), "is_continued": is_continued}
        sql = compiler.compile(QUERIES["library.select_transcriptions"], scoped=False, shape=shape).sql
        assert re.search(r"ORDER BY transcriptions\.seq DESC", sql)


BY_NOW = {
    "sharing/opening.py": "a link's life",
    "api/wire/common.py": "a time of the request that has to be in the future",
    "ask/sessions/generated_titles.py": "activity never goes back",
    "ask/sessions/sessions.py": "activity never goes back",
    "ask/turns/ending.py": "activity never goes back",
    "ask/turns/following.py": "how long events of an ended turn are kept",
    "ask/turns/question.py": "activity never goes back",
    "api/wire/webhooks.py": "when an earlier secret ends",
    "cli/keys.py": "when a key ends",
    "identity/keys.py": "when a credential ends",
    "identity/setup_codes.py": "when the code of the first link ends",
    "library/folders.py": "activity never goes back",
    "limits/admission.py": "the next minute, which is one of the wall clock",
    "media/uploads.py": "activity never goes back",
    "oauth/clients.py": "how long a client's document is kept",
    "oidc/flow.py": "how long a sign-in may take",
    "oauth/tokens.py": "when a code or token ends",
    "webhooks/deliveries.py": "an endpoint that looks made in the future: the clock stepped back, and it is told of all",
    "webhooks/delivering.py": "a time that was set before the clock stepped back is due at once",
    "webhooks/queueing.py": "as in deliveries: else an endpoint would miss what happens until the clock is there again",
    "webhooks/rotation.py": "when an earlier secret ends",
    "metrics.py": "files that servers before this one left",
}
"""Which modules compare a time with the wall clock's now, and what it decides there; none decides how long to wait."""


def test_no_wait_goes_by_the_wall_clock() -> None:
    found = set()
    for file, node in nodes():
        is_compared = isinstance(node, ast.Compare)
        is_chosen = isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ("min", "max")
        if (is_compared or is_chosen) and re.search(r"\bnow_us\(\)|\btime\.time", ast.unparse(node)):
            found.add(file)
    assert found == set(BY_NOW)
