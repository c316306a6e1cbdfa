"""Write `docs/licences.md` from the locks and the metadata of the installed packages. A test checks that it is true."""

from __future__ import annotations

import re
from collections.abc import Iterator
from importlib.metadata import Distribution, distributions
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "licences.md"
LOCKS = ("requirements.lock", "models.lock")
_SPEECH = """
The weights of speech recognition (`speech.lock`) are those of moonshine tiny-en and of Silero VAD, both under the MIT
licence; their texts lie beside them in `.venv/share/earmark/speech/`. The wheels of `av` carry the libraries of FFmpeg,
among them x264 and x265, which are under the GPL; earmark decodes with FFmpeg and calls neither of these.
"""
ELSEWHERE = "not installed where this page was written"
_PIN = re.compile(r"^([A-Za-z0-9][A-Za-z0-9._-]*)==([^\s;\\]+)(?:\s*;\s*([^\\\n]+?))?\s*\\?$", re.MULTILINE)
_INTRO = f"""# Licences

What `make install` installs, and under which licence each package says that it is published. Written by `make docs` from
{" and ".join(f"`{name}`" for name in LOCKS)} and the packages' own metadata; earmark itself is under the
Apache License 2.0 (`LICENSE`). SDKs of language models (`make install-models`) are not among them.

| package | version | licence |
|---|---|---|
"""


class Pin(NamedTuple):
    """One package of a lock; `marker` says where it is installed, if not everywhere."""

    name: str
    version: str
    marker: str


def pins_of(lock: Path) -> Iterator[Pin]:
    """Yield the packages of a lock, by their normalised names."""
    for name, version, marker in _PIN.findall(lock.read_text(encoding="utf-8")):
        yield Pin(normalise(name), version, marker.strip())


def normalise(name: str) -> str:
    """Return a package's name as indexes compare it. Source: Python packaging specifications, name normalisation."""
    return re.sub(r"[-_.]+", "-", name).lower()


def installed() -> dict[str, Distribution]:
    """Return the installed packages by normalised name."""
    return {normalise(one.name): one for one in distributions() if one.name}


def licence_of(package: Distribution) -> str:
    """Return what a package says its licence is: the SPDX expression, else the short text, else the classifiers."""
    about = package.metadata
    text = " ".join((about.get("License-Expression") or about.get("License") or "").split())
    classes = [one.split(" :: ")[-1] for one in about.get_all("Classifier") or () if one.startswith("License ::")]
    return (text if 0 < len(text) <= 80 else ", ".join(classes)) or "not stated"


def render() -> str:
    """Return the page."""
    packages = installed()
    rows = []
    for pin in sorted({pin for lock in LOCKS for pin in pins_of(ROOT / lock)}):
        package = packages.get(pin.name)
        is_here = package is not None and package.version == pin.version
        licence = licence_of(package) if package is not None and is_here else f"{ELSEWHERE} ({pin.marker})"
        rows.append(f"| {pin.name} | {pin.version} | {licence.replace('|', '/')} |\n")
    return _INTRO + "".join(rows) + _SPEECH


if __name__ == "__main__":
    PAGE.write_text(render(), encoding="utf-8")
