"""What commands that check something found, and how it is shown."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import typer

from earmark.cli.output import emit


@dataclass(frozen=True, slots=True)
class Finding:
    """The result of one check."""

    check: str
    is_ok: bool
    says: str
    is_warning: bool = False


def show(findings: Sequence[Finding], *, as_json: bool) -> None:
    """Print findings.

    Raises: typer.Exit with 1 if one is a failure.
    """
    for finding in findings:
        shown = {
            "check": finding.check, "ok": finding.is_ok, "warning": finding.is_warning, "says": finding.says,
        }  # fmt: skip
        mark = "FAIL" if not finding.is_ok else "warn" if finding.is_warning else "ok  "
        emit(shown, as_json=as_json, text=f"{mark} {finding.check}: {finding.says}")
    if not all(finding.is_ok for finding in findings):
        raise typer.Exit(1)
