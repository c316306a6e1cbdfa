"""Bundles the console's JavaScript modules into two scripts: what every page needs, and what is fetched when used.

Each module becomes a function that runs once, in import order. `await import("./name.js")` fetches the second script,
which has all that the first one hasn't, and takes a module from it. Only the syntax that the modules use is supported:
named imports from the same folder, and exported functions, classes and constants; a test checks that. Comments and
indentation are removed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

FIRST, SECOND = "console.js", "later.js"
"""The scripts' names: the second imports the first."""
_IMPORT = re.compile(r'^import (?:\{([^}]*)\} from )?"\./([\w-]+)\.js";\n', re.MULTILINE)
_LATER = re.compile(r'\bimport\("\./([\w-]+)\.js"\)')
_EXPORT = re.compile(r"^export ((?:async )?function\*?|class|const) (\w+)", re.MULTILINE)
_COMMENT = re.compile(
    r"^[ \t]*//[^\n]*\n|^[ \t]*/\*(?:[^*]|\*(?!/))*\*/[ \t]*\n|/\*\* @(?:[^*]|\*(?!/))*\*/ ?", re.MULTILINE
)
_INDENTATION = re.compile(r"^[ \t]+", re.MULTILINE)


class CircularImportError(ValueError):
    """Modules import each other, so they have no order."""


def bundle(modules: Mapping[str, str], entry: str) -> tuple[str, str]:
    """Return the script of `entry` with its imports, and that of what is imported later; names are without `.js`.

    Raises: CircularImportError; KeyError for a missing module.
    """
    at_once = list(_in_order(modules, [entry]))
    later = sorted({found.group(1) for name in modules for found in _LATER.finditer(modules[name])})
    afterwards = [name for name in _in_order(modules, later) if name not in at_once]
    shared = ", ".join(_variable(name) for name in at_once)
    return (
        "\n".join([*(_as_function(name, modules[name]) for name in at_once), f"export {{ {shared} }};\n"]),
        "\n".join([
            f'import {{ {shared} }} from "./{FIRST}";',
            *(_as_function(name, modules[name]) for name in afterwards),
            f"export {{ {', '.join(_variable(name) for name in afterwards)} }};\n",
        ]),
    )  # fmt: skip


def _in_order(modules: Mapping[str, str], entries: Sequence[str]) -> Iterator[str]:
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

    for entry in entries:
        yield from visit(entry, ())


def _as_function(name: str, text: str) -> str:
    exported = [match.group(2) for match in _EXPORT.finditer(text)]
    body = _EXPORT.sub(r"\1 \2", _IMPORT.sub(_destructured, _INDENTATION.sub("", _COMMENT.sub("", text)))).strip()
    body = _LATER.sub(lambda found: f'(import("./{SECOND}").then((all) => all.{_variable(found.group(1))}))', body)
    return f"const {_variable(name)} = (() => {{\n{body}\nreturn {{ {', '.join(exported)} }};\n}})();"


def _destructured(found: re.Match[str]) -> str:
    if found.group(1) is None:
        return ""
    return f"const {{{found.group(1).replace(' as ', ': ')}}} = {_variable(found.group(2))};\n"


def _variable(name: str) -> str:
    return "module_" + name.replace("-", "_")
