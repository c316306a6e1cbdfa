"""`GET /ready`, for balancers: what takes a server out of service, and what does not."""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import closing
from pathlib import Path

import httpx

from earmark.api.edge.readiness import look
from earmark.runtime import Runtime
from tests.server import Place, Server, running

NEEDED = {"database": "ok", "migrations": "ok", "disk": "ok", "shutdown": "ok"}


def test_a_server_that_works_is_ready_and_says_what_it_checked(server: Server) -> None:
    answer = httpx.get(server.base_url + "/ready")
    body = answer.json()
    assert (answer.status_code, body["status"]) == (200, "ready")
    assert NEEDED.items() <= body["checks"].items()
    assert {"background jobs", "background job leases", "background signals"} <= set(body["checks"])
    assert set(body["checks"].values()) == {"ok"}


async def test_a_background_task_that_died_degrades_and_drains_nobody(runtime: Runtime) -> None:
    async def die() -> None:
        raise ZeroDivisionError

    runtime.supervisor.start("jobs", die)
    await asyncio.sleep(0.1)
    body = await look(runtime, is_draining=False)
    assert body["status"] == "degraded"
    assert "ZeroDivisionError" in body["checks"]["background jobs"]
    await runtime.supervisor.stop()


async def test_a_server_that_goes_down_is_unready(runtime: Runtime) -> None:
    assert (await look(runtime, is_draining=True))["status"] == "unready"


async def test_a_data_folder_that_is_gone_makes_the_server_unready(runtime: Runtime) -> None:
    runtime.settings.data_dir.rename(runtime.settings.data_dir.with_name("elsewhere"))
    body = await look(runtime, is_draining=False)
    runtime.settings.data_dir.with_name("elsewhere").rename(runtime.settings.data_dir)
    assert body["status"] == "unready"
    assert body["checks"]["disk"] != "ok"


def test_an_older_schema_beneath_a_server_makes_it_unready_and_a_newer_one_does_not(
    tmp_path: Path,
) -> None:
    place = Place(tmp_path / "earmark")  # a server's role on PostgreSQL can't change the revision
    with running(place) as server, closing(sqlite3.connect(place.settings.database_path)) as database:
        for revision, status in (("0001_initial", 503), ("9999_later", 200)):
            database.execute("UPDATE alembic_version SET version_num = ?", (revision,))
            database.commit()
            assert httpx.get(server.base_url + "/ready").status_code == status
