"""Renders `/docs`: the OpenAPI document as one HTML page without scripts or external requests."""

from __future__ import annotations

import json
from collections.abc import Iterator
from html import escape
from typing import Any

_STYLE = """
:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif }
body { max-width: 60rem; margin: 2rem auto; padding: 0 1rem }
code, pre { font: 0.9rem/1.4 ui-monospace, monospace }
pre { overflow: auto; padding: .75rem; border: 1px solid #8884; border-radius: .4rem }
summary { cursor: pointer; padding: .3rem 0 }
.method { display: inline-block; min-width: 4.5rem; font-weight: 700 }
table { border-collapse: collapse }
td, th { text-align: left; padding: .2rem .8rem .2rem 0; vertical-align: top }
"""


def docs_page(openapi: dict[str, Any]) -> str:
    """Return the page for an OpenAPI 3.1 document."""
    info = openapi["info"]
    body = "".join(_sections(openapi))
    return (
        f"<!doctype html><html lang=en><meta charset=utf-8><title>{escape(info['title'])} API</title>"
        f"<meta name=viewport content='width=device-width'><style>{_STYLE}</style>"
        f"<h1>{escape(info['title'])} {escape(info['version'])}</h1><p>{escape(info.get('summary', ''))}</p>"
        f"<p>{escape(info.get('description', ''))} As an OpenAPI document: "
        f"<a href=/openapi.json>/openapi.json</a>.</p>{body}</html>"
    )


def _sections(openapi: dict[str, Any]) -> Iterator[str]:
    by_tag: dict[str, list[str]] = {}
    for path, operations in openapi["paths"].items():
        for method, operation in operations.items():
            tag = (operation.get("tags") or ["Other"])[0]
            by_tag.setdefault(tag, []).append(_operation(method.upper(), path, operation))
    for tag, shown in by_tag.items():
        yield f"<h2>{escape(tag)}</h2>{''.join(shown)}"
    yield "<h2>Objects</h2>"
    for name, schema in openapi["components"]["schemas"].items():
        yield f"<details id='{escape(name)}'><summary>{escape(name)}</summary>{_json(schema)}</details>"


def _operation(method: str, path: str, operation: dict[str, Any]) -> str:
    rows = "".join(_parameter(one) for one in operation.get("parameters", []))
    table = f"<table><tr><th>parameter<th>in<th>meaning{rows}</table>" if rows else ""
    body = operation.get("requestBody", {}).get("content", {})
    sent = "".join(f"<p>Body <code>{escape(kind)}</code></p>{_json(one)}" for kind, one in body.items())
    answers = ", ".join(f"{status} {_answer(one)}" for status, one in operation["responses"].items())
    return (
        f"<details><summary><span class=method>{method}</span><code>{escape(path)}</code> "
        f"{escape(operation.get('summary', ''))}</summary><p>{escape(operation.get('description', ''))}</p>"
        f"{table}{sent}<p>Responses: {answers}</p></details>"
    )


def _answer(answer: dict[str, Any]) -> str:
    schema = answer.get("content", {}).get("application/json", {}).get("schema", {})
    name = schema.get("$ref", "").rpartition("/")[2]
    return f"<a href='#{escape(name)}'>{escape(name)}</a>" if name else ""


def _parameter(one: dict[str, Any]) -> str:
    needed = "" if one.get("required") else " (optional)"
    meaning = escape(one.get("description", ""))
    return f"<tr><td><code>{escape(one['name'])}</code><td>{escape(one['in'])}{needed}<td>{meaning}"


def _json(value: Any) -> str:
    return f"<pre>{escape(json.dumps(value, indent=1, ensure_ascii=False))}</pre>"
