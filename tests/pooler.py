"""PgBouncer in transaction mode, in front of the PostgreSQL of the tests."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from tests.postgres import ROLE

PORT = 6432
CONNECTIONS = 3
"""To PostgreSQL: fewer than clients have, so that transactions of one client run on several of them."""
_CONFIG = """\
[databases]
* = host={behind}
[pgbouncer]
listen_addr =
listen_port = {port}
unix_socket_dir = {folder}
auth_type = trust
auth_file = {folder}/users.txt
pool_mode = transaction
default_pool_size = {connections}
max_client_conn = 200
logfile = {folder}/pgbouncer.log
pidfile = {folder}/pgbouncer.pid
"""


def find_pgbouncer() -> str:
    """Return the program, which Debian has in `/usr/sbin`."""
    found = shutil.which("pgbouncer") or shutil.which("pgbouncer", path="/usr/sbin:/usr/local/sbin")
    assert found, "The tests of a pooler need PgBouncer; install it (on Debian: apt-get install pgbouncer)."
    return found


@contextmanager
def pooling(folder: Path, url: str) -> Iterator[str]:
    """Start a pooler before a database, in a `folder` of a short name, as sockets need; yield the URL through it."""
    folder.mkdir(mode=0o755)
    parts = urlsplit(url)
    behind = parse_qs(parts.query)["host"][0]
    config = folder / "pgbouncer.ini"
    config.write_text(_CONFIG.format(behind=behind, folder=folder, port=PORT, connections=CONNECTIONS))
    (folder / "users.txt").write_text(f'"{ROLE}" ""\n')
    command = [find_pgbouncer(), "--quiet", str(config)]
    if os.getuid() == 0:  # it refuses to run as root; PostgreSQL's socket is its own user's
        owner = Path(behind).stat().st_uid
        for path in (folder, config, folder / "users.txt"):
            os.chown(path, owner, -1)
        command[1:1] = [f"--user={Path(behind).owner()}"]
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    try:
        _wait_for(folder / f".s.PGSQL.{PORT}", process)
        yield f"postgresql://{ROLE}@{parts.path}?host={folder}&port={PORT}"
    finally:
        process.terminate()
        process.wait(30)


def _wait_for(socket: Path, process: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + 30
    while not socket.exists():
        assert process.poll() is None, "PgBouncer has ended."
        assert time.monotonic() < until, "PgBouncer does not listen."
        time.sleep(0.02)
