"""Check the locks against known vulnerabilities: `python scripts/check_advisories.py FILE [LOCK …]`.

FILE is an advisory database in OSV's format: a folder or a zip of JSON files, or one of them. Nothing is downloaded.
Exits with 1 if a locked version is affected, with 2 if FILE holds no advisory about Python packages.
Source: https://ossf.github.io/osv-schema/, "Evaluation".
"""

from __future__ import annotations

import json
import sys
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from packaging.version import InvalidVersion, Version

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from scripts.write_licences import Pin, normalise, pins_of  # noqa: E402

Advisory = Mapping[str, Any]


def read_advisories(file: Path) -> Iterator[Advisory]:
    """Yield the advisories that have not been withdrawn."""
    for content in _contents(file):
        advisory = json.loads(content)
        if not advisory.get("withdrawn"):
            yield advisory


def _contents(file: Path) -> Iterator[bytes]:
    if file.is_dir():
        yield from (path.read_bytes() for path in sorted(file.rglob("*.json")))
    elif zipfile.is_zipfile(file):
        with zipfile.ZipFile(file) as archive:
            yield from (archive.read(name) for name in archive.namelist() if name.endswith(".json"))
    else:
        yield file.read_bytes()


def affected_of(advisory: Advisory) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield (package, what is affected of it) for each Python package."""
    for one in advisory.get("affected") or ():
        package = one.get("package") or {}
        if package.get("ecosystem") == "PyPI":
            yield normalise(package["name"]), one


def is_affected(version: str, affected: Mapping[str, Any]) -> bool:
    """Whether a version is listed or lies in a range."""
    if version in (affected.get("versions") or ()):
        return True
    ranges = (one for one in affected.get("ranges") or () if one.get("type") == "ECOSYSTEM")
    return any(_is_within(Version(version), one.get("events") or ()) for one in ranges)


def _is_within(version: Version, events: Iterable[Mapping[str, str]]) -> bool:
    """Whether the last event at or before a version is an introduction."""
    is_in = False
    for at, kind in sorted(_parsed(events), key=lambda event: event[0]):
        if kind == "introduced" and version >= at:
            is_in = True
        elif (kind == "fixed" and version >= at) or (kind == "last_affected" and version > at):
            is_in = False
    return is_in


def _parsed(events: Iterable[Mapping[str, str]]) -> Iterator[tuple[Version, str]]:
    for event in events:
        for kind, at in event.items():
            try:
                yield Version("0.dev0" if at == "0" else at), kind  # "0" is before every version
            except InvalidVersion:
                print(f"a version that isn't one: {at}", file=sys.stderr)


def find(pins: Iterable[Pin], advisories: Iterable[Advisory]) -> tuple[list[str], int]:
    """Return a line for each affected pin, and how many advisories about Python packages there are."""
    by_name: dict[str, list[Pin]] = {}
    for pin in pins:
        by_name.setdefault(pin.name, []).append(pin)
    lines, count = set(), 0
    for advisory in advisories:
        for name, affected in affected_of(advisory):
            count += 1
            also = ", ".join(advisory.get("aliases") or ())
            lines |= {
                f"{name} {pin.version}: {advisory['id']}{f' ({also})' if also else ''} {advisory.get('summary', '')}"
                for pin in by_name.get(name, ())
                if is_affected(pin.version, affected)
            }
    return sorted(one.rstrip() for one in lines), count


def main(file: str, *locks: str) -> int:
    """Print what is affected; return the exit code."""
    paths = [Path(one) for one in locks] or sorted(ROOT.glob("*.lock"))
    lines, count = find((pin for path in paths for pin in pins_of(path)), read_advisories(Path(file)))
    if not count:
        print(f"{file} holds no advisory about Python packages.", file=sys.stderr)
        return 2
    print("\n".join(lines) or f"None of {count} advisories affects a locked version.")
    return 1 if lines else 0


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    sys.exit(main(*sys.argv[1:]))
