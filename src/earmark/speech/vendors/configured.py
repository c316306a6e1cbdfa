"""The vendors' engines that the settings configure."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from earmark.config import Settings, SettingsError
from earmark.speech.types import PROVIDERS
from earmark.speech.vendors.assemblyai import AssemblyAI
from earmark.speech.vendors.deepgram import Deepgram
from earmark.speech.vendors.elevenlabs import ElevenLabs
from earmark.speech.vendors.hearing import Vendor
from earmark.speech.vendors.openai import OpenAI

_OPENAI: Final = "openai"


def configured_vendors(settings: Settings) -> Iterator[tuple[str, Vendor]]:
    """Yield the engine's name, `vendor/model`, and the vendor, of each that has a key (or, of servers, an address).

    An empty key counts as none.

    Raises: SettingsError if a server has the name of a provider.
    """
    if settings.speech_deepgram.api_key:
        name = f"deepgram/{settings.speech_deepgram.model}"
        yield name, Deepgram(name, settings)
    if settings.speech_assemblyai.api_key:
        name = f"assemblyai/{settings.speech_assemblyai.model}"
        yield name, AssemblyAI(name, settings)
    if settings.speech_elevenlabs.api_key:
        name = f"elevenlabs/{settings.speech_elevenlabs.model}"
        yield name, ElevenLabs(name, settings)
    servers = dict(settings.speech_servers)
    if settings.speech_openai.api_key:
        servers = {_OPENAI: settings.speech_openai, **servers}
    for server, own in servers.items():
        if server in PROVIDERS:
            param = f"EARMARK_SPEECH_SERVERS__{server.upper()}"
            raise SettingsError(f"{param}: {server} is a provider's name; choose another one.", param=param)
        name = f"{server}/{own.model}"
        yield name, OpenAI(name, own, settings.speech_vendor_wait_s)
