"""Renders the software bill of materials in CycloneDX's JSON: what a release needs, from its locks and weights.

Source: CycloneDX 1.6, https://cyclonedx.org/docs/1.6/json/.
"""

from __future__ import annotations

import json
import re
import sys
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from earmark.speech.weights import WEIGHTS  # noqa: E402
from scripts.write_licences import PAGE, pins_of  # noqa: E402

_ROWS = re.compile(r"^\| ([a-z0-9-]+) \| (\S+) \| (.+) \|$", re.MULTILINE)
_ENTRY = re.compile(r"^([a-z0-9-]+)==[^\n]*\\\n((?:    --hash=sha256:[0-9a-f]{64}(?: \\)?\n?)+)", re.MULTILINE)
_TEXT_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"


def render(version: str, epoch_s: int) -> str:
    """Return the document; the same for the same locks, version and time."""
    root = {
        "type": "application", "bom-ref": "earmark", "name": "earmark", "version": version,
        "purl": f"pkg:pypi/earmark@{version}", "licenses": [{"license": {"id": "Apache-2.0"}}],
    }  # fmt: skip
    components = [*packages(), *weights()]
    document: dict[str, Any] = {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {
            "timestamp": datetime.fromtimestamp(epoch_s, UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "component": root,
        },
        "components": components,
        "dependencies": [{"ref": "earmark", "dependsOn": sorted(one["bom-ref"] for one in components)}],
    }
    name = uuid.uuid5(uuid.NAMESPACE_URL, json.dumps(document, sort_keys=True))
    document["serialNumber"] = f"urn:uuid:{name}"
    return json.dumps(document, indent=1, sort_keys=True) + "\n"


def packages() -> Iterator[dict[str, Any]]:
    """Yield the locked packages, with the digests of all files that the lock accepts."""
    lock = ROOT / "requirements.lock"
    licences = {(name, version): licence for name, version, licence in _ROWS.findall(PAGE.read_text(encoding="utf-8"))}
    digests = {name: re.findall(r"sha256:([0-9a-f]{64})", one) for name, one in _ENTRY.findall(lock.read_text("utf-8"))}
    for pin in sorted(pins_of(lock)):
        purl = f"pkg:pypi/{pin.name}@{pin.version}"
        licence = licences[(pin.name, pin.version)]
        marker = [{"name": "earmark:marker", "value": pin.marker}] if pin.marker else []
        accepted = [{"name": "earmark:accepted-sha256", "value": one} for one in digests[pin.name]]
        found = {
            "type": "library", "bom-ref": purl, "name": pin.name, "version": pin.version, "purl": purl,
            "properties": [*marker, *accepted],
        }  # fmt: skip
        is_known = not licence.startswith("not ")
        yield {**found, "licenses": [{"license": {"name": licence}}]} if is_known else found


def weights() -> Iterator[dict[str, Any]]:
    """Yield the files of the built-in models."""
    yield _weight("all-MiniLM-L6-v2/model.safetensors", _TEXT_SHA256, "Apache-2.0")
    for one in WEIGHTS.values():
        yield _weight(f"{one.package}/{one.name}", one.sha256, "MIT")


def _weight(name: str, sha256: str, licence: str) -> dict[str, Any]:
    return {
        "type": "machine-learning-model", "bom-ref": f"weights/{name}", "name": name,
        "hashes": [{"alg": "SHA-256", "content": sha256}], "licenses": [{"license": {"id": licence}}],
    }  # fmt: skip
