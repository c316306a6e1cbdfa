"""The computing process: reads computations from standard input, writes their results to standard output.

It ends when its input does. Signals to the group are the server's to handle.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import suppress
from typing import IO, Any, Final

from earmark.computing.frames import ERROR, FAULT, NOTHING_MORE, PIECE, Portable, read_frame, write_frame
from earmark.errors import EarmarkError
from earmark.logs import frames_of

_NICE: Final = 10


def main() -> None:
    """Compute until the input ends."""
    for one in (signal.SIGINT, signal.SIGTERM):
        signal.signal(one, signal.SIG_IGN)
    if hasattr(os, "nice"):
        os.nice(_NICE)
    given, results = sys.stdin.buffer, os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what a library prints must not end up between the results
    with suppress(EOFError, BrokenPipeError):
        while True:
            _compute(given, results)
            results.flush()


def _compute(given: IO[bytes], results: IO[bytes]) -> None:
    _, work = read_frame(given)
    pieces = _pieces(given)
    try:
        for piece in work(pieces):
            for _ in pieces:  # results may fill the pipe only once all is read
                raise RuntimeError("a computation must read all its pieces before it yields")
            write_frame(results, PIECE, piece)
    except EarmarkError as error:
        write_frame(results, ERROR, Portable(error))
    except (EOFError, BrokenPipeError):
        raise
    except Exception as error:
        write_frame(results, FAULT, f"{type(error).__name__} in {frames_of(error)}")
    else:
        write_frame(results, NOTHING_MORE, None)
    for _ in pieces:
        pass


def _pieces(given: IO[bytes]) -> Iterator[Any]:
    while True:
        kind, value = read_frame(given)
        if kind == NOTHING_MORE:
            return
        yield value


if __name__ == "__main__":
    main()
