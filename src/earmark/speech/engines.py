"""Which engines there are, and which one a request gets."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from earmark.config import Settings, SettingsError
from earmark.speech.catalogue import MODELS, folder_of, is_complete
from earmark.speech.errors import EngineLanguageError, SpeechProviderError
from earmark.speech.listening.engines import ENGINES
from earmark.speech.local import LocalHearing
from earmark.speech.types import PROVIDERS, Asked, Copies, Hearing, ProviderName
from earmark.speech.vendors.configured import configured_vendors


@dataclass(frozen=True, slots=True)
class Engine:
    """An engine as it is configured.

    Args:
        provider: whose it is, if it belongs to one of the four providers of the API.
        languages: which it transcribes, as primary BCP 47 tags; none: it takes any.
        kind: where it runs: `local` on a processor of this host, `vendor` at somebody else's.
        copies: what the vendor keeps, if it keeps anything that can be deleted.
    """

    name: str
    hearing: Hearing
    provider: ProviderName | None = None
    languages: tuple[str, ...] = ()
    diarization: bool = False
    kind: Literal["local", "vendor"] = "local"
    copies: Copies | None = None

    def knows(self, language: str) -> bool:
        """Whether it transcribes a language, by its BCP 47 tag, for all that is known."""
        return not self.languages or language.split("-")[0].lower() in self.languages


class Engines:
    """The configured engines.

    Args:
        default: the name of the engine for requests without a provider.
        aliases: which engine serves a provider of the API, by its name.

    Raises: SettingsError if the default or an alias names an engine that is not configured.
    """

    def __init__(self, engines: Iterable[Engine], default: str, aliases: Mapping[ProviderName, str]) -> None:
        self._by_name = {one.name: one for one in engines}
        self.default = self._configured(default, "EARMARK_SPEECH_ENGINE")
        by_provider = {one.provider: one for one in self._by_name.values() if one.provider not in (None, "whisper")}
        local = [one for one in (self.default, *self._by_name.values()) if one.kind == "local"]
        if local:
            by_provider["whisper"] = local[0]
        for provider, name in aliases.items():
            by_provider[provider] = self._configured(name, "EARMARK_SPEECH_PROVIDER_ALIASES")
        self._by_provider = by_provider

    def _configured(self, name: str, setting: str) -> Engine:
        found = self._by_name.get(name)
        if found is None:
            known = ", ".join(sorted(self._by_name))
            raise SettingsError(
                f"{setting}: there is no engine {name}; there are {known}.{_how_to_get(name)}", param=setting
            )
        return found

    def choose(self, asked: Asked) -> Engine:
        """Return the engine for a request.

        Raises: SpeechProviderError, EngineLanguageError.
        """
        engine = self.default if asked.provider is None else self._by_provider.get(asked.provider)
        if engine is None:
            raise SpeechProviderError(str(asked.provider))
        if asked.language is not None and not engine.knows(asked.language):
            others = [one.name for one in self._by_name.values() if one.knows(asked.language)]
            raise EngineLanguageError(engine.name, engine.languages, others)
        return engine

    def find(self, name: str) -> Engine | None:
        """Return an engine by its name; None if it is not configured any more."""
        return self._by_name.get(name)

    def check(self) -> None:
        """Check that the default engine can be used, by loading it if it runs on this machine.

        Raises: SpeechUnavailableError if a part of it is missing or damaged.
        """
        if isinstance(self.default.hearing, LocalHearing):
            self.default.hearing.check()

    def listed(self) -> Iterator[tuple[ProviderName | None, Engine]]:
        """Yield each provider that can be asked for with its engine, then the engines that none stands for."""
        for provider in PROVIDERS:
            if provider in self._by_provider:
                yield provider, self._by_provider[provider]
        for engine in self._by_name.values():
            if engine not in self._by_provider.values():
                yield None, engine


def configured_engines(settings: Settings) -> Engines:
    """Return the engines that the settings configure.

    Raises: SettingsError.
    """
    engines = [*local_engines(settings), *vendor_engines(settings)]
    return Engines(engines, settings.speech_engine, settings.speech_provider_aliases)


def local_engines(settings: Settings) -> list[Engine]:
    """Return the engines that run on this machine: the built-in one, and those whose model and package are there."""
    voice_dir = settings.speech_models_dir
    engines = []
    for name, entry in ENGINES.items():
        languages = tuple(sorted(entry.languages or ()))
        if name not in MODELS:
            engines.append(Engine(name, LocalHearing(name, voice_dir), languages=languages))
            continue
        folder = folder_of(settings.data_dir, name)
        if entry.is_installed and is_complete(folder, MODELS[name]):
            provider: ProviderName | None = "whisper" if entry.extra == "whisper" else None
            hearing = LocalHearing(name, folder, voice_dir=voice_dir)
            engines.append(Engine(name, hearing, provider, languages))
    return engines


def _how_to_get(name: str) -> str:
    """Return what to do for a local engine that is not there, as a sentence after a space."""
    if name not in MODELS:
        return ""
    return f" Run `earmark models pull {name}`, which says what else it needs."


def vendor_engines(settings: Settings) -> list[Engine]:
    """Return the engines of vendors that have a key, and of servers that have an address.

    Raises: SettingsError.
    """
    engines = []
    for name, vendor in configured_vendors(settings):
        from earmark.speech.vendors.hearing import VendorHearing  # with the first vendor: see `configured.py`

        hearing = VendorHearing(vendor)
        copies = hearing if vendor.keeps_copies else None
        engines.append(Engine(name, hearing, vendor.provider, (), vendor.can_diarize, "vendor", copies))
    return engines
