"""Summaries whose language model fails: the next provider writes them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from tests.http.conftest import Library
from tests.http.test_summaries import BOARD, start, transcription_of
from tests.llm.vendor_server import Fails, Says, VendorServer, vendor_server
from tests.server import Place, new_project, running, wait_until

TEMPLATE = {"template_id": "tmpl_general_notes"}
CONTEXT_TOKENS, ANSWER_TOKENS = 8_192, 1_024


def settings_of(vendor: VendorServer, **more: str) -> dict[str, str]:
    return {
        "EARMARK_SERVERS__OLLAMA__BASE_URL": vendor.base_url + "/v1",
        "EARMARK_SERVERS__OLLAMA__MODEL": "llama",
        "EARMARK_SERVERS__OLLAMA__CONTEXT_TOKENS": str(CONTEXT_TOKENS),
        "EARMARK_SERVERS__OLLAMA__ANSWER_TOKENS": str(ANSWER_TOKENS),
        "EARMARK_MODEL_RETRY_S": "0",
        "EARMARK_DEFAULT_PROVIDER": "ollama",
        **more,
    }


def written(client: httpx.Client, transcription: str) -> dict[str, Any]:
    """Return the summary that a project's default provider writes, once it has ended."""
    path = f"/v1/summaries/{start(client, transcription, **TEMPLATE)['id']}"
    wait_until(lambda: client.get(path).json()["status"] in ("completed", "failed"), most_s=600)
    return dict(client.get(path).json())


@pytest.mark.sqlite_suffices
@pytest.mark.parametrize("reply", [Fails(500, {}), Says(("I would rather write prose.",))], ids=["away", "prose"])
def test_the_next_provider_writes_what_the_first_one_could_not(
    new_place: Callable[[], Place], reply: Says | Fails
) -> None:
    place = new_place()
    with vendor_server(reply) as vendor:
        env = settings_of(vendor, EARMARK_FALLBACK='["earmark"]')
        with running(place, **env) as server, server.client(new_project(place).live) as client:
            library = Library(client)
            board = transcription_of(client, library.recording(library.user(), BOARD))
            shown = written(client, board)
            assert (shown["status"], shown["provider"], shown["dropped_items"]) == ("completed", None, 0)
            assert shown["output"]["decisions"]
            assert vendor.requests
