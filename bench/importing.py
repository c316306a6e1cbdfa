"""Large transcripts through `earmark import`, beside an earlier commit: `python -m bench.importing [--before COMMIT]`.

Each file is imported by the command into an empty data directory, index included. The vectors of the 640,000 words of the
JSON file are a stub's, as computing them takes long and is measured in `bench.ingest`. Memory is that of the command and of
the processes it starts together, looked at twenty times a second.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from tempfile import TemporaryDirectory

from bench.parsing import ROOT, _checkout, _write_files
from bench.results import circumstances, table, write_section

_FILES = ("ten hours.vtt", "deepgram.json")
_STUBBED = "deepgram.json"
_LOOK_S = 0.05
_PAGE_BYTES = resource.getpagesize()


def main() -> None:
    """Measure and write the section."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--before", help="a commit to compare with")
    parser.add_argument("--file", choices=_FILES, help="only this one")
    asked = parser.parse_args()
    with TemporaryDirectory() as name, _stub_embedder() as stub_url:
        folder = Path(name)
        files = [path for path in _write_files(folder) if path.name in ([asked.file] if asked.file else _FILES)]
        sources = {"now": ROOT / "src"}
        if asked.before:
            sources["before"] = _checkout(asked.before, folder) / "src"
        rows: list[list[str]] = []
        for path in files:
            for when, source in sources.items():
                rows.append(
                    [path.name, f"{path.stat().st_size / 1e6:.1f}", when, *_shown(path, source, folder, stub_url)]
                )
                print(rows[-1], file=sys.stderr, flush=True)
    command = f"python -m bench.importing{f' --before {asked.before}' if asked.before else ''}"
    header = ("file", "MB", "", "seconds", "CPU s", "peak MB")
    write_section("Importing large transcripts", command, f"{table(header, rows)}\n\n{circumstances()}")


def _shown(path: Path, source: Path, folder: Path, stub_url: str) -> list[str]:
    with TemporaryDirectory(dir=folder) as data_dir:
        env = {**os.environ, "PYTHONPATH": str(source), "EARMARK_DATA_DIR": data_dir}
        if path.name == _STUBBED:
            stub = {"KIND": "openai", "BASE_URL": stub_url, "MODEL": "stub"}
            env |= {f"EARMARK_EMBEDDER__{key}": value for key, value in stub.items()}
        earmark = [sys.executable, "-m", "earmark"]
        made = subprocess.run([*earmark, "projects", "create", "Bench"], env=env, check=True, capture_output=True)
        project = made.stdout.decode().split()[0]
        return _run([*earmark, "import", str(path), "--project", project, "--end-user", "ada"], env)


@contextmanager
def _stub_embedder() -> Iterator[str]:
    """Serve `/embeddings` that are all alike, and yield the base URL."""
    vector = "[" + ",".join(["0.05"] * 384) + "]"

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            rows = ",".join(f'{{"index":{at},"embedding":{vector}}}' for at in range(len(body["input"])))
            answer = f'{{"data":[{rows}]}}'.encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_: object) -> None: ...

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/v1"
        server.shutdown()


def _run(command: list[str], env: dict[str, str]) -> list[str]:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    started, peak_bytes = time.perf_counter(), 0
    with subprocess.Popen(command, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as running:
        while running.poll() is None:
            peak_bytes = max(peak_bytes, _resident_bytes(running.pid))
            time.sleep(_LOOK_S)
        said = running.stdout.read() if running.stdout else b""
    wall_s = time.perf_counter() - started
    if running.returncode:
        raise SystemExit(said.decode())
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu_s = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return [f"{wall_s:.1f}", f"{cpu_s:.1f}", f"{peak_bytes / 1e6:.0f}"]


def _resident_bytes(pid: int) -> int:
    """Return what a process and those below it have in memory."""
    try:
        pages = int(Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1])
        below = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()
    except (OSError, IndexError):
        return 0
    return pages * _PAGE_BYTES + sum(_resident_bytes(int(child)) for child in below)


if __name__ == "__main__":
    main()
