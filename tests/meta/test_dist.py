"""What a release consists of: the same bytes from the same sources, and everything that an installation needs."""

from __future__ import annotations

import hashlib
import json
import os
import re
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest
from scripts import build_dist
from scripts.write_licences import pins_of
from scripts.write_sbom import render

from earmark import __version__
from earmark.retrieval.embedding.embedders import MiniLMEmbedder, find_model_dir
from earmark.speech import weights
from earmark.speech.weights import WEIGHTS, find_weights, read_weight
from tests.meta.sources import REPOSITORY, source_files

AT = "1780000000"


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("dist")
    build_dist.build_earmark(folder, AT)
    return folder


def test_the_same_sources_give_the_same_bytes(built: Path, tmp_path: Path) -> None:
    before = os.umask(0o077)  # another checkout has other modes
    try:
        build_dist.build_earmark(tmp_path, AT)
    finally:
        os.umask(before)
    assert build_dist.sums_of(tmp_path) == build_dist.sums_of(built)
    assert len(build_dist.sums_of(built).splitlines()) == 2


def test_another_time_gives_other_bytes_and_is_told(built: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def build_later(into: Path) -> str:
        build_dist.build_earmark(into, "1790000000")
        return build_dist.sums_of(into)

    assert not build_dist.is_repeatable(build_dist.sums_of(built), build_later)
    assert "differs: " in capsys.readouterr().err


def test_the_wheel_has_all_of_earmark_and_nothing_else(built: Path) -> None:
    (wheel,) = built.glob("*.whl")
    assert wheel.name == f"earmark-{__version__}-py3-none-any.whl"
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    assert {f"earmark/{file}" for file in source_files()} <= names
    for needed in ("console/page/index.html", "storage/migrations/env.py", "retrieval/embedding/minilm.onnx"):
        assert f"earmark/{needed}" in names
    assert {name.partition("/")[0] for name in names} == {"earmark", f"earmark-{__version__}.dist-info"}
    assert [name for name in names if name.endswith(".pyc")] == []


def test_the_source_archive_has_no_more_than_the_wheel_is_built_of(built: Path) -> None:
    (archive,) = built.glob("*.tar.gz")
    with tarfile.open(archive) as opened:
        tops = {name.split("/")[1] for name in opened.getnames() if "/" in name}
    assert tops == {"LICENSE", "PKG-INFO", "README.md", "pyproject.toml", "src"}


def test_the_wheel_asks_for_its_weights_and_the_locks_do_not(built: Path) -> None:
    (wheel,) = built.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        metadata = archive.read(f"earmark-{__version__}.dist-info/METADATA").decode()
    for name in ("text", "speech"):
        version = re.search(
            r'^version = "(.+)"', (REPOSITORY / f"deploy/weights/{name}/pyproject.toml").read_text(), re.MULTILINE
        )
        assert version is not None
        assert version.group(1).startswith("1.")
        assert re.search(rf"^Requires-Dist: earmark-weights-{name}\s*>=1,<2$", metadata, re.MULTILINE)
    locks = "".join(path.read_text(encoding="utf-8") for path in REPOSITORY.glob("*.lock"))
    assert "earmark-weights" not in locks


def test_weights_are_found_in_their_packages_without_importing_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text, speech = find_model_dir(), find_weights(None)
    for name, source in (("text", text), ("speech", speech)):
        package = tmp_path / f"earmark_weights_{name}"
        package.mkdir()
        (package / "__init__.py").write_text("raise RuntimeError('imported')")
        (package / "files").symlink_to(source)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(weights, "shared_folder", lambda: tmp_path / "nothing")
    assert find_model_dir() == tmp_path / "earmark_weights_text" / "files"
    assert find_weights(None) == tmp_path / "earmark_weights_speech" / "files"
    assert all(read_weight(find_weights(None), name) for name in WEIGHTS)
    assert MiniLMEmbedder(model_dir=find_model_dir()).embed_query("a lantern").shape == (384,)


def test_the_bill_of_materials_names_every_locked_package_with_its_digests() -> None:
    document = json.loads(render("1.2.3", int(AT)))
    assert (document["bomFormat"], document["specVersion"]) == ("CycloneDX", "1.6")
    assert document["metadata"]["component"]["version"] == "1.2.3"
    parts = {one["bom-ref"]: one for one in document["components"]}
    assert len(parts) == len(document["components"])
    locked = {f"pkg:pypi/{pin.name}@{pin.version}" for pin in pins_of(REPOSITORY / "requirements.lock")}
    assert {ref for ref in parts if ref.startswith("pkg:")} == locked
    for ref in locked:
        accepted = [one["value"] for one in parts[ref]["properties"] if one["name"] == "earmark:accepted-sha256"]
        assert accepted
        assert all(re.fullmatch(r"[0-9a-f]{64}", digest) for digest in accepted)
    assert render("1.2.3", int(AT)) == render("1.2.3", int(AT))
    assert render("1.2.3", int(AT)) != render("1.2.4", int(AT))


def test_the_bill_of_materials_has_the_digests_of_the_weights_that_are_installed() -> None:
    document = json.loads(render("1.2.3", int(AT)))
    said = {one["name"].rpartition("/")[2]: one["hashes"] for one in document["components"] if "hashes" in one}
    files = {"model.safetensors": find_model_dir() / "model.safetensors"}
    files |= {name: find_weights(None) / name for name in WEIGHTS}
    assert said.keys() == files.keys()
    for name, path in files.items():
        with path.open("rb") as file:
            assert said[name][0]["content"] == hashlib.file_digest(file, "sha256").hexdigest()


@pytest.mark.slow
def test_a_release_is_repeatable_whole_and_has_its_weights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """All wheels unpacked, with this environment's dependencies: neither code nor weights come from the checkout."""
    monkeypatch.setenv("SOURCE_DATE_EPOCH", AT)
    dist, installed = tmp_path / "dist", tmp_path / "installed"
    assert build_dist.main(dist, is_twice=True) == 0
    subprocess.run(["sha256sum", "--check", "--strict", "--quiet", build_dist.SUMS], cwd=dist, check=True)
    assert len(list(dist.iterdir())) == 6
    for wheel in dist.glob("*.whl"):
        with zipfile.ZipFile(wheel) as archive:
            archive.extractall(installed)
    dependencies = [path for path in sys.path if path.endswith("site-packages")]
    code = (
        "import sys, earmark; from earmark.retrieval.embedding.embedders import find_model_dir;"
        "from earmark.speech.weights import own_folder, find_weights;"
        "print(earmark.__file__, find_model_dir(), own_folder(), sep='\\n')"
    )
    env = {"PATH": os.environ["PATH"], "PYTHONPATH": os.pathsep.join([str(installed), *dependencies])}
    done = subprocess.run([sys.executable, "-Sc", code], env=env, capture_output=True, text=True, check=True)
    assert [line.startswith(str(installed)) for line in done.stdout.splitlines()] == [True] * 3


@pytest.mark.slow
def test_the_images_steps_install_earmark_with_its_weights(tmp_path: Path) -> None:
    """What the Containerfile runs, in a copy of what is sent to the engine; downloads what the locks pin."""
    source, prefix = tmp_path / "src", tmp_path / "opt"
    for name in re.findall(r"^!(.+)$", (REPOSITORY / ".containerignore").read_text(encoding="utf-8"), re.MULTILINE):
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        subprocess.run(["cp", "-r", str(REPOSITORY / name), str(source / name)], check=True)
    env = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "EARMARK"))}
    env["PYTHON"] = str(Path(sys.base_prefix) / "bin" / "python3")
    subprocess.run(["deploy/install.sh", str(prefix)], cwd=source, env=env, check=True, capture_output=True)
    run = {"cwd": tmp_path, "env": env, "capture_output": True, "text": True}
    subprocess.run([str(prefix / "bin" / "earmark"), "projects", "create", "First"], **run, check=True)  # type: ignore[call-overload]
    said = subprocess.run([str(prefix / "bin" / "earmark"), "doctor"], **run, check=True).stdout  # type: ignore[call-overload]
    assert "ok   embedder: all-minilm-l6-v2" in said
    assert "ok   speech: moonshine-tiny-en" in said
    asked = subprocess.run([str(prefix / "bin" / "earmark"), "doctor", "--quick"], **run, check=False)  # type: ignore[call-overload]
    assert (asked.returncode, asked.stdout.startswith("FAIL server: does not answer")) == (1, True)
