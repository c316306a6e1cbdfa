"""Which engine a request gets, and what the wire says of it."""

from __future__ import annotations

from typing import Any, cast, get_args

import pytest

from earmark.api.wire.transcriptions import FailureShown
from earmark.config import SettingsError
from earmark.speech.engines import Engine, Engines
from earmark.speech.errors import MESSAGES, EngineLanguageError, SpeechProviderError
from earmark.speech.speakers import number_speakers
from earmark.speech.types import Asked, Hearing
from earmark.transcripts.types import Segment

NOTHING = cast("Hearing", None)
BUILT_IN = Engine("tiny", NOTHING, languages=("en",))
BETTER = Engine("better", NOTHING)
VENDOR = Engine("deepgram/nova", NOTHING, provider="deepgram", kind="vendor")


def test_a_request_without_a_provider_gets_the_default_and_whisper_is_the_machines_own() -> None:
    engines = Engines([BUILT_IN, BETTER, VENDOR], "better", {})
    assert engines.choose(Asked()) is engines.choose(Asked(provider="whisper")) is BETTER
    assert Engines([BUILT_IN, VENDOR], VENDOR.name, {}).choose(Asked(provider="whisper")) is BUILT_IN
    assert list(engines.listed()) == [("whisper", BETTER), ("deepgram", VENDOR), (None, BUILT_IN)]


def test_an_alias_comes_before_the_engine_of_that_provider() -> None:
    engines = Engines([BUILT_IN, VENDOR], "tiny", {"deepgram": "tiny", "assemblyai": "deepgram/nova"})
    assert engines.choose(Asked(provider="deepgram")) is BUILT_IN
    assert engines.choose(Asked(provider="assemblyai")) is VENDOR
    with pytest.raises(SpeechProviderError):
        engines.choose(Asked(provider="elevenlabs"))


@pytest.mark.parametrize("options", [("absent", {}), ("tiny", {"whisper": "absent"})])
def test_a_setting_that_names_no_engine_says_which_there_are(options: Any) -> None:
    with pytest.raises(SettingsError, match="there is no engine absent; there are tiny"):
        Engines([BUILT_IN], *options)


def test_the_language_is_compared_by_its_first_part() -> None:
    assert BUILT_IN.knows("EN-us")
    assert BETTER.knows("de")
    assert not any(BUILT_IN.knows(language) for language in ("de", "eng", "en_US"))


def test_a_refused_language_names_the_way_out() -> None:
    with pytest.raises(EngineLanguageError, match=r"transcribes en only\. .*`earmark models pull`"):
        Engines([BUILT_IN], "tiny", {}).choose(Asked("de"))
    with pytest.raises(EngineLanguageError, match="Of this server's engines, better, deepgram/nova can"):
        Engines([BUILT_IN, BETTER, VENDOR], "tiny", {}).choose(Asked("de"))


def test_speakers_are_numbered_in_order_of_their_first_words() -> None:
    labels = ["channel-1", None, "channel-0", "channel-1"]
    numbered = number_speakers(Segment(at, at + 1, "Hi.", label) for at, label in enumerate(labels))
    assert [one.speaker for one in numbered] == ["SPEAKER_0", None, "SPEAKER_1", "SPEAKER_0"]


def test_the_wire_documents_every_code_of_a_failure() -> None:
    assert set(get_args(FailureShown.model_fields["code"].annotation)) == set(MESSAGES)
