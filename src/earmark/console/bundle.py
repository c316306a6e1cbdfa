"""Bundles the console's JavaScript modules into one script.

Each module becomes a function that runs once, in import order. Only the syntax that the modules use is
supported: named imports from the same folder, and exported functions, classes and constants; a test checks
that. Comments are removed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

_IMPORT = re.compile(r'^import (?:\{([^}]*)\} from )?"\./([\w-]+)\.js";\n', re.MULTILINE)
_EXPORT = re.compile(r"^export ((?:async )?function\*?|class|const) (\w+)", re.MULTILINE)
_COMMENT = re.compile(
    r"^[ \t]*//[^\n]*\n|^[ \t]*/\*(?:[^*]|\*(?!/))*\*/[ \t]*\n|/\*\* @(?:[^*]|\*(?!/))*\*/ ?", re.MULTILINE
)


class CircularImportError(ValueError):
    """Modules import each other, so they have no order."""


def bundle(modules: Mapping[str, str], entry: str) -> str:
    """Return one script with `entry` and all its imports; names are without `.js`.

    Raises: CircularImportError; KeyError for a missing module.
    """
    return "\n".join(_as_function(name, modules[name]) for name in _in_order(modules, entry)) + "\n"


def _in_order(modules: Mapping[str, str], entry: str) -> Iterator[str]:
    done: set[str] = set()

    def visit(name: str, above: tuple[str, ...]) -> Iterator[str]:
        if name in above:
            raise CircularImportError(" → ".join((*above, name)))
        if name in done:
            return
        for match in _IMPORT.finditer(modules[name]):
            yield from visit(match.group(2), (*above, name))
        done.add(name)
        yield name

    yield from visit(entry, ())


def _as_function(name: str, text: str) -> str:
    exported = [match.group(2) for match in _EXPORT.finditer(text)]
    body = _EXPORT.sub(r"\1 \2", _IMPORT.sub(_destructured, _COMMENT.sub("", text))).strip()
    return f"const {_variable(name)} = (() => {{\n{body}\nreturn {{ {', '.join(exported)} }};\n}})();"


def _destructured(found: re.Match[str]) -> str:
    if found.group(1) is None:
        return ""
    return f"const {{{found.group(1).replace(' as ', ': ')}}} = {_variable(found.group(2))};\n"


def _variable(name: str) -> str:
    return "module_" + name.replace("-", "_")
