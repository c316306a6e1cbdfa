"""Many short modules in the repository, one file on the wire.

Each module becomes a function that runs once, in the order of its imports. This understands exactly what our
modules use: named imports from beside them, and exported functions, classes and constants; a test holds them
to that. Comments stay behind.
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
    """Modules that import each other can't be put into an order."""


def bundle(modules: Mapping[str, str], entry: str) -> str:
    """Return one script of `entry` and all it imports; names are without `.js`.

    Raises: CircularImportError; KeyError for a module that isn't there.
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
    body = _EXPORT.sub(r"\1 \2", _IMPORT.sub(_taken, _COMMENT.sub("", text))).strip()
    return f"const {_variable(name)} = (() => {{\n{body}\nreturn {{ {', '.join(exported)} }};\n}})();"


def _taken(found: re.Match[str]) -> str:
    if found.group(1) is None:
        return ""
    return f"const {{{found.group(1).replace(' as ', ': ')}}} = {_variable(found.group(2))};\n"


def _variable(name: str) -> str:
    return "module_" + name.replace("-", "_")
