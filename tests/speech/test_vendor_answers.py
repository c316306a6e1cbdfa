"""What vendors are sent for a part of the audio, what their answers mean, and what each failure means."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest
from structlog.testing import capture_logs

from earmark.config import Settings, SettingsError
from earmark.speech.encoding.process import Part
from earmark.speech.engines import vendor_engines
from earmark.speech.errors import HearingError
from earmark.speech.types import Task
from earmark.speech.vendors import http
from earmark.speech.vendors.answers import Answer, UnreadableAnswerError
from earmark.speech.vendors.configured import configured_vendors
from earmark.speech.vendors.hearing import Vendor
from earmark.speech.vendors.http import retry_after_s
from earmark.speech.vendors.terms import fitting_terms
from tests.fake_vendor import (
    HANG,
    HTML,
    RESET,
    FakeVendor,
    Say,
    assemblyai_says,
    deepgram_says,
    elevenlabs_says,
    fake_vendor,
    openai_says,
)

pytestmark = pytest.mark.anyio
KEY = "key-of-nobody"
AUDIO = b"OggS" + bytes(300_000)
TASK = Task(None, True, (), 0, 3_600_000)
SENTENCES = ["We harvest on Friday.", "The price stays."]
PATHS = {
    "deepgram": "/v1/listen", "assemblyai": "/v2/upload", "elevenlabs": "/v1/speech-to-text",
    "openai": "/audio/transcriptions",
}  # fmt: skip


@pytest.fixture
def fake() -> Iterator[FakeVendor]:
    with fake_vendor() as one:
        yield one


def vendor_of(fake: FakeVendor, name: str, *, wait_s: float = 30, **more: Any) -> Vendor:
    own = {"api_key": KEY, "base_url": fake.base_url, **more}
    settings = Settings.model_validate(
        {f"speech_{name}": own, "speech_vendor_wait_s": wait_s, "speech_vendor_poll_s": 0.01}
    )
    ((_, vendor),) = configured_vendors(settings)
    return vendor


def part(length_ms: int = 10_000) -> Part:
    file = tempfile.TemporaryFile()  # noqa: SIM115
    file.write(AUDIO)
    file.flush()
    return Part(0, length_ms, len(AUDIO), True, False, file)


async def send(vendor: Vendor, task: Task = TASK, *, length_ms: int = 10_000) -> Answer:
    async with vendor.http.session() as client:
        answer = await vendor.send(client, part(length_ms), task)
        if isinstance(answer, str):
            fetched = await vendor.fetch(client, answer, length_ms)
            assert fetched is not None
            return fetched
        return answer


def said(answer: Answer) -> list[tuple[str, int, int, str | None]]:
    return [(one.text, one.start_ms, one.end_ms, one.speaker) for one in answer.segments]


def says(fake: FakeVendor, name: str, *answers: Say) -> None:
    fake.on("POST", PATHS[name], *answers)


# ---- what is sent, and what comes back -------------------------------------------------------------


async def test_deepgram_is_sent_the_audio_and_its_sentences_have_speakers(fake: FakeVendor) -> None:
    says(fake, "deepgram", deepgram_says())
    task = Task("pt-BR", True, ("Ada", "a hive"), 0, 3_600_000)
    answer = await send(vendor_of(fake, "deepgram"), task)
    assert said(answer) == [
        ("We harvest on Friday.", 500, 2_000, "SPEAKER_1"),
        ("The price stays.", 2_500, 4_000, "SPEAKER_0"),
    ]
    assert (answer.language, answer.copy_id) == ("en", None)
    (got,) = fake.got
    assert (got.headers["Authorization"], got.headers["Content-Type"], got.body) == (f"Token {KEY}", "audio/ogg", AUDIO)
    assert got.query == [
        ("model", "nova-3"), ("smart_format", "true"), ("paragraphs", "true"), ("language", "pt-BR"),
        ("diarize", "true"), ("mip_opt_out", "true"), ("keyterm", "Ada"), ("keyterm", "a hive"),
    ]  # fmt: skip


async def test_deepgram_detects_the_language_that_nobody_asked_for(fake: FakeVendor) -> None:
    says(fake, "deepgram", deepgram_says(language="de"))
    vendor = vendor_of(fake, "deepgram", model="nova-2", mip_opt_out=False)
    answer = await send(vendor, Task(None, False, ("Ada",), 0, 1))
    assert answer.language == "de"
    sent = dict(fake.got[0].query)
    assert (sent["detect_language"], sent["keywords"]) == ("true", "Ada")
    assert {"language", "diarize", "mip_opt_out", "keyterm"} & set(sent) == set()


async def test_assemblyai_is_sent_the_audio_once_and_asked_until_it_is_done(fake: FakeVendor) -> None:
    says(fake, "assemblyai", Say({"upload_url": "https://vendor/upload/1"}))
    fake.on("POST", "/v2/transcript", Say({"id": "t-1", "status": "queued"}))
    fake.on(
        "GET", "/v2/transcript/t-1", Say({"status": "queued"}), Say({"status": "processing"}), assemblyai_says("t-1")
    )
    task = Task("en-US", True, ("Ada", "one two three four five six seven"), 0, 3_600_000)
    answer = await send(vendor_of(fake, "assemblyai"), task)
    assert said(answer) == [(SENTENCES[0], 500, 2_000, "A"), (SENTENCES[1], 2_100, 3_200, "B")]
    assert (answer.language, answer.copy_id) == ("en-US", "t-1")
    uploaded, ordered, *asked = fake.got
    assert (uploaded.headers["Authorization"], uploaded.body) == (KEY, AUDIO)
    assert ordered.json == {
        "audio_url": "https://vendor/upload/1", "speech_models": ["assemblyai-stt-3-7"], "speaker_labels": True,
        "punctuate": True, "format_text": True, "language_code": "en", "keyterms_prompt": ["Ada"],
    }  # fmt: skip
    assert len(asked) == 3


async def test_elevenlabs_is_sent_a_form_and_keeps_a_copy_that_can_be_deleted(fake: FakeVendor) -> None:
    says(fake, "elevenlabs", elevenlabs_says("c-1"))
    vendor = vendor_of(fake, "elevenlabs")
    answer = await send(vendor, Task("en", True, ("Ada", "x" * 60), 0, 3_600_000))
    assert said(answer) == [(SENTENCES[0], 500, 2_000, "speaker_1"), (SENTENCES[1], 2_100, 3_200, "speaker_0")]
    assert (answer.language, answer.copy_id) == ("en", "c-1")
    (got,) = fake.got
    assert got.headers["xi-api-key"] == KEY
    assert AUDIO in got.body
    for name, value in (("model_id", "scribe_v2"), ("language_code", "en"), ("diarize", "true"), ("keyterms", "Ada")):
        assert f'name="{name}"\r\n\r\n{value}\r\n'.encode() in got.body
    assert b"xxx" not in got.body
    fake.on("DELETE", "/v1/speech-to-text/transcripts/c-1", Say({}), Say({}, 404))
    async with vendor.http.session() as client:
        await vendor.delete(client, "c-1")
        await vendor.delete(client, "c-1")  # it is gone: no error
    assert fake.count("DELETE") == 2


async def test_an_openai_server_gives_segments_with_times(fake: FakeVendor) -> None:
    says(fake, "openai", openai_says())
    answer = await send(vendor_of(fake, "openai"), Task("de-CH", True, ("Ada", "a hive"), 0, 3_600_000))
    assert said(answer) == [(SENTENCES[0], 500, 2_000, None), (SENTENCES[1], 2_500, 4_000, None)]
    assert answer.language == "en"
    (got,) = fake.got
    assert got.headers["Authorization"] == f"Bearer {KEY}"
    for name, value in (("model", "whisper-1"), ("response_format", "verbose_json"), ("language", "de"),
                        ("prompt", "Ada, a hive")):  # fmt: skip
        assert f'name="{name}"\r\n\r\n{value}\r\n'.encode() in got.body


async def test_text_without_times_shares_the_time_of_its_part(fake: FakeVendor) -> None:
    says(fake, "openai", Say({"text": "One two three. Four five six."}))
    vendor = vendor_of(fake, "openai", model="gpt-4o-transcribe")
    assert vendor.part_ms == 30_000
    assert said(await send(vendor)) == [("One two three.", 0, 5_000, None), ("Four five six.", 5_000, 10_000, None)]
    assert b'name="response_format"\r\n\r\njson\r\n' in fake.got[0].body


async def test_a_model_that_tells_speakers_apart_is_asked_for_them(fake: FakeVendor) -> None:
    rows = [{"type": "transcript.text.segment", "speaker": who, "start": at, "end": at + 1.0, "text": "Yes."}
            for at, who in ((0.0, "B"), (1.0, "A"))]  # fmt: skip
    says(fake, "openai", Say({"text": "Yes. Yes.", "segments": rows}))
    vendor = vendor_of(fake, "openai", model="gpt-4o-transcribe-diarize")
    assert said(await send(vendor, Task(None, True, ("Ada",), 0, 1))) == [
        ("Yes.", 0, 1_000, "B"),
        ("Yes.", 1_000, 2_000, "A"),
    ]
    assert b'name="chunking_strategy"\r\n\r\nauto\r\n' in fake.got[0].body
    assert b"prompt" not in fake.got[0].body
    assert vendor.can_diarize


@pytest.mark.parametrize(
    ("name", "document"),
    [
        ("deepgram", {"results": {"channels": [{"alternatives": [{"transcript": "", "words": []}]}]}}),
        ("deepgram", {"results": {"channels": []}}),
        ("assemblyai", {"status": "completed", "text": "", "words": []}),
        ("assemblyai", {"status": "completed", "text": None, "words": None}),
        ("elevenlabs", {"text": "", "words": []}),
        ("openai", {"text": "", "segments": []}),
        ("openai", {"task": "transcribe", "text": "", "segments": [{"start": 0, "end": 1, "text": " "}]}),
    ],
)
async def test_an_answer_without_words_has_no_segments(fake: FakeVendor, name: str, document: Any) -> None:
    says(fake, name, Say({"upload_url": "u"} if name == "assemblyai" else document))
    fake.on("POST", "/v2/transcript", Say({"id": "t-1"}))
    fake.on("GET", "/v2/transcript", Say(document))
    assert (await send(vendor_of(fake, name))).segments == ()


async def test_times_beyond_the_audio_are_cut_to_it(fake: FakeVendor) -> None:
    says(fake, "openai", openai_says(start_s=3.0))
    answer = await send(vendor_of(fake, "openai"), length_ms=3_200)
    assert said(answer) == [(SENTENCES[0], 3_000, 3_200, None), (SENTENCES[1], 3_199, 3_200, None)]


# ---- what goes wrong -------------------------------------------------------------------------------

BAD = {
    "HTML": HTML,
    "half of the JSON": Say(b'{"text": "We har'),
    "an answer that ends early": Say({"text": "x" * 10_000}, does="half"),
    "a list": Say([]),
    "an object of another kind": Say({"detail": "fine"}),
    "words that are none": Say(
        {"results": {"channels": [{"alternatives": 5}]}, "words": 7, "text": 9, "upload_url": 3}
    ),
    "a redirect": Say({}, 302, {"Location": "http://127.0.0.1:1/"}),
}


@pytest.mark.parametrize("name", PATHS)
@pytest.mark.parametrize("bad", BAD)
async def test_an_answer_that_cannot_be_read_may_be_tried_again(fake: FakeVendor, name: str, bad: str) -> None:
    says(fake, name, BAD[bad])
    with pytest.raises((HearingError, UnreadableAnswerError)) as raised:
        await send(vendor_of(fake, name))
    if isinstance(raised.value, HearingError):
        assert raised.value.is_temporary
        assert raised.value.code in ("vendor_bad_answer", "vendor_unavailable")


async def test_a_wrong_content_type_does_not_matter(fake: FakeVendor) -> None:
    says(fake, "openai", Say(openai_says().body, headers={"Content-Type": "text/html"}))
    assert len((await send(vendor_of(fake, "openai"))).segments) == 2


async def test_an_answer_that_is_too_long_is_not_read(fake: FakeVendor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http, "_ANSWER_BYTES", 100_000)
    says(fake, "openai", Say({"text": "x" * 1_000_000}))
    with pytest.raises(HearingError, match="could not be read"):
        await send(vendor_of(fake, "openai"))


@pytest.mark.parametrize("name", PATHS)
@pytest.mark.parametrize(
    ("answer", "code", "after_s"),
    [
        (Say({}, 500), "vendor_unavailable", 15.0),
        (Say({}, 503, {"Retry-After": "7"}), "vendor_unavailable", 7.0),
        (Say({}, 429, {"Retry-After": "90"}), "vendor_busy", 90.0),
        (Say({}, 429), "vendor_busy", 30.0),
        (Say({}, 429, {"Retry-After": "soon"}), "vendor_busy", 30.0),
        (Say({}, 429, {"Retry-After": "999999"}), "vendor_busy", 3_600.0),
        (RESET, "vendor_unavailable", 15.0),
        (HANG, "vendor_unavailable", 15.0),
    ],
)
async def test_a_vendor_that_is_away_or_busy_is_tried_again_later(
    fake: FakeVendor, name: str, answer: Say, code: str, after_s: float
) -> None:
    says(fake, name, answer)
    with pytest.raises(HearingError) as raised:
        await send(vendor_of(fake, name, wait_s=0.3 if answer is HANG else 30))
    assert (raised.value.code, raised.value.is_temporary, raised.value.after_s) == (code, True, after_s)


async def test_a_vendor_that_cannot_be_reached_is_tried_again_later(fake: FakeVendor) -> None:
    with pytest.raises(HearingError) as raised:
        await send(vendor_of(fake, "deepgram", base_url="http://127.0.0.1:1"))
    assert (raised.value.code, raised.value.is_temporary) == ("vendor_unavailable", True)


@pytest.mark.parametrize("name", PATHS)
@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (Say({"err_msg": "Invalid credentials."}, 401), "vendor_refused_key"),
        (Say({}, 403), "vendor_refused_key"),
        (Say({}, 402), "vendor_wants_payment"),
        (Say({"error": {"code": "insufficient_quota"}}, 429), "vendor_wants_payment"),
        (Say({"detail": {"status": "quota_exceeded"}}, 401), "vendor_wants_payment"),
        (Say({"error": "language_code is not supported"}, 400), "language_not_supported"),
        (Say({"error": "bad audio"}, 400), "vendor_refused_request"),
        (Say({}, 413), "vendor_refused_request"),
    ],
)
async def test_a_refusal_is_final_and_says_why_without_the_key(
    fake: FakeVendor, name: str, answer: Say, code: str
) -> None:
    says(fake, name, answer)
    with capture_logs() as logs, pytest.raises(HearingError) as raised:
        await send(vendor_of(fake, name))
    assert (raised.value.code, raised.value.is_temporary) == (code, False)
    assert KEY not in json.dumps([raised.value.message, logs], default=str)
    assert logs[0]["engine"].startswith(name)


@pytest.mark.parametrize(
    ("error", "code"),
    [
        ("language_detection cannot be performed on files with no spoken audio.", "no_speech"),
        ("Language xx is not supported", "language_not_supported"),
        ("Transcoding failed", "vendor_refused_request"),
        (None, "vendor_refused_request"),
    ],
)
async def test_an_order_that_assemblyai_could_not_fulfil_says_why(fake: FakeVendor, error: Any, code: str) -> None:
    fake.on("GET", "/v2/transcript/t-1", Say({"status": "error", "error": error}))
    vendor = vendor_of(fake, "assemblyai")
    async with vendor.http.session() as client:
        with pytest.raises(HearingError) as raised:
            await vendor.fetch(client, "t-1", 10_000)
    assert (raised.value.code, raised.value.is_temporary) == (code, False)


async def test_an_order_that_is_never_done_is_asked_for_again_later(fake: FakeVendor) -> None:
    fake.on("GET", "/v2/transcript/t-1", Say({"status": "processing"}))
    vendor = vendor_of(fake, "assemblyai", wait_s=0.2)
    async with vendor.http.session() as client:
        with pytest.raises(HearingError) as raised:
            await vendor.fetch(client, "t-1", 10_000)
        assert (raised.value.code, raised.value.is_temporary) == ("vendor_unavailable", True)
        assert await vendor.fetch(client, "unknown", 10_000) is None


async def test_an_id_that_could_not_stand_in_an_address_is_not_taken(fake: FakeVendor) -> None:
    says(fake, "assemblyai", Say({"upload_url": "u"}))
    fake.on("POST", "/v2/transcript", Say({"id": "../../upload"}))
    with pytest.raises(UnreadableAnswerError):
        await send(vendor_of(fake, "assemblyai"))


def test_retry_after_may_be_a_date() -> None:
    at = datetime.now(UTC) + timedelta(seconds=100)
    assert 90 < retry_after_s(format_datetime(at, usegmt=True), 5) <= 100
    assert retry_after_s("Mon, 01 Jan 1990 00:00:00 GMT", 5) == 1


def test_terms_that_a_vendor_would_refuse_are_left_out() -> None:
    terms = ["Ada", "a  hive\n", "x" * 50, "one two three four", "last"]
    assert list(fitting_terms(terms, chars=1_000, term_chars=49, term_words=3)) == ["Ada", "a hive", "last"]
    assert list(fitting_terms(terms, chars=11)) == ["Ada", "a hive"]


# ---- which there are -------------------------------------------------------------------------------


def test_an_engine_exists_only_if_it_is_configured_and_its_name_tells_the_model() -> None:
    assert vendor_engines(Settings()) == []
    assert vendor_engines(Settings.model_validate({"speech_deepgram": {"api_key": ""}})) == []
    server = {"base_url": "http://127.0.0.1:9/v1", "model": "whisper-large-v3"}
    key = {"api_key": KEY}
    settings = Settings.model_validate(
        {"speech_deepgram": key, "speech_assemblyai": key, "speech_elevenlabs": key, "speech_openai": key,
         "speech_servers": {"speaches": server}}
    )  # fmt: skip
    found = [(one.name, one.provider, one.diarization, one.copies is not None) for one in vendor_engines(settings)]
    assert found == [
        ("deepgram/nova-3", "deepgram", True, False),
        ("assemblyai/assemblyai-stt-3-7", "assemblyai", True, True),
        ("elevenlabs/scribe_v2", "elevenlabs", True, True),
        ("openai/whisper-1", None, False, False),
        ("speaches/whisper-large-v3", None, False, False),
    ]
    assert KEY not in repr(settings)


def test_a_server_may_not_have_a_providers_name() -> None:
    servers = {"deepgram": {"base_url": "http://127.0.0.1:9/v1", "model": "x"}}
    with pytest.raises(SettingsError, match="choose another one"):
        vendor_engines(Settings.model_validate({"speech_servers": servers}))
