"""Rate limits across hosts that share a database: hosts lease shares and together enforce the limit."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import httpx

from earmark.identity.projects import get_tenant
from earmark.limits import leases as rate_leases
from earmark.runtime import Runtime
from tests.http.test_rates import HEADERS, in_one_minute
from tests.server import Place, Server, new_project, running


def statuses_of(servers: list[Server], key: str, times: int) -> list[httpx.Response]:
    """Send requests to the servers in turn, eight concurrently."""

    def ask(number: int) -> httpx.Response:
        with servers[number % len(servers)].client(key) as client:
            return client.get("/v1/ask/sessions?limit=1")

    with ThreadPoolExecutor(8) as pool:
        return list(pool.map(ask, range(times)))


def test_two_hosts_together_allow_exactly_the_limit(fresh_place: Place, tmp_path: Path) -> None:
    elsewhere = replace(fresh_place, data_dir=tmp_path / "other-host")
    with (
        running(fresh_place, EARMARK_RATE_LIMIT_OVERALL="100") as here,
        running(elsewhere, EARMARK_RATE_LIMIT_OVERALL="100") as there,
    ):

        def burst() -> None:
            answers = statuses_of([here, there], new_project(fresh_place).live, 240)
            statuses = [answer.status_code for answer in answers]
            assert (statuses.count(200), statuses.count(429)) == (100, 140)
            assert {answer.headers[HEADERS[1]] for answer in answers if answer.status_code == 429} == {"0"}

        in_one_minute(burst)


def test_an_idle_host_withholds_at_most_a_twentieth_of_the_limit(fresh_place: Place, tmp_path: Path) -> None:
    elsewhere = replace(fresh_place, data_dir=tmp_path / "other-host")
    with (
        running(fresh_place, EARMARK_RATE_LIMIT_OVERALL="100") as here,
        running(elsewhere, EARMARK_RATE_LIMIT_OVERALL="100") as there,
    ):

        def burst() -> None:
            key = new_project(fresh_place).live
            silent = sum(one.status_code == 200 for one in statuses_of([there], key, 20))
            busy = sum(one.status_code == 200 for one in statuses_of([here], key, 120))
            assert silent == 20
            assert 95 <= silent + busy <= 100

        in_one_minute(burst)


def test_leases_of_past_minutes_are_deleted(fresh_place: Place) -> None:
    project = new_project(fresh_place)

    async def lease_and_sweep(runtime: Runtime) -> list[int]:
        operator = runtime.operator
        tenant = await get_tenant(operator, project.id, "live")
        before = [await rate_leases.lease_requests(tenant, "overall", 1, 3) for _ in range(2)]
        await runtime.rates.sweep(operator)
        return [*before, await rate_leases.lease_requests(tenant, "overall", 1, 3)]

    assert fresh_place.run(lease_and_sweep) == [0, 3, 0]
