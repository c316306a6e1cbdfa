"""Builds what a release consists of: `python scripts/build_dist.py [--twice] [INTO]` (`make dist`), into dist/ by default.

- earmark's wheel and source archive, and the wheels of its weights (`deploy/weights/`), of the verified files that
  `make install` has put into the environment;
- the SBOM (`write_sbom.py`), and SHA256SUMS over all of it.

The same commit gives the same bytes, on the same version of zlib: names are sorted, and times are SOURCE_DATE_EPOCH or the
commit's. `--twice` builds everything again and compares. Nothing is downloaded or uploaded.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from earmark.retrieval.embedding.embedders import find_model_dir, read_encoder_weights  # noqa: E402
from earmark.speech.weights import WEIGHTS, find_weights, read_weight  # noqa: E402
from scripts.write_sbom import render  # noqa: E402

SUMS = "SHA256SUMS"
WEIGHTS_EPOCH = "1767225600"
"""2026-01-01: the weights' wheels have the same bytes in every release, so that nobody downloads them twice."""
TOKENIZER_SHA256 = "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037"
_BUILD = "import sys; from flit_core import buildapi; getattr(buildapi, sys.argv[1])(sys.argv[2])"
_SOURCES = ("pyproject.toml", "README.md", "LICENSE", "src")


def epoch() -> str:
    """Return the time of everything in the archives: SOURCE_DATE_EPOCH, else the commit's, in seconds since 1970."""
    given = os.environ.get("SOURCE_DATE_EPOCH")
    if given:
        return given
    asked = ["git", "-C", str(ROOT), "log", "-1", "--format=%ct"]
    return subprocess.run(asked, capture_output=True, text=True, check=True).stdout.strip()


def build(source: Path, into: Path, kind: str, at: str) -> None:
    """Build a wheel or source archive (`build_wheel`, `build_sdist`) of a project's folder."""
    env = {**os.environ, "SOURCE_DATE_EPOCH": at}
    subprocess.run([sys.executable, "-c", _BUILD, kind, str(into.resolve())], cwd=source, env=env, check=True)


def build_earmark(into: Path, at: str) -> None:
    """Build from a copy without what lies about in a checkout."""
    with tempfile.TemporaryDirectory() as folder:
        for name in _SOURCES:
            _copy(ROOT / name, Path(folder) / name)
        build(Path(folder), into, "build_wheel", at)
        build(Path(folder), into, "build_sdist", at)


def build_weights(into: Path, at: str = WEIGHTS_EPOCH) -> None:
    """Build the wheels of the weights, from files whose digests it verifies."""
    for name, files in (("text", text_files()), ("speech", speech_files())):
        with tempfile.TemporaryDirectory() as folder:
            project = Path(folder) / name
            _copy(ROOT / "deploy" / "weights" / name, project)
            if name == "text":
                _copy(ROOT / "LICENSE", project / "LICENSE")  # the model's is the Apache License 2.0 too
            for path, content in files:
                target = project / (path if path.startswith("LICENSE") else f"earmark_weights_{name}/files/{path}")
                target.parent.mkdir(exist_ok=True)
                target.write_bytes(content)
            build(project, into, "build_wheel", at)


def text_files() -> Iterator[tuple[str, bytes]]:
    """Yield the encoder's weights and tokenizer."""
    read_encoder_weights()  # checks the digest
    folder = find_model_dir()
    yield "model.safetensors", (folder / "model.safetensors").read_bytes()
    tokenizer = (folder / "tokenizer.json").read_bytes()
    if hashlib.sha256(tokenizer).hexdigest() != TOKENIZER_SHA256:
        sys.exit(f"{folder / 'tokenizer.json'} is not the pinned one; run `make install`.")
    yield "tokenizer.json", tokenizer


def speech_files() -> Iterator[tuple[str, bytes]]:
    """Yield the speech models' files and licences."""
    folder = find_weights(None)
    for name in WEIGHTS:
        yield name, read_weight(folder, name)
    for path in sorted(folder.glob("LICENSE-*.txt")):
        yield path.name, path.read_bytes()


def _copy(source: Path, target: Path) -> None:
    if source.is_dir():
        shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__", "*.pyc"))
    else:
        shutil.copyfile(source, target)


def sums_of(folder: Path) -> str:
    """Return the digests of a folder's files, as `sha256sum --check` reads them."""
    lines = []
    for path in sorted(folder.iterdir()):
        if path.name != SUMS:
            with path.open("rb") as file:
                lines.append(f"{hashlib.file_digest(file, 'sha256').hexdigest()}  {path.name}\n")
    return "".join(lines)


def build_all(into: Path) -> str:
    """Build everything into an empty folder; return the digests."""
    at = epoch()
    build_earmark(into, at)
    build_weights(into)
    version = next(into.glob("earmark-*.tar.gz")).name.removeprefix("earmark-").removesuffix(".tar.gz")
    (into / f"earmark-{version}.cdx.json").write_text(render(version, int(at)), encoding="utf-8")
    return sums_of(into)


def is_repeatable(first: str, build_again: Callable[[Path], str]) -> bool:
    """Build again elsewhere; print each line that differs."""
    with tempfile.TemporaryDirectory() as folder:
        second = build_again(Path(folder))
    for line in sorted({*first.splitlines()} ^ {*second.splitlines()}):
        print(f"differs: {line}", file=sys.stderr)
    return first == second


def main(into: Path, *, is_twice: bool) -> int:
    """Build; return the exit code."""
    shutil.rmtree(into, ignore_errors=True)
    into.mkdir(parents=True)
    sums = build_all(into)
    (into / SUMS).write_text(sums, encoding="utf-8")
    print(sums, end="")
    return 0 if not is_twice or is_repeatable(sums, build_all) else 1


if __name__ == "__main__":
    arguments = [one for one in sys.argv[1:] if one != "--twice"]
    sys.exit(main(Path(arguments[0]) if arguments else ROOT / "dist", is_twice="--twice" in sys.argv))
