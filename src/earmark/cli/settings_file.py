"""Changes single values of the TOML settings file and leaves the rest unchanged, comments included."""

from __future__ import annotations

import contextlib
import os
import re
import stat
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from earmark.cli.archives import NotWrittenError
from earmark.config import NotTomlError, SettingsError
from earmark.errors import ConflictError
from earmark.ids import random_text

Values = Mapping[tuple[str, ...], str]
"""Values to set, by the path of their key (`servers`, `ollama`, `model`)."""
_HEAD: Final = re.compile(r"(?:#[^\n]*\n)++\r?\n")
"""A heading comment: comment lines at the top, followed by an empty line."""


class NotEditableError(ConflictError):
    """The file can't be changed safely, because of its structure."""

    def __init__(self, file: Path, values: Values) -> None:
        lines = ", ".join(f"{'.'.join(path)} = {value!r}" for path, value in values.items())
        todo = f"edit it and set {lines}" if values else "edit it yourself"
        super().__init__(f"{file} can't be changed safely; {todo}.")


def read_settings_file(file: Path) -> str:
    """Return the file's text with its line ends; empty if the file does not exist.

    Raises: SettingsError.
    """
    try:
        return file.read_bytes().decode("utf-8")
    except FileNotFoundError:
        return ""
    except UnicodeDecodeError as error:
        raise NotTomlError(file, error) from error
    except OSError as error:
        reason = (error.strerror or "unknown error").lower()
        raise SettingsError(f"EARMARK_CONFIG: {file} can't be read: {reason}.", param="EARMARK_CONFIG") from error


def change_settings(file: Path, text: str, values: Values) -> str:
    """Return the file's text with these values and nothing else changed.

    Raises: NotEditableError.
    """
    from tomlkit.exceptions import TOMLKitError

    before = tomllib.loads(text)
    new = [path for path in values if _get(before, path) is None]
    for at_the_top in ([path for path in new if len(path) == 1], new):  # add tables, else dotted keys at the top
        with contextlib.suppress(TOMLKitError, tomllib.TOMLDecodeError, TypeError):
            changed = _change(text, before, values, at_the_top)
            if tomllib.loads(changed) == _merged(before, values):
                return changed
    raise NotEditableError(file, values)


def clear_settings(file: Path, text: str, keys: Sequence[str]) -> str:
    """Return the file's text without these top-level keys, and nothing else changed.

    Raises: NotEditableError.
    """
    import tomlkit
    from tomlkit.exceptions import TOMLKitError

    wanted = {key: value for key, value in tomllib.loads(text).items() if key not in keys}
    with contextlib.suppress(TOMLKitError, tomllib.TOMLDecodeError):
        document = tomlkit.parse(text)
        for key in keys:
            document.pop(key, None)
        changed = tomlkit.dumps(document)
        if tomllib.loads(changed) == wanted:
            return changed
    raise NotEditableError(file, {})


def _change(text: str, before: Mapping[str, Any], values: Values, at_the_top: Sequence[tuple[str, ...]]) -> str:
    import tomlkit

    document = tomlkit.parse(text)
    for path, value in values.items():
        if path not in at_the_top and _get(before, path) != value:
            table: Any = document
            for key in path[:-1]:
                table = table[key] if key in table else _add_table(table, key, is_last=key == path[-2])
            table[path[-1]] = value
    lines = [f"{'.'.join(path)} = {tomlkit.item(values[path]).as_string()}" for path in at_the_top]
    return _with_lines(tomlkit.dumps(document), lines)


def _add_table(parent: Any, key: str, *, is_last: bool) -> Any:
    import tomlkit
    from tomlkit.items import InlineTable

    is_inline = isinstance(parent, InlineTable)
    parent[key] = tomlkit.inline_table() if is_inline else tomlkit.table(is_super_table=not is_last)
    return parent[key]


def _with_lines(text: str, lines: list[str]) -> str:
    """Insert lines after the heading comment, where every TOML file allows top-level keys."""
    if not lines:
        return text
    head = _HEAD.match(text)
    start = head.end() if head else 0
    end = "\r\n" if "\r\n" in text else "\n"
    rest = text[start:]
    gap = end if rest and rest[0] in "#[" else ""
    return text[:start] + end.join(lines) + end + gap + rest


def _get(values: Mapping[str, Any], path: tuple[str, ...]) -> Any:
    found: Any = values
    for key in path:
        found = found.get(key) if isinstance(found, dict) else None
    return found


def _merged(before: Mapping[str, Any], values: Values) -> dict[str, Any]:
    after = tomllib.loads("")
    after.update(before)
    for path, value in values.items():
        table = after
        for key in path[:-1]:
            table[key] = dict(table.get(key, {}))
            table = table[key]
        table[path[-1]] = value
    return after


def write_settings_file(file: Path, text: str) -> None:
    """Replace the file atomically, preserving mode and owner; a new one has mode 0600.

    Raises: NotWrittenError.
    """
    try:
        target = file.resolve()  # of a link, its target
        beside = target.with_name(f".{random_text(24)}.part")
        descriptor = os.open(beside, os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_WRONLY, 0o600)
        try:
            with os.fdopen(descriptor, "wb") as written:
                _copy_mode(descriptor, target)
                written.write(text.encode())
                written.flush()
                os.fsync(descriptor)
            beside.replace(target)
        finally:
            beside.unlink(missing_ok=True)
        _sync(target.parent)
    except OSError as error:
        raise NotWrittenError(file, error) from error


def _copy_mode(descriptor: int, target: Path) -> None:
    try:
        old = target.stat()
    except FileNotFoundError:
        return
    if (old.st_uid, old.st_gid) != (os.geteuid(), os.getegid()):
        os.fchown(descriptor, old.st_uid, old.st_gid)
    os.fchmod(descriptor, stat.S_IMODE(old.st_mode))


def _sync(folder: Path) -> None:
    with contextlib.suppress(OSError):  # some file systems can't sync folders; the file itself is synced
        opened = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(opened)
        finally:
            os.close(opened)
