"""Rate limits: exact across processes, and shown in headers."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import httpx

from tests.http.conftest import error_of
from tests.server import Place, new_project, running

HEADERS = ("x-ratelimit-limit", "x-ratelimit-remaining", "x-ratelimit-reset")


def in_one_minute(work: Callable[[], None]) -> None:
    """Run `work`; if it fails and a new minute reset the counters meanwhile, run it again."""
    for _ in range(5):
        minute = time.time() // 60
        try:
            return work()
        except AssertionError:
            if time.time() // 60 == minute:
                raise
    raise AssertionError("the work takes longer than a minute")


def test_a_burst_lets_through_exactly_the_limit_over_two_processes(fresh_place: Place) -> None:
    with running(fresh_place, "--workers", "2", EARMARK_RATE_LIMIT_OVERALL="100") as server:

        def burst() -> None:
            key, other = new_project(fresh_place).live, new_project(fresh_place).live

            def ask(_: int) -> httpx.Response:
                with server.client(key) as client:
                    return client.get("/v1/ask/sessions?limit=1")

            with ThreadPoolExecutor(16) as pool:
                answers = list(pool.map(ask, range(300)))
            statuses = [answer.status_code for answer in answers]
            assert (statuses.count(200), statuses.count(429)) == (100, 200)
            remaining = sorted(int(one.headers[HEADERS[1]]) for one in answers if one.status_code == 200)
            assert remaining == list(range(100))
            refused = next(one for one in answers if one.status_code == 429)
            assert error_of(refused)["code"] == "rate_limit_exceeded"
            assert 1 <= int(refused.headers["retry-after"]) <= 60
            assert {answer.headers[HEADERS[0]] for answer in answers} == {"100"}
            assert all(int(answer.headers[HEADERS[2]]) % 60 == 0 for answer in answers)
            with server.client(other) as client:
                assert client.get("/v1/ask/sessions").status_code == 200
                wrong = client.get("/v1/ask/sessions?limit=0")
                assert (wrong.status_code, wrong.headers[HEADERS[1]]) == (400, "98")
            for answer in (httpx.get(server.base_url + "/v1/ask/sessions"), httpx.get(server.base_url + "/v1/nothing")):
                assert not set(HEADERS) & set(answer.headers)

        in_one_minute(burst)
