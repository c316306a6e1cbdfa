"""Builds the answer models that the settings configure."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from earmark.config import Settings, VendorSettings
from earmark.llm.providers import Providers
from earmark.llm.types import AnswerModel
from earmark.llm.vendor import Deadlines, VendorModel
from earmark.llm.vendors.claude import connect_claude
from earmark.llm.vendors.gemini import connect_gemini
from earmark.llm.vendors.openai import connect_compatible, connect_openai

_CONNECTS = {"gemini": connect_gemini, "openai": connect_openai, "claude": connect_claude}
_COUNTING = frozenset({"gemini", "claude"})


def configured_providers(settings: Settings, built_in: AnswerModel) -> Providers:
    """Return the built-in model and the configured ones.

    Raises: UnknownProviderError if a default, fallback or alias names an unconfigured model.
    """
    return Providers(
        [built_in, *_vendors(settings), *_servers(settings)],
        default=settings.default_provider,
        by_project=settings.project_providers,
        fallback=settings.fallback,
        aliases=settings.provider_aliases,
    )


def _vendors(settings: Settings) -> Iterator[AnswerModel]:
    for name, connect in _CONNECTS.items():
        one: VendorSettings = getattr(settings, name)
        if one.api_key is not None:
            yield VendorModel(
                name,
                one.model,
                partial(connect, one.model, one.api_key.get_secret_value(), one.base_url),
                context_tokens=one.context_tokens,
                answer_tokens=one.answer_tokens,
                counts_tokens=name in _COUNTING,
                deadlines=_deadlines(settings),
            )


def _servers(settings: Settings) -> Iterator[AnswerModel]:
    for name, one in settings.servers.items():
        key = one.api_key.get_secret_value() if one.api_key is not None else None
        yield VendorModel(
            name,
            one.model,
            partial(connect_compatible, name, one.model, key, one.base_url),
            context_tokens=one.context_tokens,
            answer_tokens=one.answer_tokens,
            deadlines=_deadlines(settings),
        )


def _deadlines(settings: Settings) -> Deadlines:
    return Deadlines(
        settings.model_connect_s,
        settings.model_first_s,
        settings.model_between_s,
        settings.model_whole_s,
        settings.model_retry_s,
    )
