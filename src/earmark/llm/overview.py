"""Collects the configured models, the servers running on this machine, and configuration problems."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from earmark.config import ServerSettings, Settings, VendorSettings
from earmark.llm.configured import configured_providers
from earmark.llm.local_servers import LocalServer, find_local_servers
from earmark.llm.model_lists import has_model_named, is_loopback_url, shown_url
from earmark.llm.providers import VENDORS, UnknownProviderError
from earmark.llm.sdks import is_sdk_installed
from earmark.llm.types import AnswerModel


@dataclass(frozen=True, slots=True)
class ConfiguredModel:
    """A configured model.

    `answers` and `has_model` are None if the server is not on this machine, and so was not asked.
    """

    provider: str
    model: str
    base_url: str | None
    has_key: bool
    is_default: bool
    is_sdk_installed: bool
    answers: bool | None = None
    has_model: bool | None = None


@dataclass(frozen=True, slots=True)
class Overview:
    """The models of an installation.

    `names` are the providers that can be chosen by name; `problem` is why `earmark serve` would refuse the settings.
    """

    default: str
    configured: Sequence[ConfiguredModel]
    servers: Sequence[LocalServer]
    names: frozenset[str]
    problem: str | None

    @property
    def default_model(self) -> ConfiguredModel | None:
        """The default, if it is configured."""
        return next((one for one in self.configured if one.is_default), None)

    def is_configured(self, server: LocalServer) -> bool:
        """Whether a found server is a configured one."""
        return any(one.provider == server.name and one.base_url for one in self.configured)


async def look_at_models(settings: Settings, built_in: AnswerModel) -> Overview:
    """Collect configured models and probe this machine's servers; changes nothing."""
    servers = await find_local_servers(settings)
    wanted = settings.default_provider or built_in.provider
    default = settings.provider_aliases.get(wanted, wanted)
    configured = list(_configured(settings, built_in, default, servers))
    names = frozenset((*VENDORS, *settings.servers, *settings.model_ports))
    return Overview(default, configured, servers, names, find_problem(settings, built_in))


def find_problem(settings: Settings, built_in: AnswerModel) -> str | None:
    """Return why `earmark serve` would refuse the models in these settings, or None."""
    try:
        configured_providers(settings, built_in)
    except UnknownProviderError as error:
        return error.message
    return None


def _configured(
    settings: Settings, built_in: AnswerModel, default: str, servers: Sequence[LocalServer]
) -> Iterator[ConfiguredModel]:
    yield ConfiguredModel(built_in.provider, built_in.model, None, False, default == built_in.provider, True)
    for name in VENDORS:
        vendor: VendorSettings = getattr(settings, name)
        if vendor.api_key is not None:
            url = shown_url(vendor.base_url) if vendor.base_url else None
            yield ConfiguredModel(name, vendor.model, url, True, default == name, is_sdk_installed(name))
    answering = {one.name: one for one in servers}
    for name, server in settings.servers.items():
        yield _server(name, server, answering.get(name), is_default=default == name)


def _server(name: str, server: ServerSettings, found: LocalServer | None, *, is_default: bool) -> ConfiguredModel:
    answers = has_model = None
    if is_loopback_url(server.base_url):
        answers = found is not None
        has_model = has_model_named(found.models, server.model) if found is not None else None
    return ConfiguredModel(
        name,
        server.model,
        shown_url(server.base_url),
        server.api_key is not None,
        is_default,
        is_sdk_installed(name),
        answers,
        has_model,
    )
