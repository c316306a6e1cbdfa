"""What the tests compute apart."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from earmark.errors import InvalidError


def double(pieces: Iterator[Any]) -> Iterator[Any]:
    """Yield each piece twice as large."""
    for piece in list(pieces):
        yield 2 * piece


def priority(pieces: Iterator[Any]) -> Iterator[int]:
    """Yield this process's id and niceness."""
    list(pieces)
    yield os.getpid()
    yield os.nice(0)


def refuse(pieces: Iterator[Any]) -> Iterator[Any]:
    """Refuse what is given, before reading all of it."""
    raise InvalidError("This is not right.", param="content", details={"line": next(pieces)})
    yield


def break_down(pieces: Iterator[Any]) -> Iterator[Any]:
    """Have a fault."""
    yield from pieces
    raise KeyError("somebody's words")


def die(pieces: Iterator[Any]) -> Iterator[Any]:
    """End this process, as a machine without memory would."""
    os._exit(9)
    yield


def wait_for_file(pieces: Iterator[Any]) -> Iterator[bool]:
    """Say in one file that it has begun, and wait for another."""
    begun, go_on = pieces
    Path(begun).touch()
    while not Path(go_on).exists():
        time.sleep(0.01)
    yield True


def print_much(pieces: Iterator[Any]) -> Iterator[str]:
    """Print where the results go."""
    list(pieces)
    print("a library's words")
    os.write(1, b"more of them")
    yield "done"
