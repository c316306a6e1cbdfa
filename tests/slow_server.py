"""A server whose model takes its time: `python -m tests.slow_server SECONDS`, otherwise `earmark serve`."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator

from earmark.cli import serving
from earmark.config import load_settings
from earmark.llm.extractive import ExtractiveModel
from earmark.llm.types import AnswerEvent, AnswerRequest

_answer = ExtractiveModel.answer


def main(pause_s: float) -> None:
    """Serve until told to stop."""

    async def slowly(self: ExtractiveModel, request: AnswerRequest) -> AsyncIterator[AnswerEvent]:
        await asyncio.sleep(pause_s)
        async for event in _answer(self, request):
            yield event

    ExtractiveModel.answer = slowly  # type: ignore[method-assign]
    settings = load_settings(port=0)
    listener = serving.bind(settings)
    print(f"listens on {serving.address_of(listener)}", flush=True)
    serving.run_server(settings, listener)


if __name__ == "__main__":
    main(float(sys.argv[1]))
