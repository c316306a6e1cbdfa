"""Builds the answer models that the settings configure."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from earmark.config import Settings, SettingsError, VendorSettings
from earmark.llm.providers import Providers
from earmark.llm.types import AnswerModel
from earmark.llm.vendor import Deadlines, VendorModel
from earmark.llm.vendors.claude import connect_claude
from earmark.llm.vendors.gemini import connect_gemini
from earmark.llm.vendors.openai import connect_compatible, connect_openai

_CONNECTS = {"gemini": connect_gemini, "openai": connect_openai, "claude": connect_claude}
_BUILT_IN = "earmark"
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


def check_named_providers(settings: Settings) -> None:
    """Check that each provider that a setting names is configured.

    Raises: SettingsError naming the setting, the provider, and what there is.
    """
    configured = [_BUILT_IN, *(one.provider for one in (*_vendors(settings), *_servers(settings)))]
    aliases = settings.provider_aliases
    named = {
        "DEFAULT_PROVIDER": [settings.default_provider or _BUILT_IN],
        "PROJECT_PROVIDERS": list(settings.project_providers.values()),
        "FALLBACK": list(settings.fallback),
        "PROVIDER_ALIASES": list(aliases.values()),
    }
    for setting, names in named.items():
        for name in names:
            if aliases.get(name, name) not in configured:
                raise SettingsError(
                    f"EARMARK_{setting}: the provider {name} is not configured; configured are "
                    f"{', '.join(configured)}.{_how_to_get(name)}",
                    param=f"EARMARK_{setting}",
                )


def _how_to_get(name: str) -> str:
    return f" Set EARMARK_{name.upper()}__API_KEY to use it." if name in _CONNECTS else ""


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
