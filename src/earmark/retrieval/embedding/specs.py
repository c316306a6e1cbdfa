"""Embedder specifications, without secrets: as configured and as stored by the installation."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from typing import Literal, Self

Kind = Literal["minilm", "openai", "onnx"]


@dataclass(frozen=True, slots=True)
class EmbedderSpec:
    """Specifies the built-in encoder, a server's model, or a model folder."""

    kind: Kind = "minilm"
    base_url: str | None = None
    model: str | None = None
    path: str | None = None
    dimensions: int | None = None
    query_prefix: str = ""
    passage_prefix: str = ""

    def to_json(self) -> str:
        """Serialise for the installation's settings in the database."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Parse the output of `to_json`."""
        return cls(**json.loads(text))

    def name_of(self, kind: str, model: str) -> str:
        """Return a name that differs wherever vectors aren't comparable: model, size or prefixes."""
        name = f"{kind}/{model}" + (f"#{self.dimensions}" if self.dimensions else "")
        if not self.query_prefix and not self.passage_prefix:
            return name
        prefixes = json.dumps([self.query_prefix, self.passage_prefix])
        return f"{name}+{hashlib.sha256(prefixes.encode()).hexdigest()[:8]}"
