"""Access to earmark's own code: files, syntax trees, modules."""

from __future__ import annotations

import ast
import importlib
import pkgutil
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from types import ModuleType

import earmark

ROOT = Path(earmark.__file__).parent
REPOSITORY = ROOT.parent.parent
_GENERATED = "storage/migrations/versions"


@cache
def source_files() -> tuple[str, ...]:
    """Return every handwritten Python file, relative to `src/earmark`."""
    found = (path.relative_to(ROOT).as_posix() for path in ROOT.rglob("*.py"))
    return tuple(sorted(name for name in found if not name.startswith(_GENERATED)))


@cache
def text_of(file: str) -> str:
    """Return a file's text."""
    return (ROOT / file).read_text(encoding="utf-8")


@cache
def tree_of(file: str) -> ast.Module:
    """Return a file's syntax tree."""
    return ast.parse(text_of(file), filename=file)


def nodes(*, outside: tuple[str, ...] = ()) -> Iterator[tuple[str, ast.AST]]:
    """Yield (file, node) of all files but those whose path starts with one of `outside`."""
    for file in source_files():
        if not file.startswith(outside or ("\0",)):
            for node in ast.walk(tree_of(file)):
                yield file, node


def place(file: str, node: ast.AST) -> str:
    """Return `file:line` of a node."""
    return f"{file}:{getattr(node, 'lineno', 0)}"


@cache
def modules() -> tuple[ModuleType, ...]:
    """Import every module of earmark except `__main__`."""
    names = [one.name for one in pkgutil.walk_packages(earmark.__path__, "earmark.")]
    return tuple(importlib.import_module(name) for name in names if name != "earmark.__main__")
