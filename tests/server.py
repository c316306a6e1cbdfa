"""A real server in its own process, and what a test needs to talk to it."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any, TypeVar

import httpx

from earmark.config import Settings
from earmark.identity.keys import create_key
from earmark.identity.projects import create_project, get_tenant
from earmark.library.end_users import get_end_user
from earmark.runtime import Runtime, open_runtime
from tests.zygote import Forked, run_forked

T = TypeVar("T")
EARMARK = [sys.executable, "-m", "earmark"]
SERVE = [*EARMARK, "serve", "--port", "0"]
RECEIVERS = "127.0.0.1/32"
"""Where test servers may send webhooks to: receivers on this machine, and nowhere else."""
_ADDRESS = re.compile(r"http://[^\s/]+")


@dataclass(frozen=True)
class Place:
    """Where a server keeps its data."""

    data_dir: Path
    database_url: str | None = None
    owner_url: str | None = None

    @property
    def settings(self) -> Settings:
        """The same for this process."""
        return Settings(
            data_dir=self.data_dir,
            database_url=self.database_url,
            migration_database_url=self.owner_url,
            webhooks_private_networks=RECEIVERS,
        )

    @property
    def environment(self) -> dict[str, str]:
        """The settings as the server's process gets them."""
        env = {**os.environ, "EARMARK_DATA_DIR": str(self.data_dir), "PYTHONUNBUFFERED": "1"}
        for name in ("OVERALL", "UPLOADS", "TRANSCRIPTIONS", "SUMMARIES"):
            env[f"EARMARK_RATE_LIMIT_{name}"] = "0"  # tests send thousands a minute; test_rates.py sets it
        env["EARMARK_WEBHOOKS_PRIVATE_NETWORKS"] = RECEIVERS
        if self.database_url is None:
            return env
        owner_url = self.owner_url or ""
        return {**env, "EARMARK_DATABASE_URL": self.database_url, "EARMARK_MIGRATION_DATABASE_URL": owner_url}

    def run(self, work: Callable[[Runtime], Awaitable[T]]) -> T:
        """Do operator's work on the same database, from this process, while a server may run."""

        async def main() -> T:
            async with open_runtime(self.settings) as runtime:
                return await work(runtime)

        return asyncio.run(main())

    def cli(self, *arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        """Run a command of the CLI, in a process of its own."""
        done = run_forked(arguments, self.environment, timeout=300)
        if check:
            assert done.returncode == 0, done.stderr
        return done


@dataclass
class Server:
    """A running server."""

    place: Place
    base_url: str
    process: subprocess.Popen[str] | Forked
    extra: dict[str, Any] = field(default_factory=dict)

    def client(self, key: str | None = None) -> httpx.Client:
        """Return a client that sends `key`."""
        headers = {} if key is None else {"Authorization": f"Bearer {key}"}
        return httpx.Client(base_url=self.base_url, headers=headers, timeout=60)

    def stop(self, how: signal.Signals = signal.SIGTERM) -> None:
        """Stop it, and wait until it is gone."""
        self.process.send_signal(how)
        self.process.wait(timeout=60)


@contextmanager
def running(
    place: Place, *options: str, command: Sequence[str] = SERVE, stderr: IO[str] | None = None, **env: str
) -> Iterator[Server]:
    """Start a server on a free port and stop it at the end; its log goes to `stderr`."""
    environment = {**place.environment, **env}
    process: subprocess.Popen[str] | Forked
    if command[0] == sys.executable:
        arguments = command[3:] if command == SERVE else command[1:]  # `earmark …` or `-m tests.…`
        process = Forked([*arguments, *options], environment, stdout=subprocess.PIPE, stderr=stderr)
    else:
        process = subprocess.Popen(
            [*command, *options], env=environment, stdout=subprocess.PIPE, stderr=stderr, text=True
        )
    assert process.stdout is not None
    found = _ADDRESS.search(process.stdout.readline())
    assert found, "the server did not say where it listens"
    server = Server(place, found.group(), process)
    try:
        wait_until_healthy(server)
        yield server
    finally:
        if process.poll() is None:
            server.stop()


def wait_until(is_so: Callable[[], bool], *, most_s: float = 30) -> None:
    """Look again and again; fail when it takes longer."""
    deadline = time.monotonic() + most_s
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def wait_until_healthy(server: Server) -> None:
    """Wait for the first healthy answer."""
    transport = httpx.HTTPTransport(retries=5)
    with httpx.Client(transport=transport, timeout=60) as client:
        assert client.get(server.base_url + "/health").status_code == 200


@dataclass(frozen=True)
class ProjectKeys:
    """A fresh project and its keys."""

    id: str
    live: str
    test: str


def new_project(place: Place, name: str = "tests") -> ProjectKeys:
    """Make a project with a live and a test key."""

    async def work(runtime: Runtime) -> ProjectKeys:
        project = await create_project(runtime.operator, name)
        live = await create_key(await get_tenant(runtime.operator, project.id, "live"))
        test = await create_key(await get_tenant(runtime.operator, project.id, "test"))
        return ProjectKeys(project.id, live.secret, test.secret)

    return place.run(work)


def new_bound_key(place: Place, project_id: str, end_user_id: str, **options: Any) -> str:
    """Make a key bound to one end user."""

    async def work(runtime: Runtime) -> str:
        tenant = await get_tenant(runtime.operator, project_id, "live")
        user = await get_end_user(tenant, end_user_id)
        return (await create_key(tenant, end_user=(user.id, user.number), **options)).secret

    return place.run(work)
