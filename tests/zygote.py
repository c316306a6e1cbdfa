"""A process that has earmark imported already and forks for each command: two seconds less for each of hundreds.

What it forks is a real process: own memory, own signals, own exit status, environment, folder and files. Only the
imports and the weights of the models are shared, which take two seconds of processor time and are the same each time:
each process still makes its own sessions and threads of them. A module of tests that
patches the server (`-m tests.slow_server`) is run the same way, as `python -m` would. `test_readme.py` and `test_demo.py` start the installed command itself.
"""

from __future__ import annotations

import atexit
import functools
import gc
import json
import os
import runpy
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO, Any

_SIZE_BYTES = 1 << 20


class Forked:
    """A process of `earmark ARGUMENTS`, or of another module if they begin with `-m`; what tests use of `Popen`."""

    def __init__(
        self, arguments: Sequence[str], env: Mapping[str, str], *, stdout: int | IO[str], stderr: int | IO[str] | None
    ) -> None:
        self.args = list(arguments)
        self.returncode: int | None = None
        self.stdout: IO[str] | None = None
        out = stdout if isinstance(stdout, int) else stdout.fileno()
        if stdout == subprocess.PIPE:
            reading, out = os.pipe()
            self.stdout = os.fdopen(reading, "r", encoding="utf-8")
        error = 2 if stderr is None else stderr if isinstance(stderr, int) else stderr.fileno()
        asked = json.dumps({"arguments": self.args, "env": dict(env), "cwd": str(Path.cwd())}).encode()
        self._connection = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._connection.connect(zygote_address())
        socket.send_fds(self._connection, [asked], [out, error])
        if stdout == subprocess.PIPE:
            os.close(out)
        self.pid = int(self._connection.recv(64))

    def wait(self, timeout: float | None = None) -> int:
        """Wait until the process is gone; return its status as `subprocess` does."""
        if self.returncode is None:
            self._connection.settimeout(timeout)
            try:
                self.returncode = int(self._connection.recv(64))
            except TimeoutError as error:
                raise subprocess.TimeoutExpired(self.args, timeout or 0) from error
            self._connection.close()
        return self.returncode

    def poll(self) -> int | None:
        """Return the status if the process is gone."""
        try:
            return self.wait(0.001)
        except subprocess.TimeoutExpired:
            return None

    def send_signal(self, number: int) -> None:
        """Send a signal, unless the process is gone."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def terminate(self) -> None:
        """Ask the process to end."""
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """End the process."""
        self.send_signal(signal.SIGKILL)


def run_forked(arguments: Sequence[str], env: Mapping[str, str], timeout: float) -> subprocess.CompletedProcess[str]:
    """Run a command to its end."""
    with tempfile.TemporaryFile("w+", encoding="utf-8") as out, tempfile.TemporaryFile("w+", encoding="utf-8") as error:
        process = Forked(arguments, env, stdout=out, stderr=error)
        try:
            status = process.wait(timeout)
        except subprocess.TimeoutExpired:
            process.kill()
            raise
        out.seek(0)
        error.seek(0)
        return subprocess.CompletedProcess(list(arguments), status, out.read(), error.read())


_lock = threading.Lock()
_started: list[str] = []


def zygote_address() -> str:
    """Return where the zygote listens, which is started for the first command."""
    with _lock:
        if not _started:
            folder = tempfile.mkdtemp(prefix="zygote")
            address = f"{folder}/socket"
            process = subprocess.Popen(
                [sys.executable, "-m", "tests.zygote", address], cwd=Path(__file__).parent.parent
            )
            atexit.register(process.wait)
            atexit.register(process.kill)
            deadline = time.monotonic() + 120
            while not Path(address).exists():
                assert process.poll() is None, "the zygote did not start"
                assert time.monotonic() < deadline
                time.sleep(0.02)
            _started.append(address)
        return _started[0]


# ---- inside the zygote -----------------------------------------------------------------------------


def _serve(address: str) -> None:
    import alembic.command  # noqa: F401  # for whoever is the first to open a place
    import httpx
    import onnxruntime  # noqa: F401
    import sqlalchemy.ext.asyncio  # noqa: F401
    import tokenizers  # noqa: F401
    import uvicorn  # noqa: F401
    import uvloop  # noqa: F401

    import earmark.api.asgi
    import earmark.cli.main  # noqa: F401
    from earmark.answers.languages import language_of_text

    httpx.Client()  # imports what it sends with

    language_of_text("")  # the detector's model, which takes as long to read as the imports
    share_weights()

    listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    listener.bind(address + ".new")
    listener.listen(64)
    Path(address + ".new").rename(address)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    gc.collect()
    gc.freeze()  # a collection in a fork would write to, and so copy, every page of these objects
    while True:
        connection, _ = listener.accept()
        if os.fork() == 0:
            listener.close()
            _attend(connection)
            os._exit(0)
        connection.close()


def share_weights() -> None:
    """Compute the models' weights once for this process and its forks."""
    from earmark.answers import reader
    from earmark.retrieval.embedding.embedders import read_encoder_weights

    if hasattr(reader.merged_weights, "cache_info"):
        return
    read_encoder_weights()
    reader.merged_weights = functools.cache(reader.merged_weights)
    reader.merged_weights(reader._CHANGES.read_bytes())


def _attend(connection: socket.socket) -> None:
    """Fork the command, say its process id, and when it is gone its status."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    asked, files, _, _ = socket.recv_fds(connection, _SIZE_BYTES, 2)
    pid = os.fork()
    if pid == 0:
        connection.close()
        _become(json.loads(asked), *files)
    for one in files:
        os.close(one)
    connection.send(str(pid).encode())
    _, status = os.waitpid(pid, 0)
    try:
        connection.send(str(os.waitstatus_to_exitcode(status)).encode())
    except OSError:  # nobody waits any more
        return


def _become(asked: dict[str, Any], out: int, error: int) -> None:
    """Run the command as if this process had been started for it, by somebody at a terminal."""
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's job in the background ignores Ctrl-C
    os.environ.clear()
    os.environ.update(asked["env"])
    os.chdir(asked["cwd"])
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(out, 1)
    os.dup2(error, 2)
    os.closerange(3, 256)
    sys.stdout = open(1, "w", encoding="utf-8", buffering=1, closefd=False)  # noqa: SIM115
    sys.stderr = open(2, "w", encoding="utf-8", buffering=1, closefd=False, errors="backslashreplace")  # noqa: SIM115
    status = 1
    try:
        _run(asked["arguments"])
        status = 0
    except SystemExit as stop:
        status = stop.code if isinstance(stop.code, int) else 0 if stop.code is None else 1
    except BaseException:
        sys.excepthook(*sys.exc_info())
    finally:
        threading._shutdown()  # type: ignore[attr-defined]
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)


def _run(arguments: list[str]) -> None:
    if arguments and arguments[0] == "-m":
        sys.argv = arguments[1:]
        runpy.run_module(arguments[1], run_name="__main__", alter_sys=True)
        return
    sys.argv = ["earmark", *arguments]
    from earmark.cli.main import run

    run()


if __name__ == "__main__":
    _serve(sys.argv[1])
