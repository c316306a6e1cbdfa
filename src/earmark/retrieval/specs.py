"""Which embedder, without secrets: what settings say and what the installation remembers."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from typing import Literal, Self

Kind = Literal["minilm", "openai", "onnx"]


@dataclass(frozen=True, slots=True)
class EmbedderSpec:
    """The built-in encoder, a server's model, or a folder."""

    kind: Kind = "minilm"
    base_url: str | None = None
    model: str | None = None
    path: str | None = None
    dimensions: int | None = None
    query_prefix: str = ""
    passage_prefix: str = ""

    def to_json(self) -> str:
        """Render for the installation's memory."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Read what `to_json` rendered."""
        return cls(**json.loads(text))

    def name_of(self, kind: str, model: str) -> str:
        """Return a name that differs wherever vectors can't be compared: model, size or prefixes."""
        name = f"{kind}/{model}" + (f"#{self.dimensions}" if self.dimensions else "")
        if not self.query_prefix and not self.passage_prefix:
            return name
        prefixes = json.dumps([self.query_prefix, self.passage_prefix])
        return f"{name}+{hashlib.sha256(prefixes.encode()).hexdigest()[:8]}"
