"""Writes `deploy/monitoring/dashboard.json`, a dashboard for Grafana over what `/metrics` serves."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

PAGE = Path(__file__).resolve().parent.parent / "deploy" / "monitoring" / "dashboard.json"
_SOURCE = {"type": "prometheus", "uid": "${source}"}
_WHERE = 'job=~"$job"'
_QUANTILE = "histogram_quantile({q}, sum by (le{by}) (rate({name}_bucket{{{where}}}[$__rate_interval])))"
Query = tuple[str, str]
"""An expression, and the legend of its lines."""


def _rate(name: str, *by: str, where: str = "") -> str:
    return f"sum by ({', '.join(by)}) (rate({name}{{{_WHERE}{where}}}[$__rate_interval]))"


def _gauge(name: str, *by: str, how: str = "max") -> str:
    """Every process of an installation measures the same, so the largest is shown and nothing is summed."""
    return f"{how} by ({', '.join(by)}) ({name}{{{_WHERE}}})"


def _quantile(q: float, name: str, *by: str) -> str:
    return _QUANTILE.format(q=q, name=name, by="".join(f", {one}" for one in by), where=_WHERE)


ROWS: list[tuple[str, list[tuple[str, str, list[Query]]]]] = [
    ("Now", [
        ("Database answers", "bool", [(_gauge("earmark_database_up", how="min"), "up")]),
        ("Version", "short", [(_gauge("earmark_build_info", "version"), "{{version}}")]),
        ("Free disk", "percentunit",
         [(f"min(earmark_disk_free_bytes{{{_WHERE}}} / earmark_disk_size_bytes{{{_WHERE}}})", "free")]),
        ("Age of the last backup", "s", [(f"time() - max(earmark_last_backup_timestamp_seconds{{{_WHERE}}})", "age")]),
    ]),
    ("Requests", [
        ("Requests a second, by status", "reqps", [(_rate("earmark_requests_total", "status"), "{{status}}")]),
        ("Requests a second, by route", "reqps",
         [(f"topk(8, {_rate('earmark_requests_total', 'method', 'route')})", "{{method}} {{route}}")]),
        ("Slowest twentieth (p95), by route", "s",
         [(f"topk(8, {_quantile(0.95, 'earmark_request_seconds', 'route')})", "{{route}}")]),
        ("Requests refused or failed", "reqps",
         [(_rate("earmark_requests_total", "status", where=', status=~"429|5.."'), "{{status}}")]),
    ]),
    ("Answers", [
        ("Turns a second, by outcome", "ops",
         [(_rate("earmark_turns_total", "provider", "outcome"), "{{provider}} {{outcome}}")]),
        ("Time of a turn: p50 and p95", "s",
         [(_quantile(q, "earmark_turn_seconds", "provider"), f"{{{{provider}}}} p{q * 100:.0f}") for q in (0.5, 0.95)]),
    ]),
    ("Jobs", [
        ("Jobs that wait, by kind", "short", [(_gauge("earmark_jobs_due", "kind"), "{{kind}}")]),
        ("How long the oldest has waited", "s", [(_gauge("earmark_jobs_oldest_due_seconds", "kind"), "{{kind}}")]),
        ("Jobs that run, by kind", "short", [(_gauge("earmark_jobs_running", "kind"), "{{kind}}")]),
        ("Runs a second, by kind and outcome", "ops",
         [(_rate("earmark_jobs_total", "kind", "outcome"), "{{kind}} {{outcome}}")]),
        ("Time of a run (p95): transcriptions, summaries, …", "s",
         [(_quantile(0.95, "earmark_job_seconds", "kind"), "{{kind}}")]),
        ("Background tasks that died", "short", [(_rate("earmark_background_deaths_total", "task"), "{{task}}")]),
    ]),
    ("Webhooks and media", [
        ("Attempts a second, by outcome", "ops", [(_rate("earmark_webhook_attempts_total", "outcome"), "{{outcome}}")]),
        ("Time of an attempt (p95)", "s", [(_quantile(0.95, "earmark_webhook_attempt_seconds"), "p95")]),
        ("Deliveries that have not ended", "short", [(_gauge("earmark_webhook_deliveries_pending"), "pending")]),
        ("Age of the oldest of them", "s", [(_gauge("earmark_webhook_oldest_pending_seconds"), "oldest")]),
        ("Media received and sent", "Bps", [(_rate("earmark_media_bytes_total", "direction"), "{{direction}}")]),
        ("Media stored", "bytes", [(_gauge("earmark_media_stored_bytes"), "stored")]),
    ]),
]  # fmt: skip


def render() -> str:
    """Return the dashboard."""
    panels: list[dict[str, Any]] = []
    y = 0
    for title, shown in ROWS:
        panels.append({"type": "row", "title": title, "collapsed": False, "panels": [], "id": len(panels) + 1,
                       "gridPos": {"x": 0, "y": y, "w": 24, "h": 1}})  # fmt: skip
        y += 1
        is_first = title == ROWS[0][0]
        width, height = (6, 4) if is_first else (12, 8)
        for number, (name, unit, queries) in enumerate(shown):
            at = {"x": number * width % 24, "y": y + number * width // 24 * height, "w": width, "h": height}
            panels.append(_panel(len(panels) + 1, name, unit, queries, at, "stat" if is_first else "timeseries"))
        y += -(-len(shown) * width // 24) * height
    return json.dumps(_dashboard(panels), indent=1, ensure_ascii=False) + "\n"


def _panel(number: int, title: str, unit: str, queries: list[Query], at: dict[str, int], kind: str) -> dict[str, Any]:
    targets = [
        {"refId": chr(ord("A") + order), "datasource": _SOURCE, "expr": expr, "legendFormat": legend, "range": True}
        for order, (expr, legend) in enumerate(queries)
    ]
    return {
        "type": kind, "id": number, "title": title, "gridPos": at, "datasource": _SOURCE, "targets": targets,
        "fieldConfig": {"defaults": {"unit": unit, "min": 0}, "overrides": []},
        "options": {"textMode": "value_and_name"} if title == "Version" else {},
    }  # fmt: skip


def _dashboard(panels: list[dict[str, Any]]) -> dict[str, Any]:
    of_job = {"qryType": 1, "query": "label_values(earmark_build_info, job)", "refId": "jobs"}
    variables = [
        {"name": "source", "label": "Data source", "type": "datasource", "query": "prometheus"},
        {"name": "job", "label": "Job", "type": "query", "datasource": _SOURCE, "query": of_job,
         "definition": of_job["query"], "refresh": 2, "multi": True, "includeAll": True, "allValue": ".*",
         "current": {"text": "All", "value": "$__all"}},
    ]  # fmt: skip
    return {
        "uid": "earmark", "title": "earmark", "tags": ["earmark"], "schemaVersion": 39, "editable": True,
        "refresh": "30s", "time": {"from": "now-6h", "to": "now"}, "templating": {"list": variables},
        "panels": panels,
    }  # fmt: skip


if __name__ == "__main__":
    PAGE.write_text(render(), encoding="utf-8")
