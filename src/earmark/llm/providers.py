"""Which models this installation has. `earmark`, the built-in one, is always there."""

from __future__ import annotations

from collections.abc import Sequence

from earmark.errors import InvalidError
from earmark.llm.types import AnswerModel


class UnknownProviderError(InvalidError):
    """No such provider, or it isn't set up."""

    def __init__(self, configured: Sequence[str]) -> None:
        names = ", ".join(configured)
        super().__init__(f"That provider is not configured here; configured: {names}.", param="provider")


class Providers:
    """The configured models by name; the first one answers turns that name none."""

    def __init__(self, models: Sequence[AnswerModel]) -> None:
        self._models = {model.provider: model for model in models}
        self._default = models[0]

    def choose(self, name: str | None) -> AnswerModel:
        """Return the model of this name, or the default one.

        Raises: UnknownProviderError.
        """
        if name is None:
            return self._default
        model = self._models.get(name)
        if model is None:
            raise UnknownProviderError(list(self._models))
        return model
