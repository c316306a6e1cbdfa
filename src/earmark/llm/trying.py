"""Tries a model: sends it a short prompt."""

from __future__ import annotations

import time
from typing import Final

from earmark.llm.prompt import Prompt
from earmark.llm.types import AnswerModel

_PROMPT: Final = Prompt("Answer with one word.", (), "Say hello.")
_MOST_TOKENS: Final = 16


async def try_model(model: AnswerModel) -> int:
    """Return the milliseconds that a model takes for a short prompt; 0 for the built-in one, which needs no trying.

    Raises: ProviderError, and others of `earmark.errors`, if it fails.
    """
    if model.writer is None:
        return 0
    started_s = time.monotonic()
    await model.writer.write(_PROMPT, _MOST_TOKENS)
    return int((time.monotonic() - started_s) * 1_000)
