"""Which engine transcribes audio: this machine's, speech vendors, servers; and how long they may take."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Final, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr

from earmark.config.values import ModelName, ServerName, check_url


class SpeechVendorSettings(BaseModel):
    """A vendor's engine, which exists if its key is set."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    api_key: SecretStr | None = None
    """The API key; never stored, never logged."""
    model: ModelName
    """The vendor's name of the model."""
    base_url: Annotated[str, AfterValidator(check_url)]
    """The base URL of the vendor's API."""

    @property
    def key(self) -> str:
        """The API key; empty if none is set."""
        return self.api_key.get_secret_value() if self.api_key else ""


class DeepgramSettings(SpeechVendorSettings):
    """Deepgram."""

    mip_opt_out: bool = True
    """Whether Deepgram must not keep the audio to improve its models; without its discount for those who allow it."""


class SpeechServerSettings(SpeechVendorSettings):
    """A server with OpenAI's `/audio/transcriptions` API: speaches, LocalAI, vLLM, Groq and others."""

    base_url: Annotated[str, AfterValidator(check_url)]
    """Its base URL, including `/v1`; the audio is sent to `/audio/transcriptions` below it."""
    answers: Literal["verbose_json", "diarized_json", "json"] | None = None
    """What to ask for: segments with times, with speakers too, or text only; if absent, by the model's name."""
    part_minutes: Annotated[float, Field(ge=0.1, le=600)] = 20.0
    """The longest part of a recording that is sent at once; with `json` at most half a minute."""
    part_megabytes: Annotated[float, Field(ge=0.1, le=2_000)] = 24.0
    """The largest file that is sent at once."""


class OpenAISpeechSettings(SpeechServerSettings):
    """OpenAI's own server."""

    model: ModelName = "whisper-1"
    """OpenAI's name of the model."""
    base_url: Annotated[str, AfterValidator(check_url)] = "https://api.openai.com/v1"
    """The base URL of OpenAI's API."""


DEEPGRAM: Final = DeepgramSettings(model="nova-3", base_url="https://api.deepgram.com")
ASSEMBLYAI: Final = SpeechVendorSettings(model="assemblyai-stt-3-7", base_url="https://api.assemblyai.com")
ELEVENLABS: Final = SpeechVendorSettings(model="scribe_v2", base_url="https://api.elevenlabs.io")


class SpeechSettings(BaseModel):
    """Speech."""

    speech_engine: Annotated[str, Field(max_length=255)] = "moonshine-tiny-en"
    """The engine that transcribes audio where a request names no provider."""
    speech_provider_aliases: dict[Literal["whisper", "deepgram", "assemblyai", "elevenlabs"], str] = {}
    """The engine of a transcription provider: `{"deepgram": "moonshine-tiny-en"}`; `whisper` is this machine's."""
    speech_models_dir: Path | None = None
    """The folder of the built-in speech model's files; if absent, where `make install` unpacks them."""
    speech_max_hours: Annotated[float, Field(gt=0, le=168)] = 24.0
    """Hours of audio that are transcribed at most; a longer recording fails with `audio_too_long`."""
    speech_deepgram: DeepgramSettings = DEEPGRAM
    """Deepgram's engine: `EARMARK_SPEECH_DEEPGRAM__API_KEY`."""
    speech_assemblyai: SpeechVendorSettings = ASSEMBLYAI
    """AssemblyAI's engine; `https://api.eu.assemblyai.com` keeps the audio in the European Union."""
    speech_elevenlabs: SpeechVendorSettings = ELEVENLABS
    """ElevenLabs' engine."""
    speech_openai: OpenAISpeechSettings = OpenAISpeechSettings()
    """OpenAI's engine."""
    speech_servers: dict[ServerName, SpeechServerSettings] = {}
    """Servers with OpenAI's `/audio/transcriptions` API by a name you choose: `EARMARK_SPEECH_SERVERS__SPEACHES__…`."""
    speech_vendor_wait_s: Annotated[float, Field(gt=0, le=86_400)] = 3_600.0
    """Seconds that a speech vendor may take for one part of a recording."""
    speech_vendor_poll_s: Annotated[float, Field(gt=0, le=600)] = 3.0
    """Seconds between two looks whether a vendor's transcript is done (AssemblyAI)."""
