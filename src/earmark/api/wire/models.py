"""Wire models of `/v1/models`."""

from __future__ import annotations

import shlex
from typing import Annotated, Any

from pydantic import Field

from earmark.api.wire.common import Body, Shown
from earmark.lengths import check_length
from earmark.llm.local_servers import TITLES, LocalServer
from earmark.llm.model_lists import shown_url
from earmark.llm.types import AnswerModel


class ModelTestBody(Body):
    """Which model to try."""

    provider: Annotated[str, check_length(1, 64)] = Field(examples=["ollama"])


class ModelShown(Shown):
    """A configured language model, by the name that `provider` has in questions."""

    provider: str = Field(examples=["earmark"])
    model: str = Field(examples=["extractive-2"])
    is_default: bool = Field(description="It answers the questions of this project that name no provider.")
    is_built_in: bool = Field(description="It quotes, on this server, and needs no language model.")
    default_setting: str | None = Field(
        None, description="Only of the default: the setting that chose it; null if none did: it is built in.",
        examples=["EARMARK_DEFAULT_PROVIDER"],
    )  # fmt: skip


class ModelsShown(Shown):
    """All configured models, the built-in one first."""

    data: list[ModelShown]


class ModelTestShown(Shown):
    """A model that answered."""

    provider: str
    model: str
    duration_ms: int


class ModelServerShown(Shown):
    """A model server that runs on the server's machine, and the command that uses its first model."""

    name: str = Field(examples=["ollama"])
    title: str = Field(examples=["Ollama"])
    base_url: str
    models: list[str]
    command: str | None = Field(examples=["earmark models use ollama/llama3.2"])


class ModelServersShown(Shown):
    """What was found."""

    data: list[ModelServerShown]


def model_to_wire(one: AnswerModel, default: AnswerModel, setting: str | None) -> dict[str, Any]:
    """Render a configured model. `setting` is the one that chose the default, if any."""
    return {
        "provider": one.provider,
        "model": one.model,
        "is_default": one is default,
        "is_built_in": one.writer is None,
        **({"default_setting": setting} if one is default else {}),
    }


def server_to_wire(server: LocalServer) -> dict[str, Any]:
    """Render a server that was found. Its models' names are whatever it says, so the command quotes them."""
    model = server.chat_model
    is_usable = model is not None and model.isprintable()
    return {
        "name": server.name,
        "title": TITLES.get(server.name, server.name),
        "base_url": shown_url(server.base_url),
        "models": list(server.models),
        "command": shlex.join(["earmark", "models", "use", f"{server.name}/{model}"]) if is_usable else None,
    }
