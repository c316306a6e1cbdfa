"""Which queries go by a time: none of those that decide what is current."""

from __future__ import annotations

import re

from tests.meta.test_code import QUERIES, SHAPES, _compilers

BY_TIME = {
    "ask.select_sessions": "the list, by last activity",
    "ask.select_sessions_titled": "the list, by last activity",
    "ask.select_sessions_titled_among": "the list, by last activity",
    "ask.select_sessions_titled_near": "the list, by last activity",
    "idempotency.select_expired": "what has outlived its day",
    "identity.select_keys": "a list",
    "identity.select_projects": "a list",
    "jobs.select_due": "the longest due runs first",
    "jobs.select_job_counts": "how long the oldest has waited",
    "jobs.select_jobs_listed": "a list",
    "library.select_end_users": "a list",
    "library.select_folder_named": "one of several folders of a name, for an import: always the same",
    "library.select_folders": "a list",
    "library.select_recordings": "a list",
    "library.select_recordings_in_folder": "a list",
    "library.select_recordings_named": "a list",
    "library.select_transcribed": "the newest talk, by when it was recorded",
    "library.select_transcriptions": "a list of many recordings; that of one is by `seq`",
    "retrieval.select_indexes": "a list",
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
