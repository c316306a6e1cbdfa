"""Chooses the model that answers a turn. `earmark`, the built-in one, is always configured."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from earmark.errors import InvalidError
from earmark.llm.types import AnswerModel

VENDORS = ("gemini", "openai", "claude")


class UnknownProviderError(InvalidError):
    """The provider is unknown or not configured."""

    def __init__(self, name: str, configured: Sequence[str]) -> None:
        names = ", ".join(configured)
        hint = f" Set EARMARK_{name.upper()}__API_KEY to use it." if name in VENDORS else ""
        super().__init__(f"This provider is not configured. Configured are: {names}.{hint}", param="provider")


@dataclass(frozen=True, slots=True)
class Candidate:
    """A model that may answer, and the name shown in its message."""

    provider: str
    model: AnswerModel


class Providers:
    """The configured models by name.

    Args:
        models: all configured models.
        default: the model for turns that name none; else the first.
        by_project: defaults of projects, by project id.
        fallback: models tried in this order when the default fails; only for turns that named none.
        aliases: other names of configured models.
    """

    def __init__(
        self,
        models: Sequence[AnswerModel],
        *,
        default: str | None = None,
        by_project: Mapping[str, str] | None = None,
        fallback: Sequence[str] = (),
        aliases: Mapping[str, str] | None = None,
    ) -> None:
        self._models = {model.provider: model for model in models}
        self._aliases = dict(aliases or {})
        self._default = default or models[0].provider
        self._is_default_set = bool(default)
        self._by_project = dict(by_project or {})
        self._fallback = tuple(fallback)
        for name in (self._default, *self._by_project.values(), *self._fallback, *self._aliases.values()):
            self._find(name)

    @property
    def models(self) -> Sequence[AnswerModel]:
        """All configured models."""
        return list(self._models.values())

    def choose(self, name: str | None, project_id: str | None = None) -> tuple[Candidate, ...]:
        """Return the models that may answer, in order; a named provider has no fallback.

        Raises: UnknownProviderError.
        """
        if name is not None:
            return (Candidate(name, self._find(name)),)
        first = self._by_project.get(project_id or "", self._default)
        names = dict.fromkeys((first, *self._fallback))
        return tuple(Candidate(one, self._find(one)) for one in names)

    def setting_of_default(self, project_id: str) -> str | None:
        """Return the environment variable that chose a project's default; None: none did, so it is the first."""
        if project_id in self._by_project:
            return "EARMARK_PROJECT_PROVIDERS"
        return "EARMARK_DEFAULT_PROVIDER" if self._is_default_set else None

    def _find(self, name: str) -> AnswerModel:
        model = self._models.get(self._aliases.get(name, name))
        if model is None:
            raise UnknownProviderError(name, list(self._models))
        return model
