"""Request logs, metrics and traces: only if enabled, and without user content."""

from __future__ import annotations

import json
import re
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx
import pytest

import earmark
from earmark.telemetry import TracesUnavailableError, check_traces
from tests.http.conftest import TALK, Library
from tests.http.test_logs import CANARY, plant
from tests.server import Place, Server, new_project, running


def counts_of(server: Server) -> dict[str, float]:
    """Check the format of `/metrics`; return its series."""
    answer = httpx.get(server.base_url + "/metrics")
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    found = {}
    for line in answer.text.splitlines():
        if not line.startswith("#"):
            assert re.fullmatch(r'[a-z_]+(\{[a-z_]+="[^"]*"(,[a-z_]+="[^"]*")*\})? [0-9.e+-]+', line), line
            name, _, value = line.rpartition(" ")
            found[name] = float(value)
    return found


def until(server: Server, series: str, value: float) -> dict[str, float]:
    """Return the counts once a series has reached a value; processes write theirs every second."""
    deadline = time.monotonic() + 30
    while (counts := counts_of(server)).get(series, 0) < value and time.monotonic() < deadline:
        time.sleep(0.2)
    assert counts.get(series) == value
    return counts


def test_nothing_is_exported_unless_enabled(server: Server) -> None:
    assert httpx.get(server.base_url + "/metrics").status_code == 404
    assert not (server.place.data_dir / "metrics").exists()


def test_metrics_are_the_sums_over_all_processes(fresh_place: Place) -> None:
    with running(fresh_place, "--workers", "2", EARMARK_METRICS="true") as server:
        key = new_project(fresh_place).live
        for _ in range(40):  # each on its own connection, so that both processes get some
            with server.client(key) as client:
                assert client.get("/v1/ask/sessions").status_code == 200
        with server.client(key) as client:
            client.get("/v1/ask/sessions", params={"limit": 0})
            client.get("/v1/nothing")
            client.request("PROPFIND", "/v1/ask/sessions")
        of_list = 'method="GET",route="/v1/ask/sessions"'
        counts = until(server, f'earmark_requests_total{{{of_list},status="200"}}', 40)
        assert counts[f'earmark_requests_total{{{of_list},status="400"}}'] == 1
        assert counts['earmark_requests_total{method="GET",route="none",status="404"}'] == 1
        assert counts['earmark_requests_total{method="other",route="/v1/ask/sessions",status="405"}'] == 1
        assert counts[f"earmark_request_seconds_count{{{of_list}}}"] == 41
        buckets = [
            counts[f'earmark_request_seconds_bucket{{le="{le}",{of_list}}}'] for le in ("0.001", "0.1", "60", "+Inf")
        ]
        assert buckets == sorted(buckets)
        assert buckets[-1] == 41


def test_turns_and_media_are_counted_without_user_content_in_labels(fresh_place: Place) -> None:
    with running(fresh_place, EARMARK_METRICS="true") as server, server.client(new_project(fresh_place).live) as client:
        plant(client)
        library = Library(client)
        recording = library.recording(library.user(), TALK)
        begun = client.post(f"/v1/recordings/{recording}/upload-url", json={"content_type": "audio/ogg"}).json()
        assert httpx.put(begun["upload_url"], content=b"x" * 1_000, headers=begun["headers"]).status_code == 200
        client.post(f"/v1/recordings/{recording}/upload-complete")
        url = client.get(f"/v1/recordings/{recording}/download-url").json()["download_url"]
        assert len(httpx.get(url, headers={"range": "bytes=0-99"}).content) == 100
        counts = counts_of(server)
        assert counts['earmark_media_bytes_total{direction="in"}'] == 1_000
        assert counts['earmark_media_bytes_total{direction="out"}'] == 100
        assert counts['earmark_turns_total{outcome="stop",provider="earmark"}'] >= 2
        text = httpx.get(server.base_url + "/metrics").text
        assert CANARY not in text.lower()
        assert not re.search(r"(eu|rec|as|msg|fld|med|txn|req|proj)_[A-Za-z0-9]{10}", text)
        for path in fresh_place.data_dir.glob("metrics/**/*.json"):
            assert CANARY not in path.read_text().lower()


def test_queues_disk_and_stored_media_are_measured(fresh_place: Place) -> None:
    with running(fresh_place, EARMARK_METRICS="true") as server, server.client(new_project(fresh_place).live) as client:
        library = Library(client)
        recording = library.recording(library.user(), TALK)
        begun = client.post(f"/v1/recordings/{recording}/upload-url", json={"content_type": "audio/ogg"}).json()
        assert httpx.put(begun["upload_url"], content=b"x" * 1_000, headers=begun["headers"]).status_code == 200
        client.post(f"/v1/recordings/{recording}/upload-complete")
        before = counts_of(server)
        assert before["earmark_database_up"] == 1
        assert before["earmark_media_stored_bytes"] == 1_000
        assert 0 < before["earmark_disk_free_bytes"] < before["earmark_disk_size_bytes"]
        assert before["earmark_webhook_deliveries_pending"] == 0
        assert before[f'earmark_build_info{{version="{earmark.__version__}"}}'] == 1
        assert "earmark_last_backup_timestamp_seconds" not in before
        started = time.time()
        fresh_place.cli("backup", str(fresh_place.data_dir / "all.zip"))
        assert counts_of(server)["earmark_last_backup_timestamp_seconds"] >= int(started)


def test_a_request_log_line_has_method_route_status_time_and_id(fresh_place: Place, tmp_path: Path) -> None:
    log = tmp_path / "log"
    with (
        log.open("w") as stderr,
        running(fresh_place, stderr=stderr, EARMARK_LOG_REQUESTS="true") as server,
        server.client(new_project(fresh_place).live) as client,
    ):
        answer = client.get("/v1/ask/sessions/as_unknown", params={"q": CANARY})
        plant(client)
    lines = [json.loads(line) for line in log.read_text().splitlines()]
    first = next(line for line in lines if line["event"] == "request")
    assert first.pop("ms") >= 0
    assert first.pop("timestamp")
    assert first == {"event": "request", "level": "info", "method": "GET", "route": "/v1/ask/sessions/{session_id}",
                     "status": 404, "request_id": answer.headers["x-request-id"]}  # fmt: skip
    assert CANARY not in log.read_text().lower()


# ---- traces ----------------------------------------------------------------------------------------


class Collector(ThreadingHTTPServer):
    """A collector that stores the traces sent to it."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Taker)
        self.bodies: list[bytes] = []

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/v1/traces"


class _Taker(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        assert isinstance(self.server, Collector)
        self.server.bodies.append(self.rfile.read(int(self.headers["content-length"])))
        self.send_response(200)
        self.send_header("content-type", "application/x-protobuf")
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def collecting() -> Iterator[Collector]:
    collector = Collector()
    thread = threading.Thread(target=collector.serve_forever)
    thread.start()
    try:
        yield collector
    finally:
        collector.shutdown()
        thread.join()
        collector.server_close()


def spans_of(collector: Collector) -> list[tuple[str, str, str]]:
    """Return (name, trace id, own id, parent's id) of all spans that arrived."""
    from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

    found = []
    for body in collector.bodies:
        for resource in ExportTraceServiceRequest.FromString(body).resource_spans:
            for scope in resource.scope_spans:
                found += [(span.name, span.trace_id.hex(), span.parent_span_id.hex()) for span in scope.spans]
    return found


def test_traces_show_a_questions_steps_without_its_content(fresh_place: Place) -> None:
    trace_id, parent_id = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
    with collecting() as collector:
        with (
            running(fresh_place, EARMARK_TRACES_ENDPOINT=collector.endpoint) as server,
            server.client(new_project(fresh_place).live) as client,
        ):
            secrets = plant(client)
            library = Library(client)
            user = library.user()
            library.recording(user, TALK)
            body = {
                "scope": {"type": "library"},
                "end_user_id": user,
                "initial_message": {"content": "When is the launch?"},
            }
            headers = {"traceparent": f"00-{trace_id}-{parent_id}-01"}
            assert client.post("/v1/ask/sessions", json=body, headers=headers).status_code == 200
        spans = spans_of(collector)
    names = {name for name, _, _ in spans}
    assert {"GET /v1/ask/sessions", "POST /v1/ask/sessions", "turn", "embed question", "rank", "index transcript",
            "unit of work", "snapshot", "query select_sessions", "query insert_session"} <= names  # fmt: skip
    ours = [(name, parent) for name, trace, parent in spans if trace == trace_id]
    assert ("POST /v1/ask/sessions", parent_id) in ours
    assert {"turn", "embed question", "query insert_message"} <= {name for name, _ in ours}
    for sent in collector.bodies:
        assert CANARY.encode() not in sent.lower()
        assert all(secret.encode() not in sent for secret in secrets)


@pytest.mark.slow
def test_an_unreachable_collector_does_not_affect_answers(fresh_place: Place) -> None:
    with (
        running(fresh_place, EARMARK_TRACES_ENDPOINT="http://127.0.0.1:9/v1/traces") as server,
        server.client(new_project(fresh_place).live) as client,
    ):
        assert client.get("/v1/ask/sessions").status_code == 200


def test_traces_without_the_sdk_are_refused_in_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "opentelemetry.sdk.trace", None)
    with pytest.raises(TracesUnavailableError, match=r"pip install 'earmark\[otel\]'"):
        check_traces("http://127.0.0.1:4318/v1/traces")
    check_traces(None)
