"""How long a transcription waits for a vendor that is busy or away before a failure counts."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest

from earmark.clock import now_us
from earmark.speech.errors import JOB_MESSAGES, MESSAGES, HearingError, describe
from earmark.speech.jobs import _Run

pytestmark = pytest.mark.anyio
BUSY, AWAY = "vendor_busy", "vendor_unavailable"


class Running:
    """A job that began some time ago, and what became of it."""

    def __init__(self, age_s: float) -> None:
        created_us = now_us() - round(age_s * 1e6)
        self.job = SimpleNamespace(payload={"transcription_id": "txn_1"}, created_us=created_us)
        self.put: list[tuple[float, str, bool]] = []

    async def put_back(self, delay_s: float, code: str, *, is_counted: bool) -> None:
        self.put.append((delay_s, code, is_counted))


@pytest.mark.parametrize(
    ("age_s", "code", "after_s", "waits"),
    [
        (0, BUSY, 90.0, True),
        (23 * 3_600, BUSY, 90.0, True),
        (25 * 3_600, BUSY, 90.0, False),
        (0, AWAY, 15.0, True),
        (1_700, AWAY, 15.0, True),
        (1_900, AWAY, 15.0, False),
        (0, "vendor_bad_answer", None, False),
    ],
)
async def test_what_a_vendor_is_waited_for_depends_on_what_it_said(
    age_s: float, code: str, after_s: float | None, waits: bool
) -> None:
    running = Running(age_s)
    run = _Run(cast("Any", running), cast("Any", None))
    assert await run._try_later(HearingError(code, is_temporary=True, after_s=after_s)) is waits
    assert running.put == ([(after_s, code, False)] if waits else [])


def test_every_code_of_a_job_has_a_sentence_and_a_code_of_the_contract() -> None:
    for code, message in JOB_MESSAGES.items():
        assert describe(code) == ("processing_error", message)
        assert HearingError(code).message == message
    for code, message in MESSAGES.items():
        assert describe(code) == (code, message)
    assert describe("internal_error") == describe(None) == ("processing_error", MESSAGES["processing_error"])
