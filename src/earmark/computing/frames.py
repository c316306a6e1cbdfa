"""How pieces travel between the server and its computing process: kind, length, pickle."""

from __future__ import annotations

import pickle
import struct
from typing import IO, Any, Final

PIECE: Final = 0
NOTHING_MORE: Final = 1
ERROR: Final = 2
"""An `EarmarkError` that the computation raised."""
FAULT: Final = 3
"""The name of another exception, and where it was raised."""
_HEAD: Final = struct.Struct("<BQ")


def write_frame(pipe: IO[bytes], kind: int, value: Any) -> None:
    """Write a piece."""
    content = pickle.dumps(value, pickle.HIGHEST_PROTOCOL)
    pipe.write(_HEAD.pack(kind, len(content)))
    pipe.write(content)


def read_frame(pipe: IO[bytes]) -> tuple[int, Any]:
    """Return the next piece.

    Raises: EOFError at the end.
    """
    kind, size = _HEAD.unpack(_read(pipe, _HEAD.size))
    return kind, pickle.loads(_read(pipe, size))  # noqa: S301  # a pipe that only this program holds


def _read(pipe: IO[bytes], size: int) -> bytes:
    content = pipe.read(size)
    if len(content) < size:
        raise EOFError
    return content


class Portable:
    """An error that can be pickled, whatever its constructor takes; it is unpickled as the error itself."""

    def __init__(self, error: Exception) -> None:
        self._made = type(error), error.args, dict(error.__dict__)

    def __reduce__(self) -> Any:
        return _restore, self._made


def _restore(kind: type[Exception], args: tuple[Any, ...], state: dict[str, Any]) -> Exception:
    error = kind.__new__(kind, *args)
    error.args = args
    error.__dict__.update(state)
    return error
