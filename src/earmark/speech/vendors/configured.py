"""The vendors' engines that the settings configure; each is imported where it is, and the HTTP client with it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from earmark.config import Settings, SettingsError
from earmark.speech.types import PROVIDERS

if TYPE_CHECKING:
    from earmark.speech.vendors.hearing import Vendor

_OPENAI: Final = "openai"


def configured_vendors(settings: Settings) -> Iterator[tuple[str, Vendor]]:
    """Yield the engine's name, `vendor/model`, and the vendor, of each that has a key (or, of servers, an address).

    An empty key counts as none.

    Raises: SettingsError if a server has the name of a provider.
    """
    if settings.speech_deepgram.api_key:
        from earmark.speech.vendors.deepgram import Deepgram

        name = f"deepgram/{settings.speech_deepgram.model}"
        yield name, Deepgram(name, settings)
    if settings.speech_assemblyai.api_key:
        from earmark.speech.vendors.assemblyai import AssemblyAI

        name = f"assemblyai/{settings.speech_assemblyai.model}"
        yield name, AssemblyAI(name, settings)
    if settings.speech_elevenlabs.api_key:
        from earmark.speech.vendors.elevenlabs import ElevenLabs

        name = f"elevenlabs/{settings.speech_elevenlabs.model}"
        yield name, ElevenLabs(name, settings)
    servers = dict(settings.speech_servers)
    if settings.speech_openai.api_key:
        servers = {_OPENAI: settings.speech_openai, **servers}
    for server, own in servers.items():
        if server in PROVIDERS:
            param = f"EARMARK_SPEECH_SERVERS__{server.upper()}"
            raise SettingsError(f"{param}: {server} is a provider's name; choose another one.", param=param)
        from earmark.speech.vendors.openai import OpenAI

        name = f"{server}/{own.model}"
        yield name, OpenAI(name, own, settings.speech_vendor_wait_s)
