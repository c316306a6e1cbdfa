"""Fetching models: interrupted, resumed, refused. A server on this machine stands for the publisher's."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from earmark.cli.main import app
from earmark.config import SettingsError, load_settings
from earmark.speech import catalogue, pulling
from earmark.speech.catalogue import MODELS, ModelFile, PinnedModel, check_digests, folder_of, is_complete
from earmark.speech.engines import configured_engines
from earmark.speech.listening.errors import SpeechUnavailableError
from earmark.speech.pulling import BeingPulledError, PullError, pull

CONTENT = bytes(range(256)) * 4_000


class Publisher(ThreadingHTTPServer):
    """Serves `weights.bin`; `cuts`: after so many bytes each answer ends, until the list is empty."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.content = CONTENT
        self.cuts: list[int] = []
        self.has_ranges = True
        self.asked: list[str | None] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class _Handler(BaseHTTPRequestHandler):
    server: Publisher

    def do_GET(self) -> None:
        asked = self.headers.get("Range")
        self.server.asked.append(asked)
        if self.path != "/weights.bin":
            self.send_error(404)
            return
        start = int(asked[len("bytes=") : -1]) if asked and self.server.has_ranges else 0
        body = self.server.content[start:]
        self.send_response(206 if start else 200)
        if start:
            whole = len(self.server.content)
            self.send_header("Content-Range", f"bytes {start}-{whole - 1}/{whole}")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body[: self.server.cuts.pop(0)] if self.server.cuts else body)

    def log_message(self, *_: object) -> None: ...


@pytest.fixture
def publisher(monkeypatch: pytest.MonkeyPatch) -> Iterator[Publisher]:
    monkeypatch.setattr(pulling, "_PAUSE_S", 0.0)
    server = Publisher()
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def _model(publisher: Publisher, content: bytes = CONTENT, name: str = "weights.bin") -> PinnedModel:
    file = ModelFile(name, len(content), hashlib.sha256(content).hexdigest())
    return PinnedModel("one", publisher.url, "us", "MIT", "whisper", (file,))


def test_an_interrupted_download_goes_on_where_it_was(publisher: Publisher, tmp_path: Path) -> None:
    publisher.cuts = [300_000, 100_000]
    counts: list[int] = []
    pull(_model(publisher), tmp_path, told=counts.append)
    assert (tmp_path / "weights.bin").read_bytes() == CONTENT
    assert publisher.asked == [None, "bytes=300000-", "bytes=400000-"]
    assert sum(counts) == len(CONTENT)
    pull(_model(publisher), tmp_path)
    assert len(publisher.asked) == 3


def test_a_later_command_goes_on_and_a_server_without_ranges_starts_anew(publisher: Publisher, tmp_path: Path) -> None:
    (tmp_path / "weights.bin.part").write_bytes(CONTENT[:1_000])
    publisher.has_ranges = False
    counts: list[int] = []
    pull(_model(publisher), tmp_path, told=counts.append)
    assert publisher.asked == ["bytes=1000-"]
    assert (tmp_path / "weights.bin").read_bytes() == CONTENT
    assert sum(counts) == len(CONTENT)


def test_other_bytes_are_deleted_and_never_become_the_model(publisher: Publisher, tmp_path: Path) -> None:
    publisher.content = CONTENT[:-1] + b"x"
    with pytest.raises(PullError, match="another file than the pinned one"):
        pull(_model(publisher), tmp_path)
    publisher.content = CONTENT + b"more"
    with pytest.raises(PullError, match="larger than the pinned file"):
        pull(_model(publisher), tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == [".lock"]


def test_a_server_that_never_gives_the_rest_is_left_after_some_tries(publisher: Publisher, tmp_path: Path) -> None:
    publisher.cuts = [1_000] + [0] * 20
    with pytest.raises(PullError, match="Run the command again to go on"):
        pull(_model(publisher), tmp_path)
    assert (tmp_path / "weights.bin.part").stat().st_size == 1_000


def test_what_is_not_there_is_named(publisher: Publisher, tmp_path: Path) -> None:
    with pytest.raises(PullError, match="answers 404"):
        pull(_model(publisher, name="other.bin"), tmp_path)
    with pytest.raises(PullError, match="is missing"):
        pull(_model(publisher), tmp_path, source=tmp_path / "nowhere")


def test_two_commands_do_not_write_the_same_model(publisher: Publisher, tmp_path: Path) -> None:
    with pulling._held(tmp_path, "one"), pytest.raises(BeingPulledError):
        pull(_model(publisher), tmp_path)


def test_a_disk_that_is_too_small_is_named_before_anything_is_fetched(
    publisher: Publisher, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Usage:
        free = 1 << 20

    monkeypatch.setattr(pulling.shutil, "disk_usage", lambda _: Usage)
    with pytest.raises(PullError, match="MiB of disk"):
        pull(_model(publisher), tmp_path)
    assert publisher.asked == []


def test_a_model_is_used_only_with_its_pinned_bytes(publisher: Publisher, tmp_path: Path) -> None:
    model = _model(publisher)
    pull(model, tmp_path)
    assert check_digests(tmp_path, model) == tmp_path
    (tmp_path / "weights.bin").write_bytes(CONTENT[:-1] + b"x")
    assert is_complete(tmp_path, model)
    for folder in (tmp_path, None, tmp_path / "nowhere"):
        with pytest.raises(SpeechUnavailableError, match="earmark models pull one"):
            check_digests(folder, model)


def test_every_pinned_file_has_an_encrypted_address_with_a_revision() -> None:
    for model in MODELS.values():
        assert model.source.startswith("https://")
        assert len(model.source.rpartition("/")[2]) == 40
        assert all(len(file.sha256) == 64 and file.size_bytes > 0 for file in model.files)


def test_the_command_shows_the_licence_and_then_the_engine_is_there(
    publisher: Publisher, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from typer.testing import CliRunner

    name = "whisper-base"
    pinned = _model(publisher)
    model = PinnedModel(name, "https://example.invalid/x", "us", "MIT", "whisper", pinned.files)
    monkeypatch.setitem(catalogue.MODELS, name, model)
    monkeypatch.setenv("EARMARK_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("EARMARK_SPEECH_ENGINE", name)
    with pytest.raises(SettingsError, match="earmark models pull whisper-base"):
        configured_engines(load_settings())
    said = CliRunner().invoke(app, ["models", "pull", name, "--from", publisher.url])
    assert said.exit_code == 0, said.output
    assert "Licence: MIT" in said.output
    assert is_complete(folder_of(tmp_path / "data", name), model)
    monkeypatch.setattr("earmark.speech.listening.engines.EngineEntry.is_installed", True)
    engines = configured_engines(load_settings())
    assert (engines.default.name, engines.default.provider) == (name, "whisper")
    assert [(provider, one.name) for provider, one in engines.listed()] == [
        ("whisper", name), (None, "moonshine-tiny-en")]  # fmt: skip
