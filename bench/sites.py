"""Fills databases to measure: one project, and another with as many sessions."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.postgres import Cluster, running_cluster

from bench.bulk import TenantPlan, load_postgres, load_sqlite
from earmark.config import Settings
from earmark.identity.keys import create_key
from earmark.identity.projects import create_project, get_tenant
from earmark.runtime import open_runtime

DATABASES = ("sqlite", "postgresql")
_NO_LIMIT = 1_000_000_000


@dataclass
class Site:
    """A filled database and what is needed to query it."""

    settings: Settings
    plan: TenantPlan
    key: str

    @property
    def environment(self) -> dict[str, str]:
        """Return the settings for a server process; the rate limit is on, but high."""
        env = {"EARMARK_DATA_DIR": str(self.settings.data_dir), "EARMARK_RATE_LIMIT_OVERALL": str(_NO_LIMIT)}
        for name in ("database_url", "migration_database_url"):
            value = getattr(self.settings, name)
            if value:
                env[f"EARMARK_{name.upper()}"] = value
        return env


@contextmanager
def filled_sites(database: str, sizes: Sequence[int]) -> Iterator[list[Site]]:
    """Fill a database per size, all at once for alternation; remove them at the end."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="eb")))
        cluster = stack.enter_context(running_cluster(folder / "pg")) if database == "postgresql" else None
        yield [_fill(folder / str(size), size, cluster) for size in sizes]


def _fill(data_dir: Path, size: int, cluster: Cluster | None) -> Site:
    if cluster is None:
        settings = Settings(data_dir=data_dir, rate_limit_overall=_NO_LIMIT)
        key, plans = asyncio.run(_prepare(settings, size))
        load_sqlite(settings.database_path, plans)
        return Site(settings, plans[0], key)
    url, owner_url = cluster.new_database()
    settings = Settings(
        data_dir=data_dir, database_url=url, migration_database_url=owner_url, rate_limit_overall=_NO_LIMIT
    )
    data_dir.mkdir()
    key, plans = asyncio.run(_prepare(settings, size))
    load_postgres(url.replace("earmark_app@", "postgres@"), plans)
    return Site(settings, plans[0], key)


async def _prepare(settings: Settings, size: int) -> tuple[str, list[TenantPlan]]:
    """Create the measured project and an equal one; return the key and the plans."""
    async with open_runtime(settings) as runtime:
        plans, key = [], ""
        for name in ("measured", "others"):
            project = await create_project(runtime.operator, name)
            tenant = await get_tenant(runtime.operator, project.id, "live")
            key = key or (await create_key(tenant)).secret
            plans.append(TenantPlan(tenant.key.tenant_id, size))
    return key, plans
