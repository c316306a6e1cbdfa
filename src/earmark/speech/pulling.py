"""Fetches the files of a speech model: resumed where it was interrupted, and used only with the pinned digests.

A file is written as `NAME.part` and renamed when its digest is right. Nothing else than files is fetched, and what
is fetched is never run.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, Final

import httpx

from earmark.errors import ConflictError, UnavailableError
from earmark.media.disk import sync_folder
from earmark.speech.catalogue import ModelFile, PinnedModel, digest_of

_TIMEOUT: Final = httpx.Timeout(30.0)
_TRIES: Final = 5
"""Without a byte between them."""
_PAUSE_S: Final = 1.0
_PIECE_BYTES: Final = 1 << 20
_SPARE_BYTES: Final = 64 << 20
"""So much of the disk stays free."""
_OVER: Final = (404, 401, 403, 410)
Told = Callable[[int], None]
"""Is told how many bytes more are there."""


class PullError(UnavailableError):
    """A model could not be fetched; what was fetched is used by the next try."""


class BeingPulledError(ConflictError):
    """Another command is fetching the same model."""

    def __init__(self, name: str) -> None:
        super().__init__(f"Another command is fetching {name}.")


def pull(model: PinnedModel, folder: Path, *, source: str | Path | None = None, told: Told = lambda _: None) -> None:
    """Fetch the files of a model that are not there yet, and check the digest of each.

    Args:
        source: a folder that has the files, or the address of one; None: the pinned address.
        told: called with the bytes that are there already, then with those that arrive.

    Raises: PullError, BeingPulledError.
    """
    try:
        with _held(folder, model.name):
            _check_space(model, folder)
            for file in model.files:
                _pull_file(model, file, folder, source, told)
    except OSError as error:
        reason = (error.strerror or "unknown error").lower()
        raise PullError(f"The model can't be written to {folder}: {reason}.") from error


@contextmanager
def _held(folder: Path, name: str) -> Iterator[None]:
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    descriptor = os.open(folder / ".lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    except BlockingIOError as error:
        raise BeingPulledError(name) from error
    finally:
        os.close(descriptor)


def _check_space(model: PinnedModel, folder: Path) -> None:
    there = sum(max(_size(folder / one.name), _size(_part(folder, one))) for one in model.files)
    needed = model.size_bytes - there + _SPARE_BYTES
    free = shutil.disk_usage(folder).free
    if there < model.size_bytes and free < needed:
        raise PullError(f"{model.name} needs {needed >> 20} MiB of disk; {folder} has {free >> 20} MiB free.")


def _pull_file(model: PinnedModel, file: ModelFile, folder: Path, source: str | Path | None, told: Told) -> None:
    place, part = folder / file.name, _part(folder, file)
    if _size(place) == file.size_bytes and digest_of(place) == file.sha256:
        told(file.size_bytes)
        return
    if isinstance(source, Path):
        _copy(source / file.name, part, told)
    else:
        _download(f"{source or model.source}/{file.name}", part, file, told)
    if digest_of(part) != file.sha256:
        part.unlink()
        raise PullError(f"{file.name} is another file than the pinned one of {model.name}; it was deleted.")
    part.replace(place)
    sync_folder(folder)


def _copy(given: Path, part: Path, told: Told) -> None:
    if not given.is_file():
        raise PullError(f"{given} is missing.")
    with given.open("rb") as reading, part.open("wb") as writing:
        while piece := reading.read(_PIECE_BYTES):
            writing.write(piece)
            told(len(piece))
        _flush(writing)


def _download(url: str, part: Path, file: ModelFile, told: Told) -> None:
    """Fetch a file from where it was interrupted; tries again while bytes arrive.

    Raises: PullError.
    """
    told(_size(part))
    tries_left = _TRIES
    with httpx.Client(timeout=_TIMEOUT, follow_redirects=True, headers={"Accept-Encoding": "identity"}) as client:
        while _size(part) < file.size_bytes:
            before = _size(part)
            try:
                _download_rest(client, url, part, file, told)
            except httpx.HTTPError as error:
                tries_left = _TRIES if _size(part) > before else tries_left - 1
                if not tries_left:
                    raise PullError(
                        f"{url} can't be fetched ({type(error).__name__}). Run the command again to go on, "
                        "or fetch the files elsewhere and give their folder with --from."
                    ) from error
                time.sleep(_PAUSE_S)


def _download_rest(client: httpx.Client, url: str, part: Path, file: ModelFile, told: Told) -> None:
    """Append what is missing.

    Raises: PullError if the server will not give it; httpx.HTTPError.
    """
    start = _size(part)
    with client.stream("GET", url, headers={"Range": f"bytes={start}-"} if start else {}) as response:
        if response.status_code in _OVER:
            raise PullError(f"{url} answers {response.status_code}.")
        response.raise_for_status()
        if response.url.scheme != "https" and not url.startswith("http://"):
            raise PullError(f"{url} leads to an address without encryption.")
        is_rest = response.status_code == httpx.codes.PARTIAL_CONTENT
        if is_rest and not response.headers.get("Content-Range", "").startswith(f"bytes {start}-"):
            raise PullError(f"{url} answers another range than the one that was asked for.")
        if not is_rest and start:
            told(-start)  # the server gives whole files only
        with part.open("ab" if is_rest else "wb") as writing:
            size = start if is_rest else 0
            for piece in response.iter_raw():
                size += len(piece)
                if size > file.size_bytes:
                    part.unlink()
                    raise PullError(f"{url} is larger than the pinned file; it was deleted.")
                writing.write(piece)
                told(len(piece))
            _flush(writing)


def _flush(file: BinaryIO) -> None:
    file.flush()
    os.fsync(file.fileno())


def _part(folder: Path, file: ModelFile) -> Path:
    return folder / f"{file.name}.part"


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0
