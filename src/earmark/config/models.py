"""The language models: vendors, servers, and how long they may take."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, SecretStr

from earmark.config.values import ModelName, ServerName

_Port = Annotated[int, Field(ge=1, le=65_535)]
USUAL_MODEL_PORTS = {
    "ollama": 11434,
    "lmstudio": 1234,
    "llamacpp": 8080,
    "vllm": 8000,
    "jan": 1337,
    "gpt4all": 4891,
    "koboldcpp": 5001,
    "textgen": 5000,
    "sglang": 30000,
}


class VendorSettings(BaseModel):
    """A vendor's model, used if its key is set."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    api_key: SecretStr | None = None
    """The API key; never stored."""
    model: ModelName
    """The vendor's name of the model."""
    base_url: str | None = None
    """Another base URL with the vendor's API."""
    context_tokens: Annotated[int, Field(ge=2_048)]
    """The size of the model's context: input and output tokens together."""
    answer_tokens: Annotated[int, Field(ge=16)] = 2_048
    """The most output tokens of an answer."""


class ServerSettings(VendorSettings):
    """A server with OpenAI's chat completions API: Ollama, vLLM, llama.cpp, LM Studio and others."""

    base_url: str
    """Its base URL, including `/v1`."""
    context_tokens: Annotated[int, Field(ge=512)] = 8_192
    """The size of the model's context: input and output tokens together."""
    answer_tokens: Annotated[int, Field(ge=16)] = 1_024
    """The most output tokens of an answer."""


class ModelSettings(BaseModel):
    """Language models."""

    gemini: VendorSettings = VendorSettings(model="gemini-3.8-flash", context_tokens=1_000_000)
    """Google's model."""
    openai: VendorSettings = VendorSettings(model="gpt-6-luna", context_tokens=128_000)
    """OpenAI's model."""
    claude: VendorSettings = VendorSettings(model="claude-haiku-5-5", context_tokens=200_000)
    """Anthropic's model."""
    servers: dict[ServerName, ServerSettings] = {}
    """OpenAI-compatible servers by a name you choose: `EARMARK_SERVERS__OLLAMA__BASE_URL`, `…__MODEL`."""
    model_ports: dict[ServerName, _Port] = USUAL_MODEL_PORTS
    """The loopback ports on which `earmark models` looks for servers; replaces the whole list."""
    model_connect_s: Annotated[float, Field(gt=0)] = 10.0
    """Seconds to wait for a connection to a model."""
    model_first_s: Annotated[float, Field(gt=0)] = 60.0
    """Seconds to wait for a model's first output."""
    model_between_s: Annotated[float, Field(gt=0)] = 30.0
    """Seconds to wait between pieces of a model's output."""
    model_whole_s: Annotated[float, Field(gt=0)] = 300.0
    """Seconds that a model's whole answer may take."""
    model_retry_s: Annotated[float, Field(ge=0)] = 20.0
    """Seconds during which an overloaded or unreachable model is retried before the turn fails."""
