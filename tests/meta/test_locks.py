"""Lock files pin every package by version and digest, name no index, and agree with each other."""

from __future__ import annotations

import re
import subprocess

import pytest

from tests.meta.sources import REPOSITORY

LOCKS = sorted(path.name for path in REPOSITORY.glob("requirements*.lock"))
SDKS = {"openai": "openai", "claude": "anthropic", "gemini": "google-genai"}


def entries(lock: str) -> list[str]:
    """Return the entries of a lock, each a package with its digests."""
    lines = (REPOSITORY / lock).read_text(encoding="utf-8")
    return [one for one in re.split(r"\n(?=\S)", lines) if not one.startswith("#")]


def pins(lock: str) -> dict[str, str]:
    """Return the version of each package."""
    found = [re.match(r"([a-z0-9-]+)==(\S+)", one) for one in entries(lock)]
    assert all(found)
    return {one.group(1): one.group(2) for one in found if one}


def make(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Return the commands of a make target without running them."""
    command = ["make", "-n", "-o", ".venv/.installed", *arguments]
    return subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_pins_all_by_digest_and_names_no_index(lock: str) -> None:
    assert pins(lock)
    assert [one for one in entries(lock) if not re.search(r"--hash=sha256:[0-9a-f]{64}\b", one)] == []
    text = (REPOSITORY / lock).read_text(encoding="utf-8")
    assert not re.search(r"--(?:extra-)?index-url |find-links|https?:", text)


@pytest.mark.parametrize("lock", LOCKS)
def test_locks_agree_on_versions(lock: str) -> None:
    dev = pins("requirements-dev.lock")
    assert {name: version for name, version in pins(lock).items() if dev.get(name, version) != version} == {}


@pytest.mark.parametrize("vendor", SDKS)
def test_a_vendors_lock_has_its_sdk_and_no_other(vendor: str) -> None:
    found = pins(f"requirements-models-{vendor}.lock")
    assert set(SDKS.values()) & set(found) == {SDKS[vendor]}
    assert found.items() <= pins("requirements-models.lock").items()
    assert pins("requirements.lock").items() <= found.items()


@pytest.mark.parametrize(
    ("given", "installs"),
    [
        ([], "openai"),
        (["MODELS="], "openai"),
        (["MODELS=claude"], "claude"),
        (["MODELS=claude gemini"], "claude gemini"),
    ],
)
def test_make_install_models_installs_what_is_asked_for(given: list[str], installs: str) -> None:
    done = make("install-models", *given)
    assert done.returncode == 0
    assert f"for one in {installs};" in done.stdout
    assert "requirements-models-$one.lock" in done.stdout


def test_make_install_models_refuses_an_unknown_vendor() -> None:
    done = make("install-models", "MODELS=claude somebody")
    assert done.returncode == 2
    assert "MODELS may name openai claude gemini, not somebody." in done.stderr


@pytest.mark.parametrize(("engine", "package"), [("whisper", "ctranslate2"), ("parakeet", "onnx-asr")])
def test_an_engines_lock_adds_what_runs_it_and_no_hub_client(engine: str, package: str) -> None:
    found = pins(f"requirements-speech-{engine}.lock")
    assert pins("requirements.lock").items() <= found.items()
    assert package in found
    assert len(found) - len(pins("requirements.lock")) <= 2
    assert "huggingface-hub" not in found


def test_make_install_speech_installs_what_is_asked_for_and_refuses_others() -> None:
    done = make("install-speech", "SPEECH=whisper parakeet")
    assert done.returncode == 0
    assert "for one in whisper parakeet;" in done.stdout
    assert "SPEECH may name whisper parakeet, not somebody" in make("install-speech", "SPEECH=somebody").stderr
