"""A server whose model takes its time: `python -m tests.slow_server SECONDS`, otherwise `earmark serve`.

It prints the process of each answer. Workers (`EARMARK_WORKERS`) take their time too: each imports this module.
"""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator

from earmark.answers.extractive import ExtractiveModel
from earmark.cli import serving
from earmark.config import load_settings
from earmark.llm.types import AnswerEvent, AnswerRequest

_answer = ExtractiveModel.answer


def slow_down(pause_s: float) -> None:
    """Make each answer of this process wait."""

    async def slowly(self: ExtractiveModel, request: AnswerRequest) -> AsyncIterator[AnswerEvent]:
        print(os.getpid(), "answers", flush=True)
        await asyncio.sleep(pause_s)
        async for event in _answer(self, request):
            yield event

    ExtractiveModel.answer = slowly  # type: ignore[method-assign]


def main() -> None:
    """Serve until told to stop."""
    settings = load_settings(port=0)
    listener = serving.bind(settings)
    print(f"listens on {serving.address_of(listener)}", flush=True)
    serving.run_server(settings, listener)


if __name__ in ("__main__", "__mp_main__"):
    slow_down(float(sys.argv[1]))
if __name__ == "__main__":
    main()
