"""`earmark retention --dry-run`: what the daily deletion would delete now."""

from __future__ import annotations

from collections import Counter
from typing import Annotated, Any

import typer

from earmark.cli.output import JsonOption, emit, run
from earmark.clock import render_time
from earmark.processing.types import Expired
from earmark.runtime import Runtime
from earmark.storage.tenant import Tenant

_KINDS = ("audio", "transcript", "session")


def retention(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="List what is past its time; delete nothing.")] = False,
    as_json: JsonOption = False,
) -> None:
    """List audio, transcripts and sessions that are past their time; the server's daily job deletes them."""
    if not dry_run:
        raise typer.BadParameter("Add --dry-run. What it lists is deleted once a day by the server.")

    async def work(runtime: Runtime) -> list[dict[str, Any]]:
        return [_to_json(tenant, one) async for tenant, one in runtime.retention.find_expired()]

    found = run(work)
    counted = Counter(str(one["kind"]) for one in found)
    counts = {kind: counted[kind] for kind in _KINDS}
    emit({"counts": counts, "expired": found}, as_json=as_json, text=_render(found, counts))


def _to_json(tenant: Tenant, one: Expired) -> dict[str, Any]:
    return {
        "kind": one.kind, "id": one.id, "recording_id": one.recording_id, "end_user_id": one.end_user_id,
        "project_id": tenant.key.project_id, "mode": tenant.key.mode, "since": render_time(one.since_us),
        "days": one.days,
    }  # fmt: skip


def _render(found: list[dict[str, Any]], counts: dict[str, int]) -> str:
    lines = [
        f"{one['kind']}  {one['id']}  {one['end_user_id']}  {one['project_id']} ({one['mode']})"
        f"  since {one['since']}, {one['days']} days"
        for one in found
    ]
    total = ", ".join(f"{count} of {kind}" for kind, count in counts.items())
    return "\n".join([*lines, f"Past their time: {total}. Nothing was deleted."])
